"""A draw that depends on a name and a seed alone."""

import hashlib


def drawn(name: str, seed: int) -> float:
    """Draw a number in [0, 1) for a name: what comes later shuffles none of what was there."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
