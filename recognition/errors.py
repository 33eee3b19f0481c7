"""Errors of the recognition package; each message says what to do."""

from typing import Self

from recognition.vocabulary import PictureReason


class RecognitionError(Exception):
    """Base of every error that recognition raises on purpose."""


class UnreadablePictureError(RecognitionError):
    """A file that is not a picture we accept; `reason` is the closed code that is written beside it."""

    def __init__(self, reason: PictureReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[Self], tuple[PictureReason, str]]:
        """Pickle by both arguments, so that the error crosses from a worker process."""
        return type(self), (self.reason, self.detail)


class EncoderUnavailableError(RecognitionError):
    """The configured encoder cannot be loaded: nothing is substituted for it."""


class EncoderMismatchError(RecognitionError):
    """Vectors, heads or an index of one encoder were offered to another."""


class NotEnoughDataError(RecognitionError):
    """There is too little labelled data to train what was asked for."""


class ReleaseDamagedError(RecognitionError):
    """A release file is missing or differs from its manifest: the bundle is refused as a whole."""


class NoReleaseError(RecognitionError):
    """No release has been published yet, or none is left to roll back to."""


class VectorStoreUnavailableError(RecognitionError):
    """The vector store that the settings name cannot be used: nothing is searched in its place."""
