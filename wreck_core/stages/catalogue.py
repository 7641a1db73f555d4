"""What one may want to know of a picture while labelling: its origin, what is alike, what a model says."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from wreck_core import files
from wreck_core.labeling.records import Hint
from wreck_core.labeling.session import Picture
from wreck_core.layout import Layout
from wreck_core.params import LabelParams
from wreck_core.stages import board

FACTS = ["path", "url", "host", "bytes", "format", "width", "height", "fetched_at", "license"]


class Catalogue(Mapping[str, Picture]):
    """Every fetched picture by sha256, with what is known of it.

    Raises InputError before anything was scraped.
    """

    def __init__(self, layout: Layout) -> None:
        layout.require_pictures()
        self._root = layout.root
        table = files.read_table(layout.candidates, columns=["sha256", *FACTS])
        # A license that no list names is missing, which pandas calls NaN: not false, and "nan" as text.
        self._table = table.drop_duplicates("sha256").set_index("sha256").fillna({"license": ""})
        self._alike = _distances(layout)

    def __getitem__(self, sha256: str) -> Picture:
        row = self._table.loc[sha256]
        facts = {name: str(row[name]) for name in ("url", "host", "license") if row[name]}
        facts["fetched"] = str(row["fetched_at"])
        facts["size"] = f"{row['width']} x {row['height']}, {row['format']}, {row['bytes']:,} bytes"
        alike = self._alike.get(sha256)
        if alike:
            bits = "-".join(map(str, sorted({min(alike), max(alike)})))
            facts["cluster"] = f"{len(alike)} more alike, {bits} bits away"
        else:
            facts["cluster"] = "alone"
        return Picture(self._root / str(row["path"]), facts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.index)

    def __len__(self) -> int:
        return len(self._table)


def _distances(layout: Layout) -> dict[str, list[int]]:
    """Give, for each picture that others were found alike to, their distances in bits of 256."""
    if not layout.duplicates.exists():
        return {}
    table = files.read_table(layout.duplicates, columns=["sha256", "survivor_sha256", "distance"])
    table = table[(table.sha256 != table.survivor_sha256) & table.distance.notna()]
    found: dict[str, list[int]] = defaultdict(list)
    for survivor, bits in zip(table.survivor_sha256, table.distance, strict=True):
        found[survivor].append(int(bits))
    return found


def hints(settings: LabelParams, layout: Layout) -> dict[str, Hint]:
    """Give what the leading model says of pictures that it has not been trained on, by sha256."""
    leader = board.leader(layout)
    if not leader or not (layout.model(leader) / "oof.parquet").exists():
        return {}
    table = files.read_table(layout.model(leader) / "oof.parquet", columns=["sha256", "p_calibrated"])
    others = [label for label in settings.classes if label != settings.positive]
    said = {}
    for sha256, p in zip(table.sha256, table.p_calibrated, strict=True):
        if p >= 0.5:
            said[sha256] = Hint(settings.positive, float(p), leader)
        elif len(others) == 1:  # of several others it does not say which
            said[sha256] = Hint(others[0], float(1 - p), leader)
    return said
