"""Where tasks run: in threads of this process, or on the workers of a Dask cluster."""

from importlib.util import find_spec
from typing import Any, Generic, TypeVar

from prefect.task_runners import ThreadPoolTaskRunner

from wreck_core.errors import UsageError, WreckError

CONNECT_TIMEOUT_S = 10
T = TypeVar("T")


class Sealed(Generic[T]):
    """A value that goes to a task or comes back as it is.

    Prefect and Dask look into lists, tuples and dataclasses for results to wait for; Dask even makes plain
    tuples of named ones.
    """

    def __init__(self, value: T) -> None:
        self.value = value


def at_once(count: int) -> Any:
    """Give the runner that works on `count` tasks at a time; the work itself is in child processes."""
    return ThreadPoolTaskRunner[Any](max_workers=count)


def on(dask: str | None, count: int) -> Any:
    """Give the runner for `count` tasks at a time here, or for the workers of the scheduler at `dask`."""
    if not dask:
        return at_once(count)
    from prefect_dask import DaskTaskRunner

    return DaskTaskRunner(address=dask)


class BlockedError(WreckError):
    """A task was never begun, because the cluster gave up one that it waits for."""


def wait(future: Any) -> None:
    """Wait until a task has ended, well or not.

    Raises WreckError when a Dask cluster gave it up, BlockedError when it gave up one before it.
    """
    future.wait()
    given = future.wrapped_future
    status = getattr(given, "status", "finished")  # only those of Dask have one
    if status == "finished":  # also when the task failed: its state says so
        return
    if status != "error":
        raise WreckError("the Dask scheduler is gone", fix="start it, then the same command again")
    from distributed import KilledWorker

    fault = given.exception()
    if not isinstance(fault, KilledWorker):
        raise fault
    if fault.task != given.key:
        raise BlockedError("a stage before it failed")
    raise WreckError(
        "the Dask workers that were given it died, one after the other",
        fix="see their logs (was there too little memory?), then start the same command again",
    )


def workers(dask: str) -> int:
    """Count the workers of the scheduler at `dask`, such as tcp://127.0.0.1:8786.

    Raises UsageError when the package for it is not installed or the address is none, WreckError when
    nobody answers there or it has no workers.
    """
    if find_spec("prefect_dask") is None:
        raise UsageError(
            "--dask needs a package that is not installed", fix="pip install 'wreck-detect[dask]'"
        )
    import distributed

    try:
        with distributed.Client(dask, timeout=CONNECT_TIMEOUT_S, set_as_default=False) as client:
            count = len(client.scheduler_info(n_workers=-1)["workers"])
    except ValueError as error:
        raise UsageError(f"--dask {dask}: {error}", fix="write it as tcp://HOST:PORT") from None
    except OSError as error:  # distributed's time-out is one
        raise WreckError(
            f"no Dask scheduler answers: {error}",
            where=dask,
            fix="start `dask scheduler`, or mend the address",
        ) from None
    if not count:
        raise WreckError(
            "the Dask scheduler has no workers", where=dask, fix=f"start `dask worker {dask} --nthreads 1`"
        )
    return count
