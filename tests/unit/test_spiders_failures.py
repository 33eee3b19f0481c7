import pytest
from OpenSSL import SSL
from scrapy.exceptions import CannotResolveHostError, DownloadCancelledError, DownloadFailedError
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web._newclient import ResponseFailed

from recognition.errors import UnreadablePictureError
from recognition.vocabulary import FetchReason, PictureReason
from spiders.errors import AddressRefusedError
from spiders.failures import HttpStatusError, detail_of, reason_of, reason_of_status


def wrapped(cause: Exception) -> DownloadFailedError:
    error = DownloadFailedError("it failed")
    error.__cause__ = ResponseFailed([Failure(cause)])
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CannotResolveHostError(), FetchReason.DNS),
        (DownloadCancelledError(), FetchReason.TOO_LARGE),
        (wrapped(SSL.Error()), FetchReason.TLS),
        (wrapped(ConnectionLost()), FetchReason.NETWORK),
        (HttpStatusError(404), FetchReason.HTTP_4XX),
        (HttpStatusError(503), FetchReason.HTTP_5XX),
        (HttpStatusError(302), FetchReason.REDIRECT),
        (UnreadablePictureError(PictureReason.UNREADABLE, "x"), FetchReason.BAD_IMAGE),
        (UnreadablePictureError(PictureReason.TOO_LARGE, "x"), FetchReason.TOO_LARGE),
        (ZeroDivisionError(), FetchReason.NETWORK),
    ],
)
def test_each_way_to_fail_has_one_reason(error: Exception, reason: FetchReason) -> None:
    assert reason_of(error) is reason
    assert detail_of(error)


def test_a_refused_address_is_not_mistaken_for_the_dns_error_it_was_raised_from() -> None:
    error = AddressRefusedError("10.0.0.1 is private")
    error.__cause__ = CannotResolveHostError()
    assert reason_of(error) is FetchReason.REFUSED


def test_errors_that_cause_each_other_in_a_circle_end_in_an_answer() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert reason_of(first) is FetchReason.NETWORK


def test_a_status_of_the_moved_kind_is_a_redirect() -> None:
    assert reason_of_status(301) is FetchReason.REDIRECT
