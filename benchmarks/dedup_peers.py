"""Run the peers in their own environment: this file imports nothing of the project.

`hash FOLDER` prints hashes and speeds of imagededup and imagehash, `search PEER N SEED` one search.
"""

import contextlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image


def _phash_of_imagededup():
    # It imports torchvision for its neural method, which is not used here. Where torch is built for
    # the CPU and torchvision is not, that import asks for operators that do not exist: declare them.
    import torch

    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms", "roi_align", "qroi_align", "_roi_align_backward", "ps_roi_align",
                 "_ps_roi_align_backward", "roi_pool", "_roi_pool_backward", "ps_roi_pool",
                 "_ps_roi_pool_backward", "deform_conv2d", "_deform_conv2d_backward"):  # fmt: skip
        operators.define(f"{name}(Tensor x) -> Tensor")
    from imagededup.methods import PHash

    return PHash(verbose=False)


def _hash(folder: Path) -> dict:
    """Hashes in order of the file names, and CPU-seconds `<start> <hashes of a picture>` for all files."""
    paths = sorted(folder.glob("*.jpg"))
    found = {"imagehash": _by_imagehash(paths)}
    try:
        method = _phash_of_imagededup()
    except (ImportError, RuntimeError) as error:
        return found | {"imagededup": {"failed": str(error)}}
    start = time.process_time()
    codes = [method.encode_image(image_file=path) for path in paths]
    found["imagededup"] = {"hashes": codes, "from files 1": time.process_time() - start}
    pictures = [np.array(Image.open(path)) for path in paths[:200]]
    start = time.process_time()
    for picture in pictures:
        method.encode_image(image_array=picture)
    found["imagededup"]["decoded 1"] = (time.process_time() - start) * len(paths) / len(pictures)
    return found


def _by_imagehash(paths: list) -> dict:
    import imagehash

    begin, full, centre, codes = time.process_time(), 0.0, 0.0, []
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
            loaded = time.process_time()
            codes.append(str(imagehash.phash(picture, hash_size=16)))
            hashed = time.process_time()
            (width, height), side = picture.size, min(picture.size)
            left, top = (width - side) // 2, (height - side) // 2
            imagehash.phash(picture.crop((left, top, left + side, top + side)), hash_size=16)
            full, centre = full + hashed - loaded, centre + time.process_time() - hashed
    spent = time.process_time() - begin
    return {
        "hashes": codes,
        "from files 1": spent - centre,
        "from files 2": spent,
        "decoded 1": full,
        "decoded 2": full + centre,
    }


def _search(peer: str, count: int, seed: int) -> dict:
    hashes = np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)
    start, pairs = time.process_time(), 0
    if peer == "faiss":
        import faiss

        faiss.omp_set_num_threads(1)
        index = faiss.IndexBinaryFlat(256)
        index.add(hashes)
        start = time.process_time()
        for at in range(0, count, 4096):
            limits, _, _ = index.range_search(hashes[at : at + 4096], 85)
            pairs += int(limits[-1])
        pairs = (pairs - count) // 2
    elif peer == "imagededup":
        method = _phash_of_imagededup()
        codes = {str(at): row.tobytes().hex() for at, row in enumerate(hashes[:, :8])}
        with contextlib.redirect_stdout(sys.stderr):
            start = time.process_time()
            found = method.find_duplicates(encoding_map=codes, max_distance_threshold=10, num_dist_workers=0)
        pairs = sum(map(len, found.values())) // 2
    else:
        words = hashes.view(np.uint64)
        for at in range(count):
            bits = np.bitwise_count(words[at + 1 :] ^ words[at]).sum(axis=1)
            pairs += int((bits <= 84).sum())
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"cpu_s": spent, "peak_mb": peak * 1024 / 1e6, "pairs": pairs}


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    result = _hash(Path(words[0])) if what == "hash" else _search(words[0], int(words[1]), int(words[2]))
    print(json.dumps(result))
