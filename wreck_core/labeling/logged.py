"""A label event as files hold it: of another clone, an older version, or somebody's hand, so it is judged."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from wreck_core.labeling.records import Box

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Part = Annotated[float, Field(allow_inf_nan=False)]


class LoggedEvent(BaseModel):
    """One line of label_events.jsonl. Raises ValueError for what the label store could not have said."""

    model_config = ConfigDict(strict=True, frozen=True)

    uid: Annotated[str, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    round: str
    annotator: str
    kind: Literal["label", "skip", "undo", "import", "adjudicate"]
    label: str | None
    x: Part | None
    y: Part | None
    w: Part | None
    h: Part | None
    flags: str
    note: str
    undoes: str | None
    shown_ms: Count | None = None
    suggested: str | None = None
    score: Part | None = None
    hint_shown: Literal[0, 1] = 0
    at: str
    strategy: str | None
    gold: str | None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.label is None and self.kind in ("label", "import", "adjudicate"):
            raise ValueError("an answer without a label")
        if any(side is not None for side in (self.x, self.y, self.w, self.h)):
            Box(*(-1.0 if side is None else side for side in (self.x, self.y, self.w, self.h)))
        return self

    def fields(self) -> dict[str, Any]:
        """Give the event as `Log.events` does."""
        return self.model_dump()
