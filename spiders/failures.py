"""From whatever went wrong to one reason of the closed list, by the type of the error and never by its message."""

import ssl
from http import HTTPStatus

import aiohttp

from recognition.errors import UnreadablePictureError
from recognition.vocabulary import FetchReason, PictureReason
from spiders import errors

_REASONS: tuple[tuple[type[BaseException], FetchReason], ...] = (
    (errors.AddressRefusedError, FetchReason.PRIVATE_ADDRESS),
    (errors.RobotsForbiddenError, FetchReason.ROBOTS),
    (errors.NotForUsError, FetchReason.NOINDEX),
    (errors.RedirectRefusedError, FetchReason.REDIRECT),
    (errors.TooLargeError, FetchReason.TOO_LARGE),
    (errors.BlockedError, FetchReason.BLOCKED),
    (errors.RateLimitedError, FetchReason.RATE_LIMITED),
    (errors.NoProductError, FetchReason.NO_PRODUCT),
    (errors.PageUnreadableError, FetchReason.PARSE),
    (errors.BadAddressError, FetchReason.PARSE),
    (aiohttp.InvalidURL, FetchReason.PARSE),
    (aiohttp.ClientConnectorDNSError, FetchReason.DNS),
    (aiohttp.ClientConnectorCertificateError, FetchReason.TLS),
    (aiohttp.ClientSSLError, FetchReason.TLS),
    (ssl.SSLError, FetchReason.TLS),
    (TimeoutError, FetchReason.TIMEOUT),
    (ConnectionRefusedError, FetchReason.REFUSED),
)


def reason_of_status(status: int) -> FetchReason:
    """The reason for an HTTP status that is not a success."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return FetchReason.RATE_LIMITED
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return FetchReason.REDIRECT
    return FetchReason.HTTP_5XX if status >= HTTPStatus.INTERNAL_SERVER_ERROR else FetchReason.HTTP_4XX


def reason_of(error: BaseException) -> FetchReason:
    """The reason for an exception of a page or an image; what nothing else explains is NETWORK."""
    if isinstance(error, errors.HttpStatusError):
        return reason_of_status(error.status)
    if isinstance(error, UnreadablePictureError):
        return FetchReason.TOO_LARGE if error.reason is PictureReason.TOO_LARGE else FetchReason.BAD_IMAGE
    for cause in _causes(error):
        for kind, reason in _REASONS:
            if isinstance(cause, kind):
                return reason
    return FetchReason.NETWORK


def detail_of(error: BaseException) -> str:
    """One line that tells a person what happened."""
    inner = _causes(error)[-1]
    return str(error) or str(inner) or type(inner).__name__


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it was raised from, outermost first."""
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and not any(current is known for known in found):
        found.append(current)
        current = current.__cause__ or getattr(current, "os_error", None)
    return found
