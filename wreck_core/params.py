"""params.yaml as frozen, typed models. The file holds the only defaults; unknown keys are errors."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wreck_core.errors import ParamsError

NEVER_TRAINED = ("unsure", "reject")
LIST_ANNOTATOR = "list:"  # how the annotator begins whose labels a list or folder brought
CONFLICT = "conflict"  # the flag of a picture on which the voices are split
# Ways of the queue that go by how pictures look or what a model says: such a sample speaks of no real stream.
CHOSEN = frozenset({"representative", "margin", "suspect", "disagree"})
COMMAND_KEYS = frozenset(" uadqcfimghz?+=-0")  # of the labelling window and page

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
# A name that becomes a folder, a DVC stage and a table cell.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Section(BaseModel):
    """A part of params.yaml: frozen, no unknown keys, no silent conversion of text to numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LabelParams(Section):
    """The label set, the key and colour of each label, and the remarks that a picture can get."""

    classes: Annotated[list[Name], Field(min_length=2)]
    positive: Name
    keys: dict[Name, Annotated[str, Field(min_length=1, max_length=1)]]
    colours: dict[Name, Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]]
    flags: Annotated[list[Name], Field(max_length=9)]

    @property
    def all(self) -> list[str]:
        """Every label that a person can give, the trained classes first."""
        return [*self.classes, *NEVER_TRAINED]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.positive not in self.classes:
            raise ValueError(f"positive: {self.positive} is not one of the classes")
        if len(set(self.all)) < len(self.all):
            raise ValueError("classes: a class is named twice, or is called unsure or reject")
        if sorted(self.keys) != sorted(self.all):
            raise ValueError(f"keys: needs exactly one key for each of {', '.join(self.all)}")
        if len({key.lower() for key in self.keys.values()}) < len(self.keys):
            raise ValueError("keys: one key is given to two labels")
        if sorted(self.colours) != sorted(self.all):
            raise ValueError(f"colours: needs exactly one colour for each of {', '.join(self.all)}")
        if len({colour.lower() for colour in self.colours.values()}) < len(self.colours):
            raise ValueError("colours: one colour is given to two labels")
        if len(set(self.flags)) < len(self.flags) or CONFLICT in self.flags:
            raise ValueError(f"flags: a flag is named twice, or is called {CONFLICT}, which the verdict sets")
        taken = COMMAND_KEYS & {key.lower() for key in self.keys.values()}
        if taken:
            raise ValueError(
                f"keys: {sorted(taken)[0]!r} is a command of the labelling window; choose another"
            )
        return self


class ScrapeParams(Section):
    """How URLs are fetched."""

    threads: Positive
    contact: str
    connect_timeout_s: Seconds
    read_timeout_s: Seconds
    deadline_s: Seconds
    retries: Annotated[int, Field(ge=0)]
    backoff_s: Seconds
    max_redirects: Annotated[int, Field(ge=0)]
    max_bytes: Positive
    max_pixels: Positive
    min_side_px: Positive
    per_host: Positive
    interval_s: Seconds
    refresh_days: Annotated[float, Field(ge=0)]
    proxy: Annotated[str, Field(pattern=r"^(http://[^\s/@?#]+:\d+)?$")]  # no password: the file is in git
    breaker: Positive
    ports: list[Annotated[int, Field(ge=1, le=65535)]]
    allow_private: bool
    robots: bool
    placeholder_urls: Annotated[int, Field(ge=2)]
    chunk_urls: Positive


class DedupParams(Section):
    """What counts as the same picture. Distances are bits of a 256-bit perceptual hash."""

    threshold_bits: Annotated[int, Field(ge=0, le=84)]
    review_bits: Annotated[int, Field(ge=0, le=84)]
    crops: bool
    max_cluster: Positive
    max_removed_fraction: Annotated[float, Field(ge=0, le=1)]


Share = Annotated[float, Field(ge=0, le=1)]
Order = Literal["random", "fifo", "auto", "margin"]


class EnqueueParams(Section):
    """In which order pictures come to the annotator, and what part of them is looked at twice."""

    order: Order
    seed: int
    second_share: Share
    repeat_share: Share
    audit_share: Share
    suspect_share: Share


class DatasetParams(Section):
    """How the labelled pictures are split, and whether their boxes are cut out."""

    folds: Annotated[int, Field(ge=2)]
    test_fraction: Fraction
    seed: int
    crop: Literal["box", "full"]


class TrainParams(Section):
    """How every backbone is trained."""

    threads: Positive
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    batch: Positive
    seed: int
    inner_folds: Annotated[int, Field(ge=2)]
    c_grid: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]


class WeightsParams(Section):
    """Where weights are looked for before any download, and where that comes from."""

    dirs: list[str]
    mirror: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9._~:%/-]+)?$")]


