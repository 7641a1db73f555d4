"""From what a file says to labels: matched with pictures, counted, and contradictions told."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from wreck_core.labeling.consensus import UNDECIDED
from wreck_core.labeling.formats import Said
from wreck_core.labeling.records import Import
from wreck_core.params import CONFLICT, LabelParams

_EXAMPLES = 5
GOOD, NOTHING = "matched", "unlabelled"


@dataclass
class Matched:
    """What came of the rows: `said` of each picture, `counts` by outcome, the first lines of each fault."""

    said: dict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    lines: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def count(self, outcome: str, line: int, many: int = 1) -> None:
        """Count a row, and keep its line when it is a fault."""
        self.counts[outcome] += many
        if outcome not in (GOOD, NOTHING) and len(self.lines[outcome]) < _EXAMPLES:
            self.lines[outcome].append(line)

    def notes(self) -> list[str]:
        """Tell each fault with the lines where it was met first."""
        return [
            f"{self.counts[fault]:,} rows: {fault}, such as line {', '.join(map(str, lines))}"
            for fault, lines in sorted(self.lines.items())
        ]

    def imports(self) -> list[Import]:
        """Give one label for each picture, by sha256; two that differ are `unsure`, flagged `conflict`."""
        return [_decide(sha256, said) for sha256, said in sorted(self.said.items())]


def match(rows: Iterable[Said], picture_of: Callable[[Said], str], labels: Collection[str]) -> Matched:
    """Match rows with pictures: `picture_of` gives the sha256, '' where we have none."""
    found = Matched()
    for row in rows:
        sha256 = picture_of(row) if not row.fault else ""
        if row.fault:
            found.count(row.fault, row.line)
        elif not row.label:
            found.count(NOTHING, row.line)
        elif row.label not in labels:
            found.count("unknown label", row.line)
        elif not sha256:
            found.count("no such picture", row.line)
        else:
            found.count(GOOD, row.line)
            found.said[sha256].append(row)
    return found


def _decide(sha256: str, said: list[Said]) -> Import:
    labels = sorted({row.label for row in said})
    if len(labels) > 1:
        return Import(sha256, UNDECIDED, CONFLICT, " or ".join(labels))
    last = said[-1]
    # `conflict` is what the verdict says, never what one voice says.
    flags = sorted({flag for row in said for flag in row.flags} - {CONFLICT})
    box = next((row.box for row in reversed(said) if row.box), None)
    return Import(sha256, last.label, " ".join(flags), "", box, last.shown_ms)


def label_of(folders: Sequence[str], settings: LabelParams) -> str:
    """Give the label that the innermost telling folder names: a label, or `positives` and `negatives`."""
    others = [label for label in settings.classes if label != settings.positive]
    names = {label: label for label in settings.all}
    names |= dict.fromkeys(("positive", "positives"), settings.positive)
    if len(others) == 1:
        names |= dict.fromkeys(("negative", "negatives"), others[0])
    return next((names[name.lower()] for name in reversed(folders) if name.lower() in names), "")
