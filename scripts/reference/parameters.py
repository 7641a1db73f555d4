"""Every key of params.yaml: type and bounds from the models, value and comment from the file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scripts.reference import markdown
from scripts.reference.markdown import code, plain, table
from wreck_core.params import BackboneRow, Params, read_raw

FILE = Path(__file__).resolve().parents[2] / "params.yaml"
MAPPINGS = ("backbones", "ensembles")  # sections whose keys are the user's own
_NOUNS = {int: "integer", float: "number", bool: "true or false", str: "text"}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least", "max_length": "at most"}
_KEY = re.compile(r"  (\w+):")


@dataclass(frozen=True)
class Setting:
    """One key: where it stands, what it takes, the shipped value, what it means."""

    path: str
    takes: str
    default: str
    meaning: str


def settings() -> Iterator[Setting]:
    """Yield every key of every section, in the order of the models."""
    raw, said = read_raw(FILE), comments(FILE.read_text(encoding="utf-8"))
    for section, model in _sections():
        for name, field in model.model_fields.items():
            path = f"{section}.{name}"
            yield Setting(
                path, _takes(field.annotation, field.metadata), _shown(raw[section][name]), said.get(path, "")
            )
    for name, field in BackboneRow.model_fields.items():
        default = "required" if field.is_required() else _shown(field.default)
        yield Setting(
            f"backbones.<row>.{name}",
            _takes(field.annotation, field.metadata),
            default,
            field.description or "",
        )


def comments(text: str) -> dict[str, str]:
    """Read what params.yaml says of each key: on its line, and on the comment lines above it."""
    said: dict[str, str] = {}
    section, above = "", []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            section, above = line.partition(":")[0], []
        elif line.strip().startswith("#"):
            above.append(line.strip().removeprefix("#").strip())
        else:
            if key := _KEY.match(line):
                said[f"{section}.{key[1]}"] = " ".join([*above, line.partition(" # ")[2]]).strip()
            above = []
    return said


def page() -> str:
    """Give the page of all keys."""
    rows = list(settings())
    parts = []
    for section in Params.model_fields:
        mine = [row for row in rows if row.path.startswith(f"{section}.")]
        cells = [(code(_short(row)), row.takes, row.default, plain(row.meaning)) for row in mine]
        parts.append(f"## {section}\n\n{plain(_about(section))}")
        if cells:
            parts.append(table(["key", "takes", "shipped", "meaning"], cells))
    return markdown.page(
        "Parameters",
        "`params.yaml` holds every number that changes a result, and is the only place of defaults. An "
        "unknown key or a value out of range is an error that names the key; nothing runs then.",
        *parts,
    )


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Params.model_fields.items():
        if name not in MAPPINGS and isinstance(field.annotation, type):
            yield name, field.annotation


def _about(section: str) -> str:
    if section == "backbones":
        return (
            f"{BackboneRow.__doc__} The keys are the board: add a row to train it, remove one to take it off."
        )
    if section == "ensembles":
        return "Name → two or more rows of the board, whose mean is a row of its own. It trains nothing."
    return str(dict(_sections())[section].__doc__)


def _short(row: Setting) -> str:
    return row.path.rpartition(".")[2]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return code("{" + ", ".join(f"{key}: {one}" for key, one in value.items()) + "}")
    if isinstance(value, list):
        return code("[" + ", ".join(map(str, value)) + "]")
    if value == "":
        return "empty"
    return code(str(value).lower() if isinstance(value, bool) else value)


def _takes(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Say what a key takes, its bounds and its choices, as people do."""
    bounds = list(filter(None, map(_bound, metadata)))
    if bounds:
        return ", ".join([_takes(annotation), *bounds])
    inner = [one for one in get_args(annotation) if one is not NoneType]
    if get_origin(annotation) is Literal:
        return " or ".join(map(code, inner))
    if get_origin(annotation) is Annotated:
        return _takes(inner[0], annotation.__metadata__)
    if get_origin(annotation) is list:
        return f"list of {_NOUNS[_bare(inner[0])]}s"
    if get_origin(annotation) is dict:
        return "mapping"
    return _takes(inner[0]) if inner else _NOUNS[annotation]  # with an inner type: it may be left out


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _bound(told: Any) -> str:
    if isinstance(told, FieldInfo):
        return ", ".join(filter(None, map(_bound, told.metadata)))
    return ", ".join(f"{sign} {getattr(told, name)}" for name, sign in _SIGNS.items() if hasattr(told, name))