class BackboneRow(Section):
    """One row of the board. What is left out follows from the builder and the recipe."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    weights: str
    """`imagenet`, `none`, or a path to a .weights.h5 file, or to a .keras file that is the whole backbone."""
    recipe: Literal["auto", "frozen", "top_blocks", "full", "seed", "scratch"] | None = None
    """How it is trained; `frozen` by default, or `scratch` where nobody published weights: `scratch_cnn`."""
    builder: Name | None = None
    """The network, one of `training.backbones`; the row's own name by default."""
    input_px: Annotated[int, Field(ge=32, le=1024)] | None = None
    """Side of the square that it sees; the network's native size by default."""
    preprocessing: Literal["tf", "torch", "caffe", "lite", "unit", "none"] | None = None
    """What a .keras file takes; `none`: RGB as float32 in 0-255. Others have their own."""
    runtime: Literal["keras", "litert"] = "keras"
    """What computes its frozen features, and what its top blocks start from."""
    epochs: Positive | None = None
    """Of recipes that have them: neither `frozen` nor `seed`."""
    dense: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Units of the dense layers of `scratch_cnn`."""
    dropout: Fraction = 0.0
    """Of `scratch_cnn`, before the last layer."""
    augment: bool = True
    """Of `scratch_cnn`: zoom, mirror and change the contrast while training."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        own = self.weights.endswith(".keras")
        if own and (self.preprocessing is None or self.input_px is None or self.builder is not None):
            raise ValueError("weights: a .keras file needs preprocessing and input_px, and no builder")
        if self.preprocessing is not None and not own:
            raise ValueError("preprocessing: is for a .keras file alone; other rows have their own")
        if own and self.recipe not in (None, "frozen", "full", "seed"):
            raise ValueError("recipe: a .keras file takes frozen, full or seed: nothing says where to cut it")
        return self


class ReportParams(Section):
    """How rows are compared and shown."""

    bootstrap: Positive
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    seed: int
    thumbnails: Literal["full", "blur", "none"]
    gallery: Annotated[int, Field(ge=0)]
    min_auc: Annotated[float, Field(ge=0, le=1)]


class NightlyParams(Section):
    """How the unattended run behaves."""

    jobs: Annotated[int, Field(ge=0)]
    min_new_labels: Annotated[int, Field(ge=0)]
    retries: Annotated[int, Field(ge=0)]
    retry_wait_s: Seconds
    stage_timeout_s: Annotated[float, Field(gt=0)]
    branch: str
    push: bool


class Params(Section):
    """All of params.yaml."""

    labels: LabelParams
    scrape: ScrapeParams
    dedup: DedupParams
    enqueue: EnqueueParams
    dataset: DatasetParams
    train: TrainParams
    weights: WeightsParams
    backbones: Annotated[dict[Name, BackboneRow], Field(min_length=1)]
    ensembles: dict[Name, Annotated[list[Name], Field(min_length=2)]]
    report: ReportParams
    nightly: NightlyParams

    @model_validator(mode="after")
    def _agree(self) -> Self:
        taken = sorted(set(self.ensembles) & set(self.backbones))
        if taken:
            raise ValueError(f"ensembles: {taken[0]}: a backbone has this name already")
        return self


def read_raw(path: Path) -> dict[str, Any]:
    """Read params.yaml as plain data. Raises ParamsError when it is missing or no YAML mapping."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            "there is no params.yaml here",
            where=str(path),
            fix="run in a clone of the repository, or name one with --workspace",
        ) from None
    # Text that is no UTF-8, a date that is none, brackets a thousand deep.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ParamsError(f"is not valid YAML: {error}", where=str(path)) from None
    if not isinstance(raw, dict):
        raise ParamsError("must be a mapping of sections", where=str(path))
    return raw


def load(path: Path) -> Params:
    """Read and check params.yaml. Raises ParamsError naming every wrong key by its path."""
    raw = read_raw(path)
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_explain(fault) for fault in error.errors())
        raise ParamsError(faults, where=str(path), fix="mend the file and run again") from None


def _explain(fault: Any) -> str:
    location = fault["loc"]
    path = ".".join(str(part) for part in location if part != "[key]")
    if fault["type"] != "extra_forbidden":
        return f"{path}: {fault['msg'].removeprefix('Value error, ')}"
    near = get_close_matches(str(location[-1]), _siblings(location[:-1]), n=1)
    return f"{path}: unexpected key" + (f" (did you mean {near[0]}?)" if near else "")


def _siblings(parents: tuple[str | int, ...]) -> list[str]:
    """Names of the keys that are allowed where an unexpected one stood."""
    model: type[BaseModel] = Params
    for part in parents:
        if str(part) in model.model_fields:
            annotation = model.model_fields[str(part)].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
            else:  # backbones: a mapping of rows
                model = BackboneRow
    return list(model.model_fields)
