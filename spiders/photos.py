"""From what a page says to a whole item: ask for its pictures, or know them already, store them, validate it all."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from http import HTTPStatus
from zlib import crc32

from pydantic import ValidationError

from recognition.vocabulary import FetchReason
from spiders.asking import Ask, request_for, robots_tags, validators_of
from spiders.disk import is_disk_full
from spiders.errors import HttpStatusError, NotForUsError
from spiders.failures import detail_of, reason_of
from spiders.images import ImageStore
from spiders.items import ImageRef, ProductItem
from spiders.marks import marks_of
from spiders.memory import RememberedImage, SourceMemory
from spiders.pages import PageProduct

MAX_IMAGES_PER_PRODUCT = 8
_RECHECK_DAYS = 20
"""A picture of an unchanged page is asked for again after 20 to 40 days, each on a day of its own."""

_TOLD = tuple(each.name for each in fields(PageProduct) if each.name != "image_urls")


@dataclass(slots=True)
class PictureCounts:
    """What became of the pictures of this attempt."""

    new: int = 0
    known: int = 0
    failed: Counter[FetchReason] = field(default_factory=Counter)


class PhotoDesk:
    """Completes products. Each picture is asked for at most once in a crawl, however many products show it.

    `begun` is when the crawl began (seconds since 1970): what was checked since, also by an attempt that was killed, is
    as it is. `record` writes down what went wrong with a picture. No more than `concurrency` pictures are under way
    until they are remembered: a kill costs no more.
    """

    def __init__(
        self,
        source: str,
        *,
        ask: Ask,
        store: ImageStore,
        memory: SourceMemory,
        record: Callable[[str, FetchReason, str], None],
        begun: float,
        concurrency: int,
        postponed: frozenset[str] = frozenset(),
    ) -> None:
        self._source = source
        self._ask = ask
        self._store = store
        self._memory = memory
        self._record = record
        self._begun = begun
        self._postponed = postponed
        self._pictures: dict[str, asyncio.Task[ImageRef | None]] = {}
        self._room = asyncio.Semaphore(concurrency)
        self.counts = PictureCounts()

    async def complete(self, product: PageProduct, *, unchanged: bool) -> ProductItem | None:
        """The whole item, or None where it cannot be taken; a picture that fails costs the picture, not the product."""
        new_before = self.counts.new
        urls = product.image_urls[:MAX_IMAGES_PER_PRODUCT]
        images = await asyncio.gather(*(self._picture(url, unchanged=unchanged) for url in urls))
        distinct = {image.sha256: image for image in images if image is not None}
        try:
            return ProductItem.model_validate(
                {
                    **{name: getattr(product, name) for name in _TOLD},
                    "source": self._source,
                    "images": tuple(distinct.values()),
                    "seen_at": datetime.now(UTC),
                    "unchanged": unchanged and None not in images and self.counts.new == new_before,
                }
            )
        except ValidationError as error:
            self._record(product.url, FetchReason.PARSE, str(error.errors(include_url=False)[0]["msg"]))
            return None

    async def _picture(self, url: str, *, unchanged: bool) -> ImageRef | None:
        task = self._pictures.get(url)
        if task is None:
            task = self._pictures[url] = asyncio.ensure_future(self._fetch(url, unchanged=unchanged))
        return await task

    async def _fetch(self, url: str, *, unchanged: bool) -> ImageRef | None:
        known = self._memory.image(url)
        if known is not None and not self._store.holds(known.image):
            known = None
        if known is not None and self._is_fresh(known, unchanged=unchanged):
            self.counts.known += 1
            return known.image
        if url in self._postponed:
            return None
        try:
            async with self._room:
                return await self._download(url, known)
        except Exception as error:  # every way a picture can fail is a row; none may end the crawl
            if is_disk_full(error):
                raise
            self.counts.failed[reason_of(error)] += 1
            self._record(url, reason_of(error), detail_of(error))
            return None

    async def _download(self, url: str, known: RememberedImage | None) -> ImageRef:
        conditions = known.validators.conditions if known else {}
        answer = await self._ask(request_for(url, self._store.limits.max_bytes, conditions=conditions))
        if answer.status == HTTPStatus.NOT_MODIFIED and known is not None:
            self.counts.known += 1
            self._memory.keep_image(known.image, known.validators)
            return known.image
        if answer.status != HTTPStatus.OK:
            raise HttpStatusError(answer.status)
        if not marks_of(robots_tags(answer)).images:
            raise NotForUsError("its server says that it is not to be used (X-Robots-Tag)")
        image = await asyncio.to_thread(self._store.add, answer.body, url)
        if known is not None and known.image.sha256 == image.sha256:
            self.counts.known += 1
        else:
            self.counts.new += 1
        self._memory.keep_image(image, validators_of(answer))
        return image

    def _is_fresh(self, known: RememberedImage, *, unchanged: bool) -> bool:
        if known.checked_at >= self._begun:
            return True
        days = _RECHECK_DAYS + crc32(known.image.url.encode()) % _RECHECK_DAYS
        return unchanged and time.time() - known.checked_at < days * 86400
