"""What the page of a browser may ask of a room, and how people may be called: checked before it is done."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wreck_core.errors import UsageError

# The name goes into tables: it begins with a letter or figure, as no formula does.
NAMES = "a name has at most 40 letters, figures, spaces and . @ + - and begins with a letter or figure"
NAME = r"^[^\W_][\w .@+-]{0,39}$"

Part = Annotated[float, Field(ge=0, le=1.001, allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Question(BaseModel):
    """What a browser asks. `shown` is the picture that its person saw; `uid` makes a retry harmless."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    who: Annotated[str, Field(alias="as", pattern=NAME)]
    do: Literal[
        "open",
        "mark",
        "label",
        "skip",
        "undo",
        "back",
        "forward",
        "hints",
        "grid",
        "accept",
        "single",
        "leave",
    ]
    uid: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{0,40}$")] = ""
    shown: Sha256 | None = None
    label: str = ""
    box: Annotated[list[Part], Field(min_length=4, max_length=4)] | None = None
    flags: Annotated[list[str], Field(max_length=9)] = []
    note: Annotated[str, Field(max_length=500)] = ""
    hints: bool = False
    shown_ms: Annotated[int, Field(ge=0, le=86_400_000)] | None = None
    pictures: Annotated[list[Sha256], Field(max_length=24)] = []
    odd: Annotated[list[Annotated[int, Field(ge=0, lt=24)]], Field(max_length=24)] = []


def check_name(name: str) -> None:
    """Raise UsageError for a name that nobody may give labels under, such as that of a list."""
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name: {NAMES}", fix="give another one with --as NAME")
