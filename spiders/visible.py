"""What a page shows to people, for shops that tell machines nothing or only half: price, product code, sold out or not.

These are rules of thumb over the words and class names that shops use; structured data is always asked first.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from spiders.offers import parse_currency, parse_price
from spiders.structured import HtmlElement
from spiders.words import BUY, CODE_LABEL, IN_STOCK, MONEY, OTHER_PRICE, PRICE_NAME, SOLD_OUT

_HIDDEN_TAGS = frozenset({"script", "style", "noscript", "template", "svg", "head", "select", "iframe"})
_STRUCK_TAGS = frozenset({"del", "s", "strike"})
_UNREAD_TAGS = _HIDDEN_TAGS | _STRUCK_TAGS
_BLOCK_TAGS = frozenset(
    {"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "section", "article", "ul", "table", "br", "dl"}
)
_NAMED = etree.XPath("//*[self::h1 or @class or @id or @itemprop]")
_ALL_TEXT = etree.XPath("string()")
_TEXTS_WITH = etree.XPath("//text()[contains(., $code)]")
_UNSEEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|line-through", re.IGNORECASE)
_MOST_PIECES = 20
_MAX_WRITTEN = 40
_REDUCTION = re.compile(r"[-\u2013\u2212]\s?(\d{1,2})\s?%")
_ROUNDING = Decimal("0.006")  # of a percentage without decimals
_DEPTH = 6
_NEAR = 4000  # characters of visible text after the heading in which a product's own facts stand


@dataclass(frozen=True, slots=True)
class VisiblePrice:
    """An amount on the page and its currency, None where the sign could mean several."""

    amount: Decimal
    currency: str | None


class VisiblePage:
    """The page as a reader meets it. Each part is read when it is first asked for: most pages tell machines enough."""

    def __init__(self, document: HtmlElement) -> None:
        self._document = document

    @cached_property
    def heading(self) -> str | None:
        """The first heading of the page."""
        headings = (" ".join(element.text_content().split()) for element in self._document.iter("h1"))
        return next((text for text in headings if text), None)

    @cached_property
    def text(self) -> str:
        """All text that is shown, but what is struck through; blocks end in a line break."""
        return "".join(_texts(self._document))

    def may_hold(self, words: Iterable[str]) -> bool:
        """Whether one of these (lower case) is anywhere in the page: a cheap no before its visible text is gathered."""
        text = _ALL_TEXT(self._document).lower()
        return any(word in text for word in words)

    @cached_property
    def near(self) -> str:
        """The text after the heading."""
        start = max(self.text.find(self.heading), 0) if self.heading else 0
        return self.text[start : start + _NEAR]

    @cached_property
    def marked_prices(self) -> tuple[VisiblePrice, ...]:
        """Amounts in elements whose class or id speaks of a price, those after the heading first."""
        return tuple(_marked_prices(self._document))

    @cached_property
    def first_marked_price(self) -> VisiblePrice | None:
        """The first of these: the rest of the page is not looked at for it."""
        return next(_marked_prices(self._document), None)

    @cached_property
    def written_prices(self) -> tuple[VisiblePrice, ...]:
        """Amounts with a sign of currency in the text after the heading."""
        return tuple(_written_prices(self.near)) if self.heading else ()

    @property
    def price(self) -> VisiblePrice | None:
        """What the page seems to ask for its product: what is marked as a price, or stands before that on its own."""
        marked = next(iter(self.marked_prices), None)
        alone = self._price_alone
        if marked is None or alone is None or alone.amount == marked.amount:
            return marked or next(iter(self.written_prices), None)
        amounts = [price.amount for price in self.written_prices]
        comes_first = marked.amount in amounts and amounts.index(alone.amount) < amounts.index(marked.amount)
        return alone if comes_first and alone.amount not in {price.amount for price in self.marked_prices} else marked

    @property
    def _price_alone(self) -> VisiblePrice | None:
        """The first amount near the heading that has a line to itself."""
        lines = (line.strip() for line in self.near.splitlines())
        line = next((line for line in lines if line and MONEY.fullmatch(line)), None)
        return next((price for price in self.written_prices if line and price.amount == parse_price(line)), None)

    def is_reduced(self, amount: Decimal, to: Decimal) -> bool:
        """Whether the page announces the reduction between two amounts ("-30%")."""
        told = (Decimal(match[1]) for match in _REDUCTION.finditer(self.near))
        return amount > 0 and any(abs(amount * (1 - percent / 100) - to) <= amount * _ROUNDING for percent in told)

    @property
    def code(self) -> str | None:
        """The product code that a label on the page announces."""
        for part in (self.near, self.text):
            for match in CODE_LABEL.finditer(part):
                code = match["code"].rstrip("._-/")
                if any(character.isdigit() for character in code):
                    return code
        return None

    @property
    def says_sold_out(self) -> bool:
        """Whether the words near the heading say that it cannot be bought, and none invites to buy (another size)."""
        return bool(SOLD_OUT.search(self.near)) and not self.offers_to_buy and not IN_STOCK.search(self.near)

    @property
    def offers_to_buy(self) -> bool:
        """Whether the words near the heading invite to buy."""
        return bool(BUY.search(self.near))

    def shows(self, code: str) -> bool:
        """Whether a code stands in the page's text as a word of its own."""
        # XPath takes no characters that XML forbids.
        pieces = _TEXTS_WITH(self._document, code=code)[:_MOST_PIECES] if code.isprintable() and " " not in code else ()
        # One piece of text holds it as a rule; all of the text is put together only where none does.
        if any(_holds(piece, code) and _is_read(piece) for piece in pieces):
            return True
        return _holds(self._lower, code.lower())

    @cached_property
    def _lower(self) -> str:
        return self.text.lower()


