"""Every command with its arguments and options, from the two Typer apps."""

from collections.abc import Iterator
from typing import Any

import typer

from flows.__main__ import app as flows
from scripts.reference import markdown
from scripts.reference.markdown import code, plain, table
from wreck_core.cli import app as wreck

PROGRAMS = {"wreck": wreck, "python -m flows": flows}


def commands() -> Iterator[tuple[str, Any]]:
    """Yield (words as typed, command) of every program and command, groups before what is in them."""
    for name, app in PROGRAMS.items():
        yield from _walk(name, typer.main.get_command(app))


def _walk(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _walk(f"{words} {name}", inner)


def page() -> str:
    """Give the page of all commands."""
    return markdown.page(
        "Commands",
        "What `--help` says, on one page. How a command ends: [exit codes](statuses.md#exit-codes).",
        *(_section(words, command) for words, command in commands()),
    )


def _section(words: str, command: Any) -> str:
    shown = [param for param in command.params if not param.name.endswith("_completion")]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name == "option"]
    usage = [words, *(["[OPTIONS]"] if options else []), *map(_argument, arguments)]
    if hasattr(command, "commands"):
        usage.append("COMMAND")
    parts = [f"## {words}", plain(command.help or ""), f"```text\n{' '.join(usage)}\n```"]
    if shown:
        rows = [(_name(param), plain(param.help or ""), _default(param)) for param in (*arguments, *options)]
        parts.append(table(["takes", "meaning", "default"], rows))
    return "\n\n".join(parts)


def _argument(param: Any) -> str:
    name = param.metavar or param.name.upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        return code(_argument(param))
    value = "" if param.is_flag else f" {param.metavar or _values(param)}"
    return code(", ".join(param.opts) + value)


def _values(param: Any) -> str:
    """Say what an option takes: its choices, or the name of its type."""
    kind = str(param.display_type(None)).strip("<>[]")
    return {"int": "N", "int range": "N", "float range": "SHARE", "str": "TEXT", "path": "PATH"}.get(
        kind, kind
    )


def _default(param: Any) -> str:
    if param.required:
        return "required"
    words = [] if param.default in (None, False, "", [], ()) else [code(param.default)]
    return ", ".join([*words, *([f"or {code('$' + param.envvar)}"] if param.envvar else [])])
