"""Errors of the spiders package; each message says what to do."""


class SpiderError(Exception):
    """Base of every error that spiders raise on purpose."""


class BadCrawlJobError(SpiderError):
    """The description of a crawl cannot be used; nothing was started."""


class FeedDamagedError(SpiderError):
    """A line of a feed is not what the feed promises; the file and the line are named."""


class CrawlCrashedError(SpiderError):
    """The crawl process ended without a summary; the same crawl can be started again."""


class NoProductError(SpiderError):
    """A page describes no product: a row in the failures, never a crash."""


class PageUnreadableError(SpiderError):
    """A page claims a product but its description cannot be parsed."""


class AddressRefusedError(SpiderError):
    """A host resolves to an address that a crawl of public shops must never touch."""


class BadAddressError(SpiderError):
    """What a page calls an address is none that can be asked for."""


class RobotsForbiddenError(SpiderError):
    """The host's robots.txt does not want this to be fetched."""


class NotForUsError(SpiderError):
    """A page or picture says of itself that it is not to be used (noindex, noimageai and their kin)."""


class RedirectRefusedError(SpiderError):
    """Too many redirects, or one that leaves the shop."""


class TooLargeError(SpiderError):
    """The body is larger than allowed, or unpacks to more."""


class HttpStatusError(SpiderError):
    """An answer that is not the thing asked for."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server answered {status}")
        self.status = status


class HostClosedError(SpiderError):
    """A host that is left alone for the rest of the night; the message says why."""


class BlockedError(HostClosedError):
    """The host keeps crawlers out: a captcha, a challenge, or nothing but refusals."""


class RateLimitedError(HostClosedError):
    """The host asks for more patience than a night has."""


class StorageError(SpiderError):
    """A folder, bucket or manifest cannot be read as a whole."""


class BadPageObjectError(SpiderError):
    """A shop's page object cannot be loaded or used as it is written."""


class UnknownSourceError(SpiderError):
    """An address or path that is no kind of source that we know."""
