"""The pictures of a session's page, decoded and laid out as `sheet` draws them."""

from pathlib import Path

from wreck_core import images
from wreck_core.images import Image
from wreck_core.labeling import ink, sheet, signs, words
from wreck_core.labeling.grid import Grid
from wreck_core.labeling.pictures import Pictures
from wreck_core.labeling.session import LabelSession

KEPT = 24  # two pages of decoded pictures


class Tiles:
    """Holds the small pictures of a page. `lacking`: the last page was drawn without some of its own."""

    def __init__(self, session: LabelSession) -> None:
        self.lacking = False
        self._session = session
        self._pictures = Pictures(KEPT, lambda image: ink.bgr(images.fit_within(image, sheet.TILE_PX)))

    def close(self) -> None:
        """Stop reading ahead."""
        self._pictures.close()

    def page(self, grid: Grid) -> sheet.Page:
        """Lay out what is decoded by now; what is not follows with the next call."""
        self.lacking, tiles = False, []
        for at, task in enumerate(grid.tasks):
            path = self._session.path_of(task.sha256)
            known = path is None or self._pictures.ready(path)
            picture = self._picture(path) if known else None
            self.lacking |= not known
            said = f"{task.hint.score:.0%}" if task.hint else ""
            if picture is None:
                said = "cannot be shown" if known else "…"
            tiles.append(sheet.Tile(picture, said, at in grid.odd))
        title = (
            f"All {words.readable(grid.label)}?   Enter saves {len(grid.agreed)}  ·  a key or a click"
            " takes one out  ·  G next class  ·  Esc back"
        )
        colour = ink.parse_colour(self._session.settings.colours[grid.label])
        return sheet.Page(title, tuple(tiles), colour, signs.bar(self._session))

    def set_unseen_apart(self, grid: Grid) -> None:
        """Take pictures that cannot be shown out of the page: nobody has seen them."""
        for at, task in enumerate(grid.tasks):
            if self._picture(self._session.path_of(task.sha256)) is None:
                grid.odd.add(at)

    def _picture(self, path: Path | None) -> Image | None:
        return self._pictures.get(path) if path else None
