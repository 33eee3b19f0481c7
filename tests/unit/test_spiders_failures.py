import errno
import sqlite3
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from recognition.errors import UnreadablePictureError
from recognition.vocabulary import FetchReason, PictureReason
from spiders import errors
from spiders.disk import is_disk_full
from spiders.failures import detail_of, reason_of, reason_of_status

WHERE = ConnectionKey(
    "shop.example",
    443,
    is_ssl=True,
    ssl=True,
    proxy=None,
    proxy_auth=None,
    proxy_headers_hash=None,
    server_hostname=None,
)


def caused_by(cause: Exception) -> Exception:
    error = errors.SpiderError("it failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (aiohttp.ClientConnectorDNSError(WHERE, OSError("no such host")), FetchReason.DNS),
        (aiohttp.ClientConnectorError(WHERE, ConnectionRefusedError()), FetchReason.REFUSED),
        (aiohttp.ClientConnectorError(WHERE, OSError(errno.ENETUNREACH, "no way")), FetchReason.NETWORK),
        (aiohttp.ClientConnectorSSLError(WHERE, ssl.SSLError()), FetchReason.TLS),
        (aiohttp.ServerTimeoutError(), FetchReason.TIMEOUT),
        (TimeoutError(), FetchReason.TIMEOUT),
        (aiohttp.InvalidURL("http://["), FetchReason.PARSE),
        (aiohttp.ServerDisconnectedError(), FetchReason.NETWORK),
        (errors.TooLargeError("x"), FetchReason.TOO_LARGE),
        (errors.RobotsForbiddenError("x"), FetchReason.ROBOTS),
        (errors.NotForUsError("x"), FetchReason.NOINDEX),
        (errors.BlockedError("x"), FetchReason.BLOCKED),
        (errors.RateLimitedError("x"), FetchReason.RATE_LIMITED),
        (errors.HttpStatusError(404), FetchReason.HTTP_4XX),
        (errors.HttpStatusError(429), FetchReason.RATE_LIMITED),
        (errors.HttpStatusError(503), FetchReason.HTTP_5XX),
        (errors.HttpStatusError(302), FetchReason.REDIRECT),
        (caused_by(errors.AddressRefusedError("x")), FetchReason.PRIVATE_ADDRESS),
        (UnreadablePictureError(PictureReason.UNREADABLE, "x"), FetchReason.BAD_IMAGE),
        (UnreadablePictureError(PictureReason.TOO_LARGE, "x"), FetchReason.TOO_LARGE),
        (ZeroDivisionError(), FetchReason.NETWORK),
    ],
)
def test_each_way_to_fail_has_one_reason(error: Exception, reason: FetchReason) -> None:
    assert reason_of(error) is reason
    assert detail_of(error)


def test_errors_that_cause_each_other_in_a_circle_end_in_an_answer() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert reason_of(first) is FetchReason.NETWORK


def test_a_status_of_the_moved_kind_is_a_redirect() -> None:
    assert reason_of_status(301) is FetchReason.REDIRECT


def test_a_full_disk_is_told_from_what_a_shop_does() -> None:
    assert is_disk_full(OSError(errno.ENOSPC, "no space"))
    assert not is_disk_full(OSError(errno.ECONNRESET, "reset"))
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(":memory:").execute("SELECT * FROM nowhere")
    assert not is_disk_full(caught.value)
