"""Ways in which a file under its own name is not what was written: a machine that died, git, an editor."""

from collections.abc import Callable


def half_zeros(data: bytes) -> bytes:
    """Blocks that were allocated, and never written."""
    half = len(data) // 2
    return data[:half] + bytes(len(data) - half)


def half_other(data: bytes) -> bytes:
    """The beginning of one version, the end of another."""
    half = len(data) // 2
    return data[:half] + data[::-1][half:]


def merge_conflict(data: bytes) -> bytes:
    """What git leaves in a text that two people changed."""
    lines = data.splitlines(keepends=True)
    half = len(lines) // 2
    marked = [b"<<<<<<< HEAD\n", *lines[half : half + 1], b"=======\n", b">>>>>>> other\n"]
    return b"".join([*lines[:half], *marked, *lines[half + 1 :]])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "half zeros": half_zeros,
    "half of another": half_other,
    "merge conflict": merge_conflict,
}
# What editors and spreadsheets do to a text that is still right.
MANNERS: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
}
