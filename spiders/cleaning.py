"""Text at the door: what a shop wrote becomes plain text before anything stores or shows it."""

import html
import re
import unicodedata
from urllib.parse import unquote, urlsplit

TITLE_LENGTH = 300
DESCRIPTION_LENGTH = 2000
SKU_LENGTH = 128

# The content of these is code, not words: it goes with its tags. An unclosed one takes the rest of the text with it.
_CODE = re.compile(r"<\s*(script|style|template|noscript)\b.*?(?:<\s*/\s*\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# A tag starts with a letter, "/", "!" or "?": "3 < 5" is words. A tag may be cut off by the end of the text.
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*(?:>|\Z)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_ENTITY_LAYERS = 3


def clean_text(text: str | None, limit: int = TITLE_LENGTH) -> str | None:
    """Plain text of at most `limit` characters, or None where nothing is left.

    Entities are decoded (also doubly encoded ones, which would otherwise come alive later), tags removed, control and
    invisible format characters dropped (they can reverse or hide words), white space folded, NFC applied.
    """
    if not text:
        return None
    plain = text[: limit * 20]  # a megabyte of markup is an attack or a mistake; the cost must stay small
    for _ in range(_MAX_ENTITY_LAYERS):
        stripped = _without_markup(plain)
        decoded = html.unescape(stripped)
        if decoded == plain:
            break
        plain = decoded
    plain = _without_markup(plain)
    if not (plain.isascii() and plain.isprintable()):
        plain = "".join(_visible(character) for character in unicodedata.normalize("NFC", plain))
    return " ".join(plain.split())[:limit].rstrip() or None


def _without_markup(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub(" ", _COMMENT.sub(" ", _CODE.sub(" ", text)))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in {"Cf", "Cs", "Co", "Cn"} else character


def safe_sku(raw: str | None, prefix: str = "") -> str | None:
    """A product id of [A-Za-z0-9._-], or None where nothing usable is left. Case is kept: ids may differ by it."""
    if not raw:
        return None
    ascii_text = unicodedata.normalize("NFKD", raw.strip()).encode("ascii", "ignore").decode("ascii")
    safe = _UNSAFE.sub("-", ascii_text).strip("-.")
    return f"{prefix}{safe}"[:SKU_LENGTH] if safe else None


def slug_of_url(url: str) -> str | None:
    """The last telling part of a URL's path without its file ending: "/p/red-mug.html" gives "red-mug"."""
    parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
    return re.sub(r"\.(html?|php|aspx?)$", "", parts[-1], flags=re.IGNORECASE) if parts else None
