import numpy as np
import pytest

from wreck_core import images, phash
from wreck_core.images import Image

# Raise HASH_VERSION when one of these must change: stored hashes are then no longer comparable.
GOLDEN_VERSION = 2
GOLDEN = {
    (1, 240, 320): (
        "e033cd2e6f5741d1acb35e58cb712a4d35cc596137ecc4aebc4ca9406d6a2d94",
        "ef30cb40462870bd6d3c568e4a3c0edd29c1ca5fa24fe5c3aec0ba036e0d3deb",
    ),
    (2, 300, 180): (
        "c8b52df495153c0e4cc6a3b1902d55ef9b6bd8e89fbcecec5a860434c3518a4f",
        "c8adc7f093395ceeefca9a4aa7b8fa491cae2e14c351261458d726155ad62e16",
    ),
}


def photo(seed: int, height: int = 240, width: int = 320) -> Image:
    """Soft blobs with as many frequencies as a photo has, the same on every machine."""
    cells = np.random.default_rng(seed).integers(0, 256, (15, 20, 3)).astype(np.uint8)
    return images.grey(images.resize(cells, width, height))


def bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


@pytest.mark.parametrize("picture", GOLDEN)
def test_hashes_are_the_golden_ones(picture: tuple[int, int, int]) -> None:
    assert phash.HASH_VERSION == GOLDEN_VERSION
    full, square = phash.of_grey(photo(*picture))
    assert (full.hex(), square.hex()) == GOLDEN[picture]


def test_a_batch_gives_the_hashes_of_its_pictures() -> None:
    pictures = [photo(1), photo(2, 90, 400), photo(3, 64, 64)]
    full, square = phash.of_greys(pictures)
    assert full.shape == square.shape == (3, phash.HASH_BYTES)
    assert [(f.tobytes(), s.tobytes()) for f, s in zip(full, square, strict=True)] == [
        phash.of_grey(picture) for picture in pictures
    ]


def test_no_pictures_give_no_hashes() -> None:
    full, square = phash.of_greys([])
    assert full.shape == square.shape == (0, phash.HASH_BYTES)


@pytest.mark.parametrize("quality", [20, 60, 90])
def test_jpeg_and_resize_move_few_bits(quality: int) -> None:
    original = photo(4, 480, 640)
    smaller = np.repeat(images.resize(original, 200, 150)[..., None], 3, axis=2)
    edited = images.decode_grey(images.encode(smaller, "jpg", quality=quality))
    for one, other in zip(phash.of_grey(original), phash.of_grey(edited), strict=True):
        assert bits_apart(one, other) <= 40


def test_different_pictures_are_far_apart() -> None:
    full, square = phash.of_greys(photo(seed) for seed in range(20))
    for hashes in (full, square):
        distances = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2)
        assert distances[np.triu_indices(20, 1)].min() > 84


def test_cut_sides_leave_the_centre_square() -> None:
    wide = photo(5, 240, 400)
    _, square = phash.of_grey(wide)
    _, cut_square = phash.of_grey(np.ascontiguousarray(wide[:, 60:-60]))
    assert bits_apart(square, cut_square) == 0


@pytest.mark.parametrize(
    "flat",
    [
        np.full((100, 120), 255, np.uint8),
        np.random.default_rng(0).integers(120, 124, (200, 200)).astype(np.uint8),
        np.tile(np.arange(200, dtype=np.uint8)[:, None], (1, 150)),
    ],
    ids=["white", "noise", "gradient"],
)
def test_flat_pictures_have_no_hash(flat: Image) -> None:
    assert phash.of_grey(flat) == (phash.NO_HASH, phash.NO_HASH)


def test_mirrored_hash_is_near_the_hash_of_the_mirror_image() -> None:
    picture = photo(6)
    mirror_image = np.ascontiguousarray(picture[:, ::-1])
    full, _ = phash.of_greys([picture, mirror_image])
    assert bits_apart(full[0].tobytes(), full[1].tobytes()) > 84
    assert bits_apart(phash.mirrored(full[:1])[0].tobytes(), full[1].tobytes()) <= 16


@pytest.mark.parametrize(("height", "width"), [(1000, 700), (999, 701), (200, 140)])
def test_size_and_a_turn_do_not_change_what_is_seen(height: int, width: int) -> None:
    tall = photo(8, height, width)
    reference = phash.of_grey(photo(8, 500, 350))
    for one, other in zip(phash.of_grey(tall), reference, strict=True):
        assert bits_apart(one, other) <= 24
    # Turned over its diagonal a picture has the same frequencies, rows for columns.
    for one, turned in zip(phash.of_grey(tall), phash.of_grey(tall.T), strict=True):
        frequencies, of_turned = (
            np.unpackbits(np.frombuffer(hash_, np.uint8)).reshape(16, 16) for hash_ in (one, turned)
        )
        assert np.array_equal(frequencies.T, of_turned)


def test_a_reduced_jpeg_has_nearly_the_same_hashes() -> None:
    data = images.encode(np.repeat(photo(9, 990, 1400)[..., None], 3, axis=2), "jpg")
    reduced = images.decode_grey(data, enough_px=phash.ENOUGH_PX)
    assert reduced.shape == (248, 350)
    for one, other in zip(phash.of_grey(images.decode_grey(data)), phash.of_grey(reduced), strict=True):
        assert bits_apart(one, other) <= 24


def test_a_picture_too_small_for_its_frequencies_has_no_hash() -> None:
    assert phash.of_grey(photo(1, 15, 90)) == (phash.NO_HASH, phash.NO_HASH)


def test_mirror_of_no_hash_is_no_hash() -> None:
    assert not phash.mirrored(np.zeros((1, phash.HASH_BYTES), np.uint8)).any()
