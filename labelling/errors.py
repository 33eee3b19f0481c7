"""Errors of the labelling package; each message says what to do."""

from http import HTTPStatus

_LONGEST_EXCERPT = 300
_UNAVAILABLE = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


class LabellingError(Exception):
    """Base of every error that labelling raises on purpose."""


class LabelStudioDownError(LabellingError):
    """Nothing answers at the address of Label Studio, or it broke off; nothing is lost, ask again later."""


class LabelStudioAuthError(LabellingError):
    """Label Studio refuses the token."""


class LabelStudioRefusedError(LabellingError):
    """Label Studio answered, but would not do what was asked of it."""


class LabelStudioServerError(LabellingError):
    """The local Label Studio could not be started; the message ends with the last lines of its log."""


class HintError(LabellingError):
    """A hint cannot be followed now; it waits, and the next poll does not need it."""


def refusal(url: str, status: int | None, said: object) -> LabellingError:
    """The error that a response of Label Studio stands for.

    Args:
        url: address of the server.
        status: of HTTP; None where the response could not be read.
        said: body of the response, which may be a whole web page.
    """
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return LabelStudioAuthError(
            f"{url} refuses the token (HTTP {status}). Copy it anew from Account & Settings in Label Studio into "
            "SKULOOP_LABEL_STUDIO__TOKEN; a legacy token also needs legacy tokens enabled for the organisation."
        )
    if status in _UNAVAILABLE:
        return LabelStudioDownError(f"{url} is not ready (HTTP {status}); nothing is lost, the next run goes on.")
    return LabelStudioRefusedError(f"{url} says no (HTTP {status}): {excerpt(said)}")


def excerpt(said: object) -> str:
    """The beginning of a long text, on one line."""
    text = " ".join(str(said).split())
    return text if len(text) <= _LONGEST_EXCERPT else f"{text[:_LONGEST_EXCERPT]}..."
