"""Run the peers in their own environment: this file imports nothing of the project.

`hash FOLDER` prints hashes and speeds of imagededup and imagehash, `search PEER N SEED` one search.
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


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
    import imagehash
    from PIL import Image

    paths, found = sorted(folder.glob("*.jpg")), {}
    try:
        method = _phash_of_imagededup()
    except (ImportError, RuntimeError) as error:
        found["imagededup"] = {"failed": str(error)}
    else:
        start = time.process_time()
        codes = [method.encode_image(image_file=path) for path in paths]
        found["imagededup"] = {"hashes": codes, "cpu_s": time.process_time() - start}
    start, hashing, codes = time.process_time(), 0.0, []
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
            begin = time.process_time()
            codes.append(str(imagehash.phash(picture, hash_size=16)))
            hashing += time.process_time() - begin
    spent = time.process_time() - start
    found["imagehash"] = {"hashes": codes, "cpu_s": spent, "hash_only_cpu_s": hashing}
    return found


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
    else:
        words = hashes.view(np.uint64)
        for at in range(count):
            bits = np.bitwise_count(words[at + 1 :] ^ words[at]).sum(axis=1)
            pairs += int((bits <= 84).sum())
    spent = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"cpu_s": spent, "peak_mb": peak / 1024, "pairs": pairs}


if __name__ == "__main__":
    what, *words = sys.argv[1:]
    result = _hash(Path(words[0])) if what == "hash" else _search(words[0], int(words[1]), int(words[2]))
    print(json.dumps(result))
