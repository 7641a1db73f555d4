"""What a person reads in the terminal: summaries, progress, errors. Untrusted text is made harmless here."""

import csv
import json
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from wreck_core.errors import WreckError
from wreck_core.summary import Progress as Callback
from wreck_core.summary import Summary

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Row = dict[str, Any]

HOST_LINES = 15  # of `status`
WORD_WIDE = 20  # characters of a word that a table does not break
PLAIN_LINES = 10  # progress lines of a whole run where there is no terminal


def harmless(text: str) -> str:
    """Replace what could steer a terminal: control characters, bidi overrides, lone surrogates.

    Newline and tab stay. rich takes `[/x]` for markup as well, so callers wrap the result in Text.
    """
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") else "\ufffd"
        for char in text
    )


def one_line(text: str) -> str:
    """Make text harmless that is one cell of a line: a file's name may hold a line of its own."""
    return harmless(text).replace("\n", "\ufffd").replace("\t", "\ufffd")


def show(summary: Summary, *, as_json: bool) -> None:
    """Print a summary: its closing table and sentence for people, one JSON object for programs."""
    if as_json:
        record = {
            "headline": summary.headline,
            "ok": summary.ok,
            "rows": dict(summary.rows),
            "notes": list(summary.notes),
            **summary.data,
        }
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=True, default=str) + "\n")
        return
    if summary.rows:
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim")
        table.add_column(justify="right" if _are_numbers(summary) else "left")
        for name, value in summary.rows:
            table.add_row(Text(harmless(str(name))), Text(_number(value)))
        out.print(table)
    for note in summary.notes:
        out.print(Text.assemble(("! ", "yellow"), harmless(note)))
    out.print(Text(harmless(summary.headline), style="bold" if summary.ok else "bold red"))


def _are_numbers(summary: Summary) -> bool:
    return all(isinstance(value, int | float) for _, value in summary.rows)


def _number(value: int | float | str) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else harmless(value)


def show_error(error: WreckError) -> None:
    """Print one error to stderr: what, where, what to do."""
    err.print(Text.assemble(("error: ", "bold red"), harmless(str(error))))


@contextmanager
def progress(name: str, *, quiet: bool = False) -> Iterator[Callback]:
    """Yield a progress callback: a bar on a terminal, some plain lines elsewhere, nothing when quiet."""
    if quiet:
        yield lambda done, total, text: None
    elif err.is_terminal:
        with _bar() as bar:
            task = bar.add_task(name, total=None, note="")
            yield lambda done, total, text: bar.update(task, completed=done, total=total, note=harmless(text))
    else:
        yield _plain(name)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        console=err,
    )


def _plain(name: str) -> Callback:
    printed = -1

    def report(done: int, total: int, text: str) -> None:
        nonlocal printed
        tenth = done * PLAIN_LINES // max(total, 1)
        # A little less comes of threads that tell out of order, far less of another piece of work.
        if tenth > printed or tenth < printed - 1:
            printed = tenth
            err.print(Text(harmless(f"{name}: {done:,} of {total:,} {text}".rstrip())))

    return report


def show_hosts(hosts: Sequence[dict[str, Any]]) -> None:
    """Print the hosts of `status` as a table, the largest; times are of whole URLs."""
    if not hosts:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("host", "URLs", "ok", "per s", "p50 ms", "p99 ms", "failures"):
        table.add_column(heading, justify="left" if heading in ("host", "failures") else "right")
    for host in hosts[:HOST_LINES]:
        statuses = dict(host["statuses"])
        numbers = (host["urls"], statuses.pop("ok", 0), host["per_s"], host["p50_ms"], host["p99_ms"])
        worst = sorted(statuses.items(), key=lambda count: -count[1])
        table.add_row(
            Text(harmless(host["host"])),
            *("" if number is None else _number(number) for number in numbers),
            Text(", ".join(f"{status} {urls:,}" for status, urls in worst), style="red"),
        )
    out.print(table)
    if len(hosts) > HOST_LINES:
        out.print(Text(f"and {len(hosts) - HOST_LINES:,} smaller hosts", style="dim"))


def show_table(rows: Sequence[Mapping[str, Any]], at_most: int | None = None) -> None:
    """Print rows of one kind as a table, their keys as headings; columns that say nothing are left out.

    The first `at_most` rows are shown, and how many follow is told.
    """
    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns = {
        name: cells for name, cells in columns.items() if any(cell not in (None, "") for cell in cells)
    }
    for name, cells in columns.items():
        numbers = all(isinstance(cell, int | float | None) for cell in cells)
        justify: Literal["left", "right"] = "right" if numbers else "left"
        heading = name.replace("_", " ")
        table.add_column(heading, justify=justify, overflow="fold", min_width=_unbroken([heading, *cells]))
    for row in zip(*(cells[:at_most] for cells in columns.values()), strict=True):
        table.add_row(*("" if cell is None else Text(_number(cell)) for cell in row))
    out.print(table)
    if at_most is not None and len(rows) > at_most:
        out.print(Text(f"and {len(rows) - at_most:,} more: --json gives all", style="dim"))


def _unbroken(cells: Sequence[Any]) -> int:
    """Give the width of the longest word that is short enough to stay in one piece: a time, a class."""
    words = [word for cell in cells if isinstance(cell, str) for word in cell.split()]
    return max((len(word) for word in words if len(word) <= WORD_WIDE), default=0)


def note(sentence: str) -> None:
    """Say on stderr why nothing comes for a while."""
    err.print(Text(harmless(sentence), style="dim"))


def csv_printer() -> Callable[[Row], None]:
    """Give what prints rows as CSV, one by one, under a header; what is missing is empty, true is `true`.

    A program gets each name to the letter, a person at a terminal what cannot steer it.
    """
    table, begun = csv.writer(sys.stdout, lineterminator="\n"), False
    shown = one_line if sys.stdout.isatty() else str

    def write(row: Row) -> None:
        nonlocal begun
        if not begun:
            table.writerow(row)
            begun = True
        cells = (str(v).lower() if isinstance(v, bool) else v for v in row.values())
        table.writerow([shown(cell) if isinstance(cell, str) else cell for cell in cells])
        sys.stdout.flush()

    return write


def prediction_printer(classes: Sequence[str]) -> Callable[[Row], None]:
    """Give what prints rows of `predict`, one line each; a picture's name is never cut, so it comes last."""
    label_wide = max(map(len, ("label", *classes)))
    begun = False

    def show_row(row: Row) -> None:
        nonlocal begun
        p = next(name for name in row if name.startswith("p_"))  # of the model's own positive class
        p_heading = f"p({p.removeprefix('p_')})"
        if not begun:
            out.print(Text(f"{'label':{label_wide}}  {p_heading}  picture", style="bold"))
            begun = True
        error, probability = row["error"], row[p]
        number = "" if probability is None else f"{probability:.3f}"
        said = (one_line(error), "red") if error else (_doubt(row), "yellow")
        line = f"{row['label'] or '':{label_wide}}  {number:>{len(p_heading)}}  {one_line(str(row['path']))}"
        out.print(Text.assemble(line, "  " if said[0] else "", said))

    return show_row


def _doubt(row: Row) -> str:
    return "unlike the training pictures" if row["in_distribution"] is False else ""
