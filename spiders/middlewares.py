"""Scrapy's own rules where we are stricter, or where a refusal needs an error of its own for its row."""

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from spiders.asking import IN_SHOP
from spiders.errors import BadAddressError, RedirectRefusedError, TooLargeError
from spiders.hosts import same_shop


class StayInShop:
    """Pages stay in the shop, also after a redirect; pictures may come from any public host."""

    def __init__(self, shop: str) -> None:
        self._shop = shop

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "StayInShop":
        """Made by Scrapy."""
        return cls(crawler.settings["SKULOOP_SHOP"])

    def process_request(self, request: Request) -> None:
        """Refuse what leaves the shop.

        Raises:
            RedirectRefusedError: it does.
        """
        if request.meta.get(IN_SHOP) and not same_shop(request.url, self._shop):
            raise RedirectRefusedError(f"it leads away from the shop, to {request.url}")


class FewRedirects(RedirectMiddleware):
    """At most REDIRECT_MAX_TIMES hops."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's
    ) -> Request | Response:
        """Follow one hop.

        Raises:
            RedirectRefusedError: it was one too many, or leads to what is not on the web.
        """
        try:
            followed = super().process_response(request, response)
        except IgnoreRequest as error:
            raise RedirectRefusedError(f"it redirects more than {self.max_redirect_times} times") from error
        except ValueError as error:
            raise BadAddressError(f"it redirects to what is no address: {error}") from error
        if isinstance(followed, Request):
            for of_the_host in ("download_slot", "autothrottle_dont_adjust_delay"):
                followed.meta.pop(of_the_host, None)  # Scrapy would keep the pace of the host that it came from
        return followed


class BoundedCompression(HttpCompressionMiddleware):
    """What unpacks to more than a request's `download_maxsize` is refused."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002 - Scrapy's
    ) -> Request | Response:
        """Unpack.

        Raises:
            TooLargeError: it unpacks to more than is taken.
            BadAddressError: it does not unpack.
        """
        try:
            unpacked = super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLargeError("it unpacks to more bytes than are taken") from error
        except Exception as error:  # zlib, brotli and zstandard each have their own
            raise BadAddressError(f"it says that it is packed, and cannot be unpacked: {error}") from error
        if isinstance(unpacked, Response) and "Content-Encoding" in unpacked.headers and response.body:
            raise BadAddressError(f"it came packed as {unpacked.headers['Content-Encoding']!r}, which nobody offered")
        return unpacked
