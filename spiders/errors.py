"""Errors of the spiders package; each message says what to do."""


class SpiderError(Exception):
    """Base of every error that spiders raise on purpose."""


class BadCrawlJobError(SpiderError):
    """The description of a crawl cannot be used; nothing was started."""


class FeedDamagedError(SpiderError):
    """A line of a feed is not what the feed promises; the file and the line are named."""


class CrawlCrashedError(SpiderError):
    """The crawl process ended without a summary; the same crawl can be started again."""


class AddressRefusedError(SpiderError):
    """A host resolves to an address that a crawl of public shops must never touch."""


class NoProductError(SpiderError):
    """A page describes no product: a row in the failures, never a crash."""


class PageUnreadableError(SpiderError):
    """A page claims a product but its description cannot be parsed."""
