"""The labelling page: the same sessions as the window's, for anybody with a browser and the link."""

import threading
import time
from collections.abc import Callable
from importlib.resources import files

from wreck_core import images
from wreck_core.errors import ImageRejectedError, StorageError, WreckError
from wreck_core.labeling.room import Room
from wreck_core.pageserver import PageServer, Reply

SAVE_EVERY_S = 60.0  # labels.csv, when there are new answers; the answers themselves are saved at once
SIDES_PX = {"thumb": 480, "screen": 1600, "whole": 4096}
DECODING = 3  # pictures at once: the largest that we take is 120 MB of pixels
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOLDER = files("wreck_core.labeling") / "page"


class LabelServer(PageServer):
    """Serves the page of a room. Raises InputError when the address cannot be had."""

    def __init__(self, room: Room, address: tuple[str, int]) -> None:
        self.room = room
        self._decoding = threading.BoundedSemaphore(DECODING)
        self._parts = {
            part.name: Reply(part.read_bytes(), f"{_KINDS[part.name.rpartition('.')[2]]}; charset=utf-8")
            for part in _FOLDER.iterdir()
            if part.name.rpartition(".")[2] in _KINDS
        }
        page = (_FOLDER / "index.html").read_text(encoding="utf-8")
        super().__init__(lambda: page, room.answer, self._file, address)

    def serve(self, save: Callable[[], object], announce: Callable[[str], None]) -> None:
        """Tell `announce` the link and serve until Ctrl-C, which comes out as KeyboardInterrupt.

        Meanwhile call `save` when there are new answers, and let go of who fell silent. A save that
        fails is told to `announce` and tried again.
        """
        thread = threading.Thread(target=self.serve_forever, name="label-page", daemon=True)
        saved = self.room.changes
        try:
            thread.start()
            announce(self.url)
            while True:
                time.sleep(SAVE_EVERY_S)
                with self.turn:
                    self.room.dismiss_silent()
                    changes = self.room.changes
                if changes != saved:
                    try:
                        save()
                        saved = changes
                    except WreckError as error:
                        announce(f"not written, will be tried again: {error.reason}")
        finally:
            if thread.is_alive():  # Ctrl-C may come before it has begun
                self.shutdown()
                thread.join()
            with self.turn:
                self.room.close()

    def _file(self, name: str) -> Reply | None:
        """Give a part of the page, or `picture/<sha256>/<size>` as the door sees it: upright, RGB.

        What sites sent never reaches a browser, only our own encoding of its pixels. Raises
        ImageRejectedError for a picture that cannot be decoded, StorageError for one that is gone.
        """
        if name in self._parts:
            return self._parts[name]
        match name.split("/"):
            case ["picture", sha256, size] if size in SIDES_PX:
                path = self.room.path(sha256)
                if path is None:
                    return None
                try:
                    with self._decoding:
                        picture = images.fit_within(images.load(path), SIDES_PX[size])
                        reply = Reply(images.encode(picture, "jpg"), "image/jpeg")
                except (ImageRejectedError, StorageError):
                    self.room.unseen.add(sha256)
                    raise
                self.room.unseen.discard(sha256)
                return reply
        return None
