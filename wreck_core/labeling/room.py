"""Many people's sessions on one store, asked by their browsers: a question in, what to show out. No HTTP."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wreck_core.errors import InputError
from wreck_core.labeling import panels, sheet, words
from wreck_core.labeling.grid import Grid
from wreck_core.labeling.question import NAMES, Question
from wreck_core.labeling.queue import LEASE_S
from wreck_core.labeling.records import Box
from wreck_core.labeling.session import UNSEEN_LABEL, LabelSession, Picture
from wreck_core.labeling.store import Store
from wreck_core.params import LabelParams

SEEK_AGAIN_S = 10.0  # how often a picture that nobody knows makes us look for newly fetched ones
BEHIND = "this page was behind the others of your name: look again"


@dataclass
class _Seat:
    session: LabelSession
    heard_at: float


class _Fresh(Mapping[str, Picture]):
    """What `find` gives; it is asked again when a picture turns up that was fetched later."""

    def __init__(self, find: Callable[[], Mapping[str, Picture]]) -> None:
        self._find, self._found = find, find()
        self._sought_at = time.monotonic()

    def __getitem__(self, sha256: str) -> Picture:
        if sha256 not in self._found and time.monotonic() - self._sought_at > SEEK_AGAIN_S:
            self._found = self._find()
            self._sought_at = time.monotonic()
        return self._found[sha256]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Room:
    """One session for each name, begun when the name is first heard. Not for two threads at a time.

    People of one name share a session, and what one of them does the other sees. Who stays silent
    as long as a lease gives back what they held.
    """

    def __init__(
        self,
        store: Store,
        find_pictures: Callable[[], Mapping[str, Picture]],
        round_name: str,
        settings: LabelParams,
    ) -> None:
        self.changes = 0  # what was asked that may have changed the store
        self.unseen: set[str] = set()  # pictures that could not be decoded
        self._store, self._round_name, self._settings = store, round_name, settings
        self._pictures = _Fresh(find_pictures)
        self._given = 0  # by those who left
        self._seats: dict[str, _Seat] = {}
        self._offered: set[str] = set()

    @property
    def given(self) -> int:
        """How many labels were given here."""
        return self._given + sum(seat.session.given for seat in self._seats.values())

    def answer(self, told: Any) -> dict[str, Any]:
        """Do what is asked; give what that person is to see. Raises InputError for what is no question."""
        try:
            question = Question.model_validate(told)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            if fault["loc"] == ("as",):
                raise InputError(NAMES) from None
            raise InputError(fault["msg"], where=".".join(map(str, fault["loc"])) or "question") from None
        if question.do == "leave":
            self._leave(question.who)
            return {}
        seat = self._seats.get(question.who)
        if seat is None:
            session = LabelSession(
                self._store, self._pictures, question.who, self._round_name, self._settings
            )
            seat = self._seats[question.who] = _Seat(session, 0.0)
        seat.heard_at = time.monotonic()
        shown = self._shown(seat.session, self._do(seat.session, question))
        return shown | {"settings": self._told_once()} if question.do == "open" else shown

    def path(self, sha256: str) -> Path | None:
        """Give the file of a picture that somebody was offered; None for every other."""
        picture = self._pictures.get(sha256) if sha256 in self._offered else None
        return picture.path if picture else None

    def dismiss_silent(self, silence_s: float = LEASE_S) -> None:
        """Give back the pictures of those who said nothing for so long."""
        for name, seat in list(self._seats.items()):
            if time.monotonic() - seat.heard_at > silence_s:
                self._leave(name)

    def close(self) -> None:
        """End every session."""
        for name in list(self._seats):
            self._leave(name)

    def _leave(self, name: str) -> None:
        seat = self._seats.pop(name, None)
        if seat:
            seat.session.close()
            self._given += seat.session.given

    def _do(self, session: LabelSession, question: Question) -> str:
        """Give why nothing was done, or ""."""
        if session.done_before(question.uid):
            return ""  # asked again, because our word was lost on the way
        self.changes += 1
        if question.do in ("label", "skip", "mark"):
            if question.shown != session.shown:
                return BEHIND
            self._mark(session, question)
            self._say(session, question)
        elif question.do == "accept":
            return self._accept(session, question)
        elif question.do == "undo":
            session.undo(question.uid)
        elif question.do != "hints" or question.hints != session.hints_on:
            moves = {
                "open": session.top_up,
                "back": session.back,
                "forward": session.forward,
                "hints": session.toggle_hints,
                "grid": session.open_grid,
                "single": session.close_grid,
            }
            moves[question.do]()
        return ""

    def _mark(self, session: LabelSession, question: Question) -> None:
        """Bring box, flags and note to what the person sees in the browser."""
        try:
            box = Box(*question.box) if question.box else None
            if box != session.draft.box:
                session.set_box(box)
            for flag in sorted({*question.flags} ^ {*session.draft.flags}):
                session.toggle_flag(flag)
        except ValueError as error:
            raise InputError(str(error)) from None
        session.draft.note = question.note

    def _say(self, session: LabelSession, question: Question) -> None:
        if question.do == "label":
            if question.label not in self._settings.all:
                raise InputError(f"{question.label!r} is no label")
            if question.shown in self.unseen and question.label != UNSEEN_LABEL:
                raise InputError(f"a picture that cannot be shown is {UNSEEN_LABEL} or nothing")
            session.label(question.label, question.shown_ms, question.uid)
        elif question.do == "skip":
            session.skip(question.shown_ms, question.uid)
        if question.do != "mark":
            session.top_up()

    def _accept(self, session: LabelSession, question: Question) -> str:
        grid = session.grid
        if grid is None or [task.sha256 for task in grid.tasks] != question.pictures:
            return BEHIND
        grid.odd = {index for index in question.odd if index < len(grid.tasks)}
        session.accept_grid(question.shown_ms, question.uid)
        session.top_up()
        return ""

    def _shown(self, session: LabelSession, fault: str) -> dict[str, Any]:
        """Spread a session out as the page shows it."""
        page = self._page(session.grid) if session.grid else None
        offered = [*(page["pictures"] if page else ()), session.shown, *session.upcoming]
        self._offered.update(filter(None, offered))
        return {
            "headline": f"NOT SAVED — {fault}" if fault else words.headline(session),
            "detail": words.detail(session),
            "fault": bool(fault or session.fault),
            "share": words.share(session),
            "shown": session.shown,
            "looking_back": session.looking_back,
            "box": [*asdict(session.draft.box).values()] if session.draft.box else None,
            "flags": session.draft.flags,
            "note": session.draft.note,
            "hints": session.hints_on,
            "hint": asdict(session.hint) if session.hint else None,
            "info": session.info(),
            "upcoming": session.upcoming,
            "grid": page,
            "why_empty": "" if session.shown else words.why_empty(session),
        }

    def _page(self, grid: Grid) -> dict[str, Any]:
        return {
            "label": grid.label,
            "pictures": [task.sha256 for task in grid.tasks],
            "scores": [task.hint.score if task.hint else None for task in grid.tasks],
        }

    def _told_once(self) -> dict[str, Any]:
        """Give what never changes while the page is open."""
        keys, colours = self._settings.keys, self._settings.colours
        return {
            "round": self._round_name,
            "labels": [
                {"name": name, "key": key.lower(), "colour": colours[name]} for name, key in keys.items()
            ],
            "unseen_label": UNSEEN_LABEL,
            "flags": self._settings.flags,
            "tile_keys": sheet.KEYS,
            "help": [[row.left, row.right] for row in panels.help_panel(self._settings).rows],
        }
