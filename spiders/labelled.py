"""What a page tells people under a label or in the usual place: brand, barcode, stock, breadcrumbs, pictures.

For shops that tell machines less; asked last.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urljoin

from spiders.structured import HtmlElement
from spiders.words import BRAND_LABEL, GTIN_LABEL, IN_STOCK, PRE_ORDER, SOLD_OUT, STOCK_LABEL

_TRAIL = re.compile(r"bread-?crumb|\bcrumbs?\b|brotkrumen|fil-?d-?ariane|\bpath\b", re.IGNORECASE)
_PICTURE = re.compile(
    r"product|produkt|prod-|gallery|galerie|main|zoom|hauptbild|foto|photo|item|detail", re.IGNORECASE
)
_NO_PICTURE = re.compile(
    r"logo|icon|sprite|pixel|blank|spacer|placeholder|banner|avatar|flag|payment|rating|star|loader", re.IGNORECASE
)
_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:[?#]|$)", re.IGNORECASE)
_LAZY = ("data-zoom-image", "data-large_image", "data-large", "data-full", "data-src", "data-original", "src")
_MOST_PICTURES = 12
_LEAST_SIDE = 100


def brand_told(near: str) -> str | None:
    """The brand after its label."""
    return _after(BRAND_LABEL, near)


def gtin_told(near: str) -> str | None:
    """The barcode after its label."""
    return _after(GTIN_LABEL, near)


def stock_told(near: str) -> str | None:
    """What a label of stock announces, by schema.org's short name."""
    told = _after(STOCK_LABEL, near)
    if told is None:
        return None
    for words, name in ((PRE_ORDER, "PreOrder"), (SOLD_OUT, "OutOfStock"), (IN_STOCK, "InStock")):
        if words.search(told):
            return name
    return None


def trail_on(document: HtmlElement) -> tuple[str, ...]:
    """The steps from the front page to this one, without the front page itself."""
    for element in document.iter("nav", "ol", "ul", "div", "p", "span"):
        names = f"{element.get('class', '')} {element.get('id', '')} {element.get('aria-label', '')}"
        if _TRAIL.search(names):
            links = element.xpath(".//a")
            steps = [" ".join(link.text_content().split()) for link in links]
            if len(steps) > 1:
                return tuple(step for step in steps[1:] if step)
    return ()


def pictures_on(document: HtmlElement, titles: Sequence[str], url: str) -> tuple[str, ...]:
    """Pictures that seem to show the page's product: they bear its name, or are marked as a product's."""
    base = urljoin(url, next((tag.get("href") for tag in document.iter("base") if tag.get("href")), ""))
    wanted = {_key(title) for title in titles if title}
    found = dict.fromkeys(urljoin(base, address) for address in _pictures(document, wanted))
    return tuple(found)[:_MOST_PICTURES]


def _pictures(document: HtmlElement, wanted: set[str]) -> Iterator[str]:
    named: list[str] = []
    marked: list[str] = []
    for image in document.iter("img"):
        address = _address(image)
        if address is None:
            continue
        if _key(image.get("alt", "")) in wanted or _key(image.get("title", "")) in wanted:
            named.append(address)
        elif any(_PICTURE.search(_names(node)) for node in (image, image.getparent()) if node is not None):
            marked.append(address)
    yield from named or marked[:1]


def _address(image: HtmlElement) -> str | None:
    """The largest version of a picture: what a link around it leads to, or what its scripts would load."""
    around = image.getparent()
    if around is not None and around.tag == "a" and _IMAGE_FILE.search(around.get("href", "")):
        return str(around.get("href"))
    address = next((image.get(name) for name in _LAZY if image.get(name)), None)
    is_small = any(image.get(side, "").isdigit() and int(image.get(side)) < _LEAST_SIDE for side in ("width", "height"))
    if address is None or address.startswith("data:") or is_small or _NO_PICTURE.search(f"{address} {_names(image)}"):
        return None
    return str(address)


def _names(element: HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _after(label: re.Pattern[str], near: str) -> str | None:
    found = label.search(near)
    return found["value"].strip() or None if found else None


def _key(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())
