"""Price, currency and availability, however a shop writes them."""

import re
from decimal import Decimal, InvalidOperation

from price_parser import Price

from spiders.structured import Node, short_name

_PLAIN_DECIMAL = re.compile(r"^\d{1,12}(\.\d{1,6})?$")
_MAX_PRICE_TEXT = 60
_MAX_OFFERS = 200
_MOST, _DECIMALS = Decimal(10) ** 12, 4  # what the warehouse keeps of a price; beyond it is no price
_CURRENCY_CODE = re.compile(r"^[A-Z]{3}$")
_CURRENCY_OF_SYMBOL = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₺": "TRY", "₪": "ILS", "₩": "KRW", "₴": "UAH",
    "₸": "KZT", "zł": "PLN", "Kč": "CZK", "lei": "RON", "Lei": "RON", "CHF": "CHF", "Fr.": "CHF", "kn": "HRK",
    "Ft": "HUF", "R$": "BRL", "US$": "USD", "C$": "CAD", "A$": "AUD", "NT$": "TWD", "NZ$": "NZD", "HK$": "HKD",
    "S$": "SGD",
}  # fmt: skip

_AVAILABILITY = {
    name.lower(): name
    for name in (
        "InStock", "OutOfStock", "PreOrder", "PreSale", "BackOrder", "Discontinued", "SoldOut", "LimitedAvailability",
        "InStoreOnly", "OnlineOnly", "MadeToOrder", "Reserved",
    )
} | {
    "available": "InStock", "instock": "InStock", "availablefororder": "BackOrder", "oos": "OutOfStock",
    "outofstock": "OutOfStock", "unavailable": "OutOfStock", "notavailable": "OutOfStock", "pending": "BackOrder",
    "preorder": "PreOrder", "limitedstock": "LimitedAvailability",
}  # fmt: skip

_OFFER_TYPES = frozenset({"offer", "aggregateoffer", "offerforpurchase", "offerforlease"})


def parse_price(text: str | None) -> Decimal | None:
    """The amount in a text, or None; "1.234,50 €", "£1,234.50" and "1234.5" are all understood."""
    plain = " ".join(text.split()) if text else ""
    if not plain or len(plain) > _MAX_PRICE_TEXT:
        return None
    if _PLAIN_DECIMAL.match(plain):  # schema.org's own spelling: "1.299" is 1.299 there, not a thousand
        return _amount(plain)
    parsed = Price.fromstring(plain).amount
    return _amount(str(parsed)) if parsed is not None else None


def parse_currency(text: str | None) -> str | None:
    """The ISO 4217 code in a text; None where it is missing or could mean several, as a bare "$" does."""
    if text is None or not text.strip():
        return None
    plain = text.strip()
    if _CURRENCY_CODE.match(plain.upper()):
        return plain.upper()
    # A bare sign is only understood beside an amount.
    found = Price.fromstring(f"{plain[:_MAX_PRICE_TEXT]} 1").currency
    if found is None:
        return None
    return found.upper() if _CURRENCY_CODE.match(found.upper()) else _CURRENCY_OF_SYMBOL.get(found)


def parse_availability(text: str | None) -> str | None:
    """The schema.org short name for what a shop wrote ("http://schema.org/InStock", "in stock", "oos"), or None."""
    if not text:
        return None
    return _AVAILABILITY.get(re.sub(r"[^a-z]", "", short_name(text).lower()))


def offers_of(product: Node) -> tuple[Node, ...]:
    """The offers of a product, flattened: an aggregate's own offers come after it."""
    found: list[Node] = []
    queue = list(product.nodes("offers", "offer", "offerDetails"))
    queue.extend(offer for variant in product.nodes("hasVariant") for offer in variant.nodes("offers"))
    if not queue and product.texts("price", "lowPrice"):
        queue = [product]  # shops that put the offer's properties on the product itself
    while queue:
        offer = queue.pop(0)
        found.append(offer)
        if len(found) < _MAX_OFFERS:
            queue.extend(node for node in offer.nodes("offers", "itemOffered") if node.types & _OFFER_TYPES)
    return tuple(found)


def price_of(offer: Node) -> Decimal | None:
    """What the buyer pays: the price, the lowest of a range, or the price specification's; zero is no price."""
    texts = [*offer.texts("price"), *offer.texts("lowPrice")]
    for specification in offer.nodes("priceSpecification"):
        if not specification.nodes("referenceQuantity"):  # that would be the price per litre or kilogram
            texts.extend(specification.texts("price", "minPrice"))
    amounts = (parse_price(text) for text in texts)
    return next((amount for amount in amounts if amount), None)


def currency_of(offer: Node) -> str | None:
    """The currency of an offer or of its price specification."""
    codes = [*offer.texts("priceCurrency", "currency")]
    codes.extend(text for node in offer.nodes("priceSpecification") for text in node.texts("priceCurrency"))
    return next((code for code in map(parse_currency, codes) if code), None)


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < _MOST:
        return None
    return amount if amount == round(amount, _DECIMALS) else round(amount, _DECIMALS)
