"""The one error tree. Each class is one exit code or one thing that a caller handles apart.

WreckError                 1   anything that we report on purpose
├── UsageError             2   the command was used wrongly
├── ParamsError            2   params.yaml is wrong
├── InputError             2   a file or list that the user gave, or that must come first, is wrong or missing
├── GateError              1   a stage refused: its result would be wrong or dishonest
├── WeightsError           1   a backbone's weights cannot be had
├── ImageRejectedError          1   bytes that are no usable picture; carries a status for the row
├── StorageError          74   the disk failed or is full
└── BusyError             75   somebody else holds the lock
"""


class WreckError(Exception):
    """Something went wrong that the user can understand: what, where, and what to do.

    `what` is a sentence without a full stop, `where` a file, key or URL, `fix` an imperative.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    @property
    def reason(self) -> str:
        """Where and what, in one line."""
        return f"{self.where}: {self.what}" if self.where else self.what

    def __str__(self) -> str:
        return f"{self.reason}\n  → {self.fix}" if self.fix else self.reason


def first_line(error: BaseException) -> str:
    """Give the first line of what another library's error says, or its name where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class UsageError(WreckError):
    """The command was used wrongly."""

    exit_code = 2


class ParamsError(WreckError):
    """params.yaml holds an unknown key or a value out of range."""

    exit_code = 2


class InputError(WreckError):
    """A file that the user gave, or that another command must write first, is wrong or missing."""

    exit_code = 2


class GateError(WreckError):
    """A stage refused to go on: its result would be wrong or dishonest."""


class WeightsError(WreckError):
    """The weights that a backbone asks for cannot be had."""


class ImageRejectedError(WreckError):
    """Bytes that are no usable picture; `status` is the word that goes into the row."""

    def __init__(self, status: str, what: str, *, where: str = "") -> None:
        super().__init__(what, where=where)
        self.status = status


class StorageError(WreckError):
    """The disk is full or failed."""

    exit_code = 74


class BusyError(WreckError):
    """Another process holds the lock."""

    exit_code = 75
