"""Pictures as if they had been fetched: stored by their hash and named in candidates.parquet."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from wreck_core import files, images, phash
from wreck_core.image_header import EXTENSIONS, read_header
from wreck_core.images import Image
from wreck_core.ingest import candidates
from wreck_core.layout import Layout


def photo(seed: int) -> Image:
    cells = np.random.default_rng(seed).integers(0, 256, (15, 20, 3)).astype(np.uint8)
    return images.resize(cells, 320, 240)


def smaller(picture: Image) -> Image:
    return images.resize(picture, 200, 150)


def jpeg(picture: Image, quality: int = 80) -> bytes:
    return images.encode(picture, "jpg", quality=quality)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def store(layout: Layout, *fetched: tuple[str, bytes] | tuple[str, bytes, str]) -> None:
    """Store pictures and write candidates.parquet as the scrape stage does: (name, bytes, list label)."""
    rows = []
    for line, (name, data, *label) in enumerate(fetched, start=1):
        picture = images.decode_grey(data)
        full, square = phash.of_grey(picture)
        path = layout.image(sha(data), EXTENSIONS[read_header(data).format])
        files.write_bytes(path, data)
        rows.append(
            {
                "sha256": sha(data),
                "path": layout.relative(path),
                "url": f"http://example.org/{name}",
                "url_id": sha(name.encode()),
                "host": "example.org",
                "list": "list.csv",
                "line": line,
                "list_label": label[0] if label else None,
                "bytes": len(data),
                "format": read_header(data).format,
                "fetched_at": "2026-01-02T03:04:05Z",
                "width": picture.shape[1],
                "height": picture.shape[0],
                "phash": full,
                "phash_square": square,
                "hash_version": phash.HASH_VERSION,
            }
        )
    pa.parquet.write_table(pa.Table.from_pylist(rows, candidates.SCHEMA), layout.candidates)


def write_labels(layout: Layout, **label_of: str) -> None:
    """Write labels.csv; a label is `label`, or `label/flags`."""
    lines = ["sha256,label,annotator,round,n_votes,agreement,x,y,w,h,flags,labeled_at"]
    for name, text in sorted(label_of.items()):
        label, _, flags = text.partition("/")
        lines.append(f"{name},{label},ann,primary,1,1.0,,,,,{flags},2026-01-01T00:00:00Z")
    files.write_text(layout.labels, "\n".join(lines) + "\n")


def write_decision(layout: Layout, one: bytes, other: bytes, same: bool) -> None:
    text = f"sha256_a,sha256_b,same,annotator,at\n{sha(one)},{sha(other)},{same},ann,2026-01-01T00:00:00Z\n"
    files.write_text(layout.decisions, text)
