"""Stage `dedup`: candidates, labels and decisions → duplicates.parquet and dedup.json."""

from pathlib import Path

import pandas as pd

from wreck_core import files, phash, provenance
from wreck_core.dataset import labels as label_file
from wreck_core.dataset import manifest
from wreck_core.dedup import claims, clusters, decisions, duplicates, folder, rehash
from wreck_core.dedup.duplicates import Found
from wreck_core.layout import Layout
from wreck_core.params import Params
from wreck_core.summary import Summary


def run(params: Params, layout: Layout) -> Summary:
    """Find what is the same picture. All of it is computed anew each time: the stage has no state.

    Raises InputError when nothing was scraped, GateError when the result smells of a mistake.
    """
    fingerprint = provenance.fingerprint(layout, "dedup")
    candidates, found = search(params, layout)
    near_removed = found.dropped(*duplicates.NEAR_TRANSFORMS)
    clusters.check(found.pictures, found.survivor, near_removed, params.dedup)
    with files.replacing(layout.duplicates) as temp:
        found.rows.to_parquet(temp, index=False)
    counts = count(found, len(candidates))
    record = {
        **counts,
        "layers": found.layers(),
        "hash_version": phash.HASH_VERSION,
        "fingerprint": fingerprint,
    }
    files.write_json(layout.dedup_json, record)
    return _summary(counts)


def search(params: Params, layout: Layout) -> tuple[pd.DataFrame, Found]:
    """Give the candidates, with `labeled_at` and `trained`, and what was found in them. Writes nothing."""
    layout.require_pictures()
    classes = params.labels.classes
    candidates = rehash.bring_up_to_date(files.read_table(layout.candidates), layout.root)
    labels = label_file.read(layout.labels, classes)
    labeled_at = dict(zip(labels.sha256, labels.labeled_at, strict=True))
    candidates["labeled_at"] = [labeled_at.get(sha, "") for sha in candidates.sha256]
    candidates["trained"] = candidates.sha256.isin(labels.sha256[labels.label.isin(classes)])
    said = decisions.read(layout.decisions)
    contradictions = claims.collect(candidates, labels, classes)
    return candidates, duplicates.find(candidates, layout.root, said, contradictions, params.dedup)


def run_folder(params: Params, place: Path) -> Summary:
    """Find what is the same picture in any folder and below. Nothing is written, no limit stops it.

    `Summary.data`, which --json prints besides the counts in `rows`: `layers`, the rows of each
    transform by what becomes of them; `rejected`, the `path` and `status`
    of each file that is no picture or a broken one, and `pairs`, a list of objects of
    path: str, the picture that may go, below `place`;
    survivor: str, the one that it is like;
    distance: int, bits of 256 (0 for equal bytes or pixels);
    transform: bytes, pixels, full, square, mirror or crop;
    decision: drop, or review where a person should look.
    """
    pictures, rejected = folder.read(place)
    found = duplicates.find(pictures, place, {}, {}, params.dedup)
    pairs = folder.name_pairs(found)
    summary = _summary(count(found, len(pictures)))
    return Summary(
        summary.headline,
        rows=(*((pair["path"], folder.say(pair)) for pair in pairs), *summary.rows),
        notes=tuple(folder.say_rejected(rejected)),
        data={"layers": found.layers(), "pairs": pairs, "rejected": rejected},
    )


def count(found: Found, urls: int) -> dict[str, int]:
    """Count what was found in pictures of so many `urls`, as dedup.json has it."""
    rows, images = found.rows, len(found.pictures)
    pixels, near = found.dropped("pixels"), found.dropped(*duplicates.NEAR_TRANSFORMS)
    review = rows[(rows.decision == "review") & ~rows.conflict]
    return {
        "urls": urls,
        "images": images,
        "byte_duplicates": urls - images,
        "pixel_duplicates": pixels,
        "near_duplicates": near,
        "unique": images - pixels - near,
        "clusters": rows[rows.decision == "drop"].survivor_sha256.nunique(),
        "conflicts": manifest.conflicts(rows),
        "review_pairs": int((~review["transform"].isin(["mirror", "crop"])).sum()),
        "mirror_pairs": int((review["transform"] == "mirror").sum()),
        "crop_pairs": int((review["transform"] == "crop").sum()),
        "kept_pairs": int((rows.decision == "keep").sum()),
    }


def _summary(counts: dict[str, int]) -> Summary:
    conflicts = counts["conflicts"]
    note = (
        f"{conflicts} pictures carry contradicting labels and stay out of the dataset:"
        " run `wreck enqueue`, then `wreck label --round adjudicate`"
    )
    return Summary(
        f"{counts['unique']:,} distinct pictures of {counts['urls']:,} fetched",
        rows=tuple((name.replace("_", " "), value) for name, value in counts.items()),
        notes=(note,) if conflicts else (),
    )
