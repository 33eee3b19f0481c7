"""Scrapy's own rules, with errors of their own: each refusal becomes a failure row with its true reason."""

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from spiders.failures import RedirectRefusedError, RobotsForbiddenError, TooLargeError
from spiders.hosts import same_shop


class StayInShop(OffsiteMiddleware):
    """Pages stay on the shop's host, also after a redirect; images may come from anywhere public."""

    def process_request(self, request: Request, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Refuse what leaves the shop."""
        if request.meta.get("allow_offsite") or self.should_follow(request, self.crawler.spider):
            return
        raise RedirectRefusedError(f"it leads away from the shop, to {request.url}")

    def request_scheduled(self, request: Request, spider: Spider) -> None:
        """Nothing here: a request dropped this early would leave no failure row."""

    def should_follow(self, request: Request, spider: Spider | None) -> bool:
        """Same host as the start page ("www." more or less does not matter)."""
        start = getattr(spider, "start_url", None)
        return start is None or same_shop(request.url, start)


class ObeyRobots(RobotsTxtMiddleware):
    """robots.txt is obeyed; a page it forbids is never asked for."""

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Refuse what robots.txt forbids."""
        try:
            await super().process_request(request)
        except IgnoreRequest as error:
            raise RobotsForbiddenError("the shop's robots.txt asks us not to fetch it") from error


class FewRedirects(RedirectMiddleware):
    """At most REDIRECT_MAX_TIMES hops."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002
    ) -> Request | Response:
        """Follow one hop or refuse it."""
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise RedirectRefusedError("it redirects too many times") from error


class BoundedCompression(HttpCompressionMiddleware):
    """A small body that unpacks to a huge one is refused."""

    def process_response(
        self,
        request: Request,
        response: Response,
        spider: Spider | None = None,  # noqa: ARG002
    ) -> Request | Response:
        """Unpack, within the size limit."""
        try:
            return super().process_response(request, response)
        except IgnoreRequest as error:
            raise TooLargeError("it unpacks to more than the size limit") from error
