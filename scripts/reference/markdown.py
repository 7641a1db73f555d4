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
    """Give a table, its bars escaped, without the columns in which nothing stands."""
    told = list(rows)
    used = [at for at in range(len(head)) if any(row[at] for row in told)]
    lines = [[row[at] for at in used] for row in (head, *told)]
    return "\n".join([_line(lines[0]), "|" + "---|" * len(used), *map(_line, lines[1:])])


def page(title: str, *parts: str) -> str:
    """Give a page of parts with a blank line between them."""
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in cells) + " |"
