"""Finding the pages of a shop: its sitemaps, as robots.txt names them or at their usual place."""

from urllib.parse import urljoin

import aiohttp

from spiders.client import Client
from spiders.errors import HostClosedError, SpiderError
from spiders.hosts import same_shop
from spiders.reader import Target
from spiders.sitemaps import MAX_SITEMAP_BYTES, read_sitemap

MAX_SITEMAPS = 200
_OK = 200


async def pages_of_sitemaps(client: Client, start: str, most: int) -> tuple[Target, ...]:
    """Up to `most` pages that the shop's sitemaps list, each once, in their order; none where there is no usable one.

    What is wrong with a sitemap is no failure: shops without one are usual, and the start page tells what it means.
    """
    queue = await _sitemaps_of(client, start)
    pages: dict[str, Target] = {}
    seen: set[str] = set()
    while queue and len(seen) < MAX_SITEMAPS and len(pages) < most:
        url = queue.pop(0)
        if url in seen or not same_shop(url, start):
            continue
        seen.add(url)
        body = await _body(client, url, start)
        sitemap = read_sitemap(body, url)
        queue.extend(sitemap.sitemaps)
        for page in sitemap.pages:
            if same_shop(page.url, start):
                pages.setdefault(page.url, page)
    return tuple(pages.values())[:most]


async def _sitemaps_of(client: Client, start: str) -> list[str]:
    try:
        named = (await client.robots(start)).sitemaps
    except (SpiderError, aiohttp.ClientError, OSError):
        named = ()
    return [urljoin(start, url) for url in named] or [urljoin(start, "/sitemap.xml")]


async def _body(client: Client, url: str, start: str) -> bytes:
    try:
        answer = await client.get(url, MAX_SITEMAP_BYTES, conditions={}, stay=lambda target: same_shop(target, start))
    except HostClosedError:
        return b""
    except (SpiderError, aiohttp.ClientError, OSError):
        return b""
    return answer.body if answer.status == _OK else b""
