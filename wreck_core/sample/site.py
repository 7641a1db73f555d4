"""The web of the demo: some 240 addresses on three hosts, with the faults that real lists have."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import cv2

from wreck_core import images
from wreck_core.sample.draw import draw_car

PHOTOS, MARKET, SLOW = "photos.example", "market.example", "slow.example"
HOSTS = (PHOTOS, MARKET, SLOW)
DISTINCT = 186
NEAR_DUPLICATES = 16  # below dedup.max_removed_fraction
BYTE_DUPLICATES = 14
SLOW_PHOTOS = 6
SLOW_S = 0.3
QUALITIES = (70, 80, 88, 94)


@dataclass(frozen=True)
class Answer:
    """What a host says to one path."""

    body: bytes = b""
    code: int = 200
    location: str = ""
    delay_s: float = 0.0


@dataclass(frozen=True)
class Site:
    """All answers by host and path, the list of URLs, and the true label of each picture by sha256."""

    answers: dict[tuple[str, str], Answer]
    urls: tuple[str, ...]
    truth: dict[str, str]


@dataclass(frozen=True)
class _Photo:
    label: str
    body: bytes


def build(positive: str = "damaged", negative: str = "undamaged") -> Site:
    """Draw the photos, on every core, and lay out the hosts. The same pixels each time."""
    # Fresh processes: a fork of one whose OpenCV has started threads may hang.
    # Each keeps to one thread: the photos share the cores already.
    spawn = get_context("spawn")
    with ProcessPoolExecutor(mp_context=spawn, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        bodies = list(pool.map(_draw, range(DISTINCT), chunksize=4))
    photos = [_Photo(positive if _is_damaged(seed) else negative, body) for seed, body in enumerate(bodies)]
    variants = [
        _Photo(photo.label, _near_duplicate(at, photo.body))
        for at, photo in enumerate(photos[:NEAR_DUPLICATES])
    ]
    answers: dict[tuple[str, str], Answer] = {}
    for at, photo in enumerate(photos):
        slow = at < SLOW_PHOTOS
        host = SLOW if slow else (PHOTOS, MARKET)[at // 2 % 2]  # pairs: a host must not tell the label
        answers[host, f"/cars/{at:03d}.jpg"] = Answer(photo.body, delay_s=SLOW_S if slow else 0.0)
    for at, photo in enumerate(variants):
        answers[MARKET, f"/offers/{at:03d}.jpg"] = Answer(photo.body)
    for at, photo in enumerate(photos[-BYTE_DUPLICATES:]):
        answers[PHOTOS, f"/again/{at:03d}.jpg"] = Answer(photo.body)
    answers.update(_faults(photos))
    truth = {hashlib.sha256(photo.body).hexdigest(): photo.label for photo in (*photos, *variants)}
    return Site(answers, tuple(_listed(answers)), truth)


def _is_damaged(seed: int) -> bool:
    return seed % 2 == 0


def _draw(seed: int) -> bytes:
    picture = draw_car(seed, damaged=_is_damaged(seed))
    return images.encode(picture, "jpg", quality=QUALITIES[seed // 2 % len(QUALITIES)])


def _near_duplicate(at: int, body: bytes) -> bytes:
    """Show the photo as another site would: smaller, or compressed harder."""
    picture = images.decode(body)
    if at % 2:
        return images.encode(picture, "jpg", quality=45)
    return images.encode(images.fit_within(picture, round(0.7 * max(picture.shape))), "jpg", quality=85)


def _faults(photos: list[_Photo]) -> dict[tuple[str, str], Answer]:
    page = b"<!doctype html><title>Sold</title><p>This car has been sold."
    whole = photos[-1].body
    moved = Answer(code=301, location="/cars/010.jpg")
    return {
        **{(MARKET, f"/sold/{at}.jpg"): Answer(b"not found", code=404) for at in range(8)},
        **{(MARKET, f"/gone/{at}.jpg"): Answer(b"gone", code=410) for at in range(2)},
        **{(PHOTOS, f"/error/{at}.jpg"): Answer(b"try later", code=500) for at in range(2)},
        **{(MARKET, f"/page/{at}.jpg"): Answer(page) for at in range(3)},
        **{(PHOTOS, f"/cut/{at}.jpg"): Answer(whole[: len(whole) // (2 + at)]) for at in range(3)},
        (PHOTOS, "/icon.png"): Answer(images.encode(images.fit_within(images.decode(whole), 24), "png")),
        (PHOTOS, "/moved.jpg"): moved,
        (PHOTOS, "/loop.jpg"): Answer(code=302, location="/loop.jpg"),
    }


def _listed(answers: dict[tuple[str, str], Answer]) -> Iterator[str]:
    for host, path in sorted(answers):
        yield f"http://{host}{path}"
    yield "http://192.168.0.12/camera.jpg"  # a private address: refused without a packet
    yield "http://photos.example/cars/008.jpg#again"  # the same address once more
    yield "not an address"
