"""What every kind of web source has in common: a reader says where to begin, and what a document holds. Pure.

The spider asks for targets and hands over what came; where to go, how often and how politely is the spider's business.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recognition.vocabulary import FetchReason
from spiders.pages import PageProduct


@dataclass(frozen=True, slots=True)
class Target:
    """An address worth asking for. The frontier keeps it over a kill, so all of it is text.

    Attributes:
        url: absolute, without a fragment.
        role: what the reader expects there ("product", "listing", "data"); it gets the word back with what came.
        category: of the products to be found there, where the way to them tells it; links may hand it on.
        changed: when the source says it changed last (`lastmod` of a sitemap), in the source's own words.
    """

    url: str
    role: str = ""
    category: str | None = None
    changed: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What came for a target: `text` is None where it is not text, `content_type` is what the server said of it.

    A target of this machine (`file:`) has a `path` and no body: large files are read as a stream.
    """

    target: Target
    body: bytes
    text: str | None
    content_type: str = ""
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a document that could not be taken; `url` names it."""

    url: str
    reason: FetchReason
    detail: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a document holds: products, and further addresses in the order of their worth.

    Both are read once, from front to back, and may be lazy: a feed holds more products than memory does, and nobody may
    want to know where a page leads. What could not be taken is a problem among the products, in its place.
    """

    products: Iterable[PageProduct | Problem] = ()
    targets: Iterable[Target] = ()


class Reader(Protocol):
    """One kind of source, for one source of it."""

    def start(self) -> tuple[Target, ...]:
        """Where to begin."""
        ...

    def read(self, document: Document) -> Found:
        """Read one document; the same document is always read alike."""
        ...