def _holds(text: str, code: str) -> bool:
    """Whether a code stands in a text with no letter or digit beside it."""
    start = 0
    while code and (found := text.find(code, start)) >= 0:
        around = text[max(found - 1, 0) : found] + text[found + len(code) : found + len(code) + 1]
        if not any(character.isascii() and character.isalnum() for character in around):
            return True
        start = found + 1
    return False


def _is_read(piece: Any) -> bool:
    """Whether a text of the tree, as XPath hands it out, is among what `_texts` yields."""
    current = piece.getparent().getparent() if piece.is_tail else piece.getparent()
    while current is not None:
        if not isinstance(current.tag, str) or current.tag in _UNREAD_TAGS or _is_unseen(current):
            return False
        current = current.getparent()
    return True


def _texts(element: HtmlElement) -> Iterator[str]:
    """Visible text in document order; blocks end in a line break. Iterative: hostile pages nest very deep."""
    stack: list[HtmlElement | str] = [element]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            yield current
            continue
        if not isinstance(current.tag, str) or current.tag in _UNREAD_TAGS or _is_unseen(current):
            continue
        if current.text and (folded := " ".join(current.text.split())):
            yield f"{folded} "
        if current.tag in _BLOCK_TAGS:
            stack.append("\n")
        for child in reversed(current):
            if child.tail and (tail := " ".join(child.tail.split())):
                stack.append(f"{tail} ")
            stack.append(child)


def _is_unseen(element: HtmlElement) -> bool:
    """Whether the element itself says that it is not shown, or is struck through."""
    style = element.get("style")
    return element.get("hidden") is not None or (style is not None and bool(_UNSEEN_STYLE.search(style)))


def _marked_prices(document: HtmlElement) -> Iterator[VisiblePrice]:
    """Amounts in elements whose class or id speaks of a price, those after the heading first."""
    after_heading = False
    early: list[HtmlElement] = []
    for element in _NAMED(document):
        if element.tag == "h1":
            after_heading = True
        if not after_heading:
            early.append(element)
        elif (price := _marked_price(element)) is not None:
            yield price
    yield from (price for element in early if (price := _marked_price(element)) is not None)


def _marked_price(element: HtmlElement) -> VisiblePrice | None:
    name = f"{element.get('class', '')} {element.get('id', '')} {element.get('itemprop', '')}"
    if element.tag in _HIDDEN_TAGS or not PRICE_NAME.search(name) or _is_other_price(element):
        return None
    text = " ".join(_current_text(element).split())
    money = MONEY.search(text)
    written = money[0] if money else text
    if len(written) > _MAX_WRITTEN or not any(character.isdigit() for character in written):
        return None
    amount = parse_price(written)
    return VisiblePrice(amount, parse_currency(written)) if amount else None


def _current_text(element: HtmlElement, depth: int = 0) -> str:
    """The element's text without the former prices inside it."""
    parts = [element.text or ""]
    for child in element:
        if (
            isinstance(child.tag, str)
            and child.tag not in _HIDDEN_TAGS
            and not _names_other_price(child)
            and depth < _DEPTH
        ):
            parts.append(_current_text(child, depth + 1))
        parts.append(child.tail or "")
    return " ".join(parts) if depth == 0 else "".join(parts)


def _names_other_price(element: HtmlElement) -> bool:
    return element.tag in _STRUCK_TAGS or bool(
        OTHER_PRICE.search(f"{element.get('class', '')} {element.get('id', '')}")
    )


def _is_other_price(element: HtmlElement) -> bool:
    """Whether the element, or one it stands in, is about a former price, a price per unit or another product."""
    current: HtmlElement | None = element
    for _ in range(_DEPTH):
        if current is None:
            return False
        if _names_other_price(current):
            return True
        current = current.getparent()
    return False


def _written_prices(text: str) -> Iterator[VisiblePrice]:
    """Amounts with a currency sign in the text near the heading."""
    for match in MONEY.finditer(text):
        amount = parse_price(match[0].strip())
        if amount:
            yield VisiblePrice(amount, parse_currency(match[0]))
