"""From whatever went wrong to one reason of the closed list, by the type of the error and never by its message."""

from http import HTTPStatus

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.spidermiddlewares.httperror import HttpError
from service_identity import VerificationError
from twisted.internet.error import ConnectionRefusedError as TwistedRefusedError
from twisted.internet.error import DNSLookupError, SSLError
from twisted.internet.error import TimeoutError as TwistedTimeoutError

from recognition.errors import UnreadablePictureError
from recognition.vocabulary import FetchReason, PictureReason
from spiders.errors import AddressRefusedError, NoProductError, PageUnreadableError


class RobotsForbiddenError(IgnoreRequest):
    """The shop's robots.txt does not want this page to be fetched."""


class RedirectRefusedError(IgnoreRequest):
    """Too many redirects, or one that leaves the shop."""


class TooLargeError(IgnoreRequest):
    """The body unpacks to more than the allowed size."""


class HttpStatusError(IgnoreRequest):
    """An answer that is not the thing asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


_REASONS: tuple[tuple[type[BaseException], FetchReason], ...] = (
    (AddressRefusedError, FetchReason.PRIVATE_ADDRESS),
    (RobotsForbiddenError, FetchReason.ROBOTS),
    (RedirectRefusedError, FetchReason.REDIRECT),
    (TooLargeError, FetchReason.TOO_LARGE),
    (DownloadCancelledError, FetchReason.TOO_LARGE),  # Scrapy cancels a download for its size alone
    (CannotResolveHostError, FetchReason.DNS),
    (DNSLookupError, FetchReason.DNS),
    (DownloadConnectionRefusedError, FetchReason.REFUSED),
    (TwistedRefusedError, FetchReason.REFUSED),
    (DownloadTimeoutError, FetchReason.TIMEOUT),
    (TwistedTimeoutError, FetchReason.TIMEOUT),
    (TimeoutError, FetchReason.TIMEOUT),
    (SSL.Error, FetchReason.TLS),
    (SSLError, FetchReason.TLS),
    (VerificationError, FetchReason.TLS),
    (NoProductError, FetchReason.NO_PRODUCT),
    (PageUnreadableError, FetchReason.PARSE),
)


def reason_of_status(status: int) -> FetchReason:
    """The reason for an HTTP status that is not a success."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return FetchReason.REDIRECT
    return FetchReason.HTTP_5XX if status >= HTTPStatus.INTERNAL_SERVER_ERROR else FetchReason.HTTP_4XX


def reason_of(error: BaseException) -> FetchReason:
    """The reason for an exception of a page or an image; what nothing else explains is NETWORK."""
    if isinstance(error, HttpError):
        return reason_of_status(error.response.status)
    if isinstance(error, HttpStatusError):
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
    if isinstance(error, HttpError):
        return f"the server answered {error.response.status}"
    inner = _causes(error)[-1]
    return str(error) or str(inner) or type(inner).__name__


def _causes(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from, and the failures that Twisted collected inside it; outermost first."""
    found: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop(0)
        if current is None or any(current is known for known in found):
            continue
        found.append(current)
        queue.append(current.__cause__)
        queue.extend(getattr(failure, "value", None) for failure in getattr(current, "reasons", None) or ())
    return found
