"""The `wreck` command. Thin: each command reads its options, calls one stage and shows its summary.

This is the only place where errors are printed. Heavy packages are imported inside the commands,
so that `wreck --help` answers at once.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from wreck_core import __version__
from wreck_core.errors import InputError, WreckError

INTERRUPTED = 130
WORKSPACE = "WRECK_WORKSPACE"
DISK_FAULTS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


class Commands(TyperGroup):
    """The group of all commands, with the one place that prints errors."""

    def invoke(self, ctx: Any) -> Any:  # typer does not export the type of its context here
        """Run a command."""
        with errors_told(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


@contextmanager
def errors_told(*, debug: bool = False) -> Iterator[None]:
    """Turn an error of the block into one message and its exit code, or with `debug` let it through."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command goes on where it stopped\n")
        raise typer.Exit(INTERRUPTED) from None
    except WreckError as error:
        if debug:
            raise
        _report(error)
        raise typer.Exit(error.exit_code) from error
    except OSError as error:
        if debug or (not error.filename and error.errno not in DISK_FAULTS):
            raise
        fault = _of_a_file(error)
        _report(fault)
        raise typer.Exit(fault.exit_code) from error


def _of_a_file(error: OSError) -> WreckError:
    """Say what is wrong with the disk, or with one file: a folder in its place, nobody's right to read it."""
    from wreck_core import files

    path = Path(os.fsdecode(error.filename or "."))
    if error.errno in DISK_FAULTS:
        return files.not_written(path, error)
    fix = "put it right, or name another; --debug shows who asked for it"
    return InputError(f"cannot be used: {error.strerror}", where=str(path), fix=fix)


def _report(error: WreckError) -> None:
    from wreck_core import console

    console.show_error(error)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="URL lists in; a verified, labelled, versioned image dataset and an honest leaderboard out.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wreck {__version__}")
        raise typer.Exit


@app.callback()
def workspace(
    root: Annotated[
        Path,
        typer.Option("--workspace", envvar=WORKSPACE, help="The folder that holds params.yaml and data/."),
    ] = Path(),
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Remember the workspace for the command that follows, and for the processes that it starts."""
    if not root.is_dir():
        raise typer.BadParameter(f"{root} is no folder", param_hint="--workspace")
    os.environ[WORKSPACE] = str(root.resolve())


# The order of the imports is the order of `wreck --help`.
from wreck_core.cli import pipeline, people, quality, results, upkeep  # noqa: E402, F401, I001 - they register on app
