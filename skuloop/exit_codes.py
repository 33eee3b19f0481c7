"""Exit codes, mapped from errors once. They follow sysexits.h where it has a word for it."""

from enum import IntEnum

from labelling.errors import LabellingError
from recognition.errors import (
    EncoderMismatchError,
    EncoderUnavailableError,
    NoReleaseError,
    NotEnoughDataError,
    RecognitionError,
    ReleaseDamagedError,
    UnreadablePictureError,
)
from serving.errors import KeysError, PortTakenError, ServingError
from skuloop.prefect_server import PrefectServerError
from spiders.errors import SpiderError
from tasks.loop import BadLabelError, DiskFullError, RunSkippedError
from tasks.matching import MatchError
from tasks.quarantine import NothingHeldError
from tasks.settings import SettingsError
from tasks.withdrawal import UnknownProductError
from warehouse.errors import WarehouseError, WarehouseLockedError


class ExitCode(IntEnum):
    """What a caller may branch on; documented in docs/reference/cli.md."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WITH_PROBLEMS = 3
    BAD_DATA = 65
    NOT_FOUND = 66
    UNAVAILABLE = 69
    DISK_FULL = 73
    TRY_LATER = 75
    BAD_SETTINGS = 78


_CODES: tuple[tuple[type[Exception], ExitCode], ...] = (
    (SettingsError, ExitCode.BAD_SETTINGS),
    (BadLabelError, ExitCode.USAGE),
    (RunSkippedError, ExitCode.TRY_LATER),
    (WarehouseLockedError, ExitCode.TRY_LATER),
    (DiskFullError, ExitCode.DISK_FULL),
    (NoReleaseError, ExitCode.NOT_FOUND),
    (MatchError, ExitCode.NOT_FOUND),
    (UnknownProductError, ExitCode.NOT_FOUND),
    (NothingHeldError, ExitCode.NOT_FOUND),
    (EncoderUnavailableError, ExitCode.UNAVAILABLE),
    (PortTakenError, ExitCode.UNAVAILABLE),
    (PrefectServerError, ExitCode.UNAVAILABLE),
    (KeysError, ExitCode.BAD_SETTINGS),
    (LabellingError, ExitCode.UNAVAILABLE),
    (ReleaseDamagedError, ExitCode.BAD_DATA),
    (EncoderMismatchError, ExitCode.BAD_DATA),
    (UnreadablePictureError, ExitCode.BAD_DATA),
    (NotEnoughDataError, ExitCode.BAD_DATA),
    (RecognitionError, ExitCode.FAILED),
    (ServingError, ExitCode.FAILED),
    (SpiderError, ExitCode.FAILED),
    (WarehouseError, ExitCode.FAILED),
)


def exit_code_of(error: Exception) -> ExitCode | None:
    """The code of an error that skuloop raises on purpose; None for any other, which is a defect of ours."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), None)
