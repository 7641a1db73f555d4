"""What became of the dataset since a commit: pictures and labels, new, gone and changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO

import pandas as pd

from wreck_core import dvcio, gitio
from wreck_core.layout import Layout
from wreck_core.report.words import markdown, visible
from wreck_core.summary import count


@dataclass(frozen=True)
class Diff:
    """Pictures by sha256 and labels by picture, before and now."""

    pictures: tuple[frozenset[str], frozenset[str]]
    labels: tuple[Mapping[str, str], Mapping[str, str]]

    @property
    def new(self) -> int:
        """How many pictures came."""
        return len(self.pictures[1] - self.pictures[0])

    @property
    def gone(self) -> int:
        """How many pictures went."""
        return len(self.pictures[0] - self.pictures[1])

    @property
    def relabelled(self) -> Counter[tuple[str, str]]:
        """How many pictures went from one label to another; '' where there is none."""
        before, now = self.labels
        moves = ((before.get(sha256, ""), now.get(sha256, "")) for sha256 in {**before, **now})
        return Counter(move for move in moves if move[0] != move[1])

    def lines(self) -> list[str]:
        """Say it in two lines, for a commit or a message."""
        told = [f"{many:,} {_move(*move)}" for move, many in sorted(self.relabelled.items())]
        return [
            f"images: +{self.new:,} \N{MINUS SIGN}{self.gone:,}, {len(self.pictures[1]):,} in all",
            f"labels: {', '.join(told) or 'none changed'}, {len(self.labels[1]):,} in all",
        ]

    def title(self) -> str:
        """Say it in some words."""
        labels = f"{count(self.relabelled.total(), 'label')} changed"
        return f"+{self.new:,} \N{MINUS SIGN}{self.gone:,} images, {labels}"

    def table(self) -> str:
        """Draw it as a table in Markdown."""
        kinds = sorted({*self.labels[0].values(), *self.labels[1].values()})
        counts = [Counter(each.values()) for each in self.labels]
        rows = [("images", len(self.pictures[0]), len(self.pictures[1]))]
        rows += [(kind, counts[0][kind], counts[1][kind]) for kind in kinds]
        return "\n".join(
            [
                "| | before | now | change |",
                "|---|---:|---:|---:|",
                *(f"| {markdown(name)} | {was:,} | {now:,} | {now - was:+,} |" for name, was, now in rows),
            ]
        )


def _move(before: str, now: str) -> str:
    before, now = visible(before), visible(now)
    if before and now:
        return f"{before} \N{RIGHTWARDS ARROW} {now}"
    return f"{now} new" if now else f"{before} gone"


def since(layout: Layout, revision: str) -> Diff:
    """Compare the workspace with a git revision; what that does not have counts as empty."""
    candidates, labels = layout.candidates, layout.labels
    kept = gitio.read_at(layout.root, revision, f"{layout.relative(candidates)}.dvc")
    known = dvcio.cached(layout.root, kept.decode()) if kept else None
    named = gitio.read_at(layout.root, revision, layout.relative(labels))
    return Diff(
        (_pictures(known), _pictures(candidates.read_bytes() if candidates.exists() else None)),
        (_labels(named), _labels(labels.read_bytes() if labels.exists() else None)),
    )


def _pictures(table: bytes | None) -> frozenset[str]:
    return frozenset(pd.read_parquet(BytesIO(table), columns=["sha256"]).sha256) if table else frozenset()


def _labels(table: bytes | None) -> dict[str, str]:
    if not table:
        return {}
    rows = pd.read_csv(StringIO(table.decode()), dtype=str, usecols=["sha256", "label"])
    return dict(zip(rows.sha256, rows.label, strict=True))
