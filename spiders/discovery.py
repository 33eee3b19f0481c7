"""Finding the pages of a shop: its sitemaps, as robots.txt names them or at their usual place."""

from collections.abc import Iterable
from urllib.parse import urljoin

from spiders.asking import Ask, request_for
from spiders.disk import is_disk_full
from spiders.hosts import same_shop
from spiders.reader import Target
from spiders.sitemaps import MAX_SITEMAP_BYTES, read_sitemap

MAX_SITEMAPS = 200
_OK = 200


async def pages_of_sitemaps(ask: Ask, start: str, named: Iterable[str], most: int) -> tuple[Target, ...]:
    """Up to `most` pages that the shop's sitemaps list, each once, in their order; none where there is no usable one.

    `named` are the sitemaps that robots.txt names. What is wrong with a sitemap is no failure: shops without one are
    usual, and the start page tells what it means.
    """
    queue = [urljoin(start, url) for url in named] or [urljoin(start, "/sitemap.xml")]
    pages: dict[str, Target] = {}
    seen: set[str] = set()
    while queue and len(seen) < MAX_SITEMAPS and len(pages) < most:
        url = queue.pop(0)
        if url in seen or not same_shop(url, start):
            continue
        seen.add(url)
        sitemap = read_sitemap(await _body(ask, url), url)
        queue.extend(sitemap.sitemaps)
        for page in sitemap.pages:
            if same_shop(page.url, start):
                pages.setdefault(page.url, page)
    return tuple(pages.values())[:most]


async def _body(ask: Ask, url: str) -> bytes:
    try:
        response = await ask(request_for(url, MAX_SITEMAP_BYTES, in_shop=True))
    except Exception as error:
        if is_disk_full(error):
            raise
        return b""
    return response.body if response.status == _OK else b""
