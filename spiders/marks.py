"""What a page or picture says of how it may be used: X-Robots-Tag headers and robots meta elements."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from spiders.agent import NAME

_HEAD_READ = 64 * 1024
_META = re.compile(r"<meta\b[^>]{0,500}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(name|content)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_NOT_INDEXED = frozenset({"noindex", "none"})
_NO_IMAGES = frozenset({"noindex", "none", "noimageindex", "noimageai", "noai"})


@dataclass(frozen=True, slots=True)
class Marks:
    """May its products be taken, its pictures, its links followed?"""

    products: bool = True
    images: bool = True
    links: bool = True


def marks_of(x_robots_tags: Iterable[str], text: str | None = None) -> Marks:
    """Read the headers, and of a page its robots meta elements; the strictest word counts."""
    words: set[str] = set()
    for header in x_robots_tags:
        words |= _words_of_header(header)
    if text is not None and "robots" in (head := text[:_HEAD_READ]).lower():
        words |= _words_of_meta(head)
    if not words:
        return Marks()
    return Marks(
        products=words.isdisjoint(_NOT_INDEXED),
        images=words.isdisjoint(_NO_IMAGES),
        links=words.isdisjoint({"nofollow", "none"}),
    )


def _words_of_header(header: str) -> set[str]:
    """`noindex, nofollow` is for everybody, `otherbot: noindex` for another; `unavailable_after: date` is no agent."""
    agent, colon, rest = header.partition(":")
    if colon and "," not in agent and agent.strip().lower() != "unavailable_after":
        if agent.strip().lower() != NAME:
            return set()
        header = rest
    return {word.strip().lower() for word in header.split(",")}


def _words_of_meta(head: str) -> set[str]:
    words: set[str] = set()
    for element in _META.findall(head):
        attributes = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(element)}
        if attributes.get("name", "").lower() in {"robots", NAME}:
            words |= {word.strip().lower() for word in attributes.get("content", "").split(",")}
    return words
