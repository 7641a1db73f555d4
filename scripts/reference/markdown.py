"""Markdown that is made, not written."""

from collections.abc import Iterable, Sequence


def code(text: object) -> str:
    """Set text as code; nothing for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def plain(text: str) -> str:
    """Let `<` stand for itself in text that was not written for Markdown, but for its backticks."""
    parts = text.split("`")
    return "`".join(part if at % 2 else part.replace("<", "&lt;") for at, part in enumerate(parts))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table, its bars escaped."""
    lines = [_line(head), "|" + "---|" * len(head), *(_line(row) for row in rows)]
    return "\n".join(lines)


def page(title: str, *parts: str) -> str:
    """Give a page of parts with a blank line between them."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in cells) + " |"
