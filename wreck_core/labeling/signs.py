"""What a session says of itself in the window: the bar below the picture, and the tags above it."""

from wreck_core.labeling import ink, words
from wreck_core.labeling.screen import Bar, Chip, Tag
from wreck_core.labeling.session import LabelSession


def chips(session: LabelSession) -> tuple[Chip, ...]:
    """List the labels with their keys, the one that was given underlined."""
    given, settings = session.looking_back, session.settings
    return tuple(
        Chip(words.readable(label), key, ink.parse_colour(settings.colours[label]), label == given)
        for label, key in settings.keys.items()
    )


def bar(session: LabelSession) -> Bar:
    """Say what was done last, how far the round is, and which key gives which label."""
    return Bar(
        headline=words.headline(session),
        detail=words.detail(session),
        share=words.share(session),
        fault=bool(session.fault),
        chips=chips(session),
    )


def tags(session: LabelSession) -> list[Tag]:
    """Say what was answered before, what the model thinks, and which flags are set."""
    found = []
    if session.looking_back:
        colour = ink.parse_colour(session.settings.colours[session.looking_back])
        found.append(Tag(f"looking back · you said {words.readable(session.looking_back)}", colour))
    if session.hint:
        hint = session.hint
        said = f"{hint.model or 'model'}: {words.readable(hint.label)} {hint.score:.0%}"
        found.append(Tag(said, ink.ACCENT))
    return found + [Tag(words.readable(flag), ink.AMBER) for flag in session.draft.flags]
