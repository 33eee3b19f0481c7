"""The demo shop's pages as text. What comes from a product is escaped; nothing is loaded from elsewhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from urllib.parse import urlencode
from zlib import crc32

from skuloop.demo.shop_style import CSS

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF ", "SEK": "SEK "}
_STOCK_WORDS = {
    "InStock": "In stock",
    "LimitedAvailability": "Only a few left",
    "OutOfStock": "Out of stock",
    "SoldOut": "Sold out",
    "PreOrder": "Pre-order",
    "BackOrder": "On its way",
    "Discontinued": "No longer made",
}
_CANNOT_BUY = frozenset({"OutOfStock", "SoldOut", "Discontinued"})


@dataclass(frozen=True, slots=True)
class Card:
    """A product as the pages show it. `address` and `image` are paths on this shop."""

    sku: str
    title: str
    brand: str
    category: str
    gtin: str | None
    description: str
    price: Decimal
    currency: str
    availability: str
    address: str
    image: str | None


def listing(
    name: str, categories: Sequence[str], chosen: str | None, cards: Sequence[Card], total: int, page: int, pages: int
) -> str:
    """The front page, or one of its categories: `cards` of `total` products, `page` of `pages` (from 1)."""
    chips = [_chip("Everything", None, chosen), *(_chip(category, category, chosen) for category in categories)]
    heading = escape(chosen) if chosen else "Good things,<br>honestly priced."
    hero = f"""<section class="hero"><p class="eyebrow">{escape(name)}</p><h1>{heading}</h1>
<p class="lead">{_count(total)} on the shelf today.</p></section>"""
    grid = "".join(map(_card, cards)) or '<p class="lead">Nothing on this shelf at the moment.</p>'
    body = f"""{hero}<nav class="chips" aria-label="Categories">{"".join(chips)}</nav>
<div class="grid">{grid}</div>{_pager(chosen, page, pages)}"""
    return _layout(name, f"{chosen} · {name}" if chosen else name, body)


def product(name: str, url: str, card: Card, images: Sequence[str], related: Sequence[Card]) -> str:
    """A product's own page with its schema.org description; `url` and `images` are absolute addresses."""
    others = f"<section><h2>More {escape(card.category.lower())}</h2>{_grid(related)}</section>" if related else ""
    body = f"""<nav class="crumbs" aria-label="Breadcrumbs"><a href="/">{escape(name)}</a><span>/</span>
<a href="{_listing_address(card.category, 1)}">{escape(card.category)}</a></nav>
<article class="product"><div class="gallery">{_gallery(card, images)}</div><div class="facts">
<p class="eyebrow">{escape(card.brand)}</p><h1>{escape(card.title)}</h1>
<p class="price">{_money(card)}<small>{escape(card.currency)}</small></p>{_stock(card)}
{_buy_button(card)}<p class="text">{escape(card.description)}</p>{_details(card)}</div></article>{others}"""
    head = f"""<link rel="canonical" href="{escape(url)}">
<script type="application/ld+json">{_json_ld(url, card, images)}</script>"""
    return _layout(name, f"{card.title} · {name}", body, head)


def about(name: str, products: int) -> str:
    """A page that is about no product."""
    text = f"A shop that runs on this machine, with {_count(products)}: something real for a crawler to visit."
    return message(name, f"About {name}", text)


def message(name: str, title: str, text: str) -> str:
    """A page with one thing to say."""
    body = f"""<section class="hero"><h1>{escape(title)}</h1><p class="lead">{escape(text)}</p>
<p><a class="button quiet" href="/">Back to the shelves</a></p></section>"""
    return _layout(name, f"{title} · {name}", body)


def sitemap(addresses: Sequence[str]) -> str:
    """A sitemap (sitemaps.org 0.9) of absolute addresses."""
    entries = "".join(f"<url><loc>{escape(address)}</loc></url>" for address in addresses)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{schema}">{entries}</urlset>\n'


def _layout(name: str, title: str, body: str, head: str = "") -> str:
    initial = escape(name[:1].upper() or "S")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{escape(title)}</title><style>{CSS}</style>{head}</head>
<body><header class="bar">
<a class="brand" href="/"><span class="mark" aria-hidden="true">{initial}</span>{escape(name)}</a>
<nav><a href="/">Shop</a><a href="/about">About</a><a href="/cart" rel="nofollow">Cart</a></nav></header>
<main>{body}</main>
<footer><span>{escape(name)}</span><span>A demo shop of skuloop. Nothing here is for sale.</span></footer></body></html>
"""


def _grid(cards: Sequence[Card]) -> str:
    return f'<div class="grid">{"".join(map(_card, cards))}</div>'


def _card(card: Card) -> str:
    return f"""<a class="card" href="{escape(card.address)}"><div class="frame"{_tint(card)}>{_picture(card)}</div>
<div class="caption"><span class="maker">{escape(card.brand)}</span><strong>{escape(card.title)}</strong>
<span class="row"><span class="cost">{_money(card)}</span>{_stock(card)}</span></div></a>"""


def _picture(card: Card) -> str:
    if card.image is None:
        return f'<span class="blank" aria-hidden="true">{escape(card.title[:1].upper())}</span>'
    return f'<img loading="lazy" src="{escape(card.image)}" alt="{escape(card.title)}">'


def _gallery(card: Card, images: Sequence[str]) -> str:
    if not images:
        return f'<div class="frame"{_tint(card)}>{_picture(card)}</div>'
    frames = (
        f'<div class="frame"{_tint(card)}><img src="{escape(image)}" alt="{escape(card.title)}, view {number}"></div>'
        for number, image in enumerate(images, start=1)
    )
    return "".join(frames)


def _tint(card: Card) -> str:
    """A hue of the product's own, so that shelves without photos still look like shelves."""
    return f' style="--hue:{crc32(card.category.encode()) % 360}"'


def _money(card: Card) -> str:
    return f"{escape(_SIGNS.get(card.currency, card.currency + ' '))}{card.price:,.2f}"


def _stock(card: Card) -> str:
    words = _STOCK_WORDS.get(card.availability, card.availability)
    tone = "gone" if card.availability in _CANNOT_BUY else "soon" if card.availability != "InStock" else "here"
    return f'<span class="stock {tone}">{escape(words)}</span>'


def _buy_button(card: Card) -> str:
    if card.availability in _CANNOT_BUY:
        return '<p><span class="button off">Not available</span></p>'
    return '<p><a class="button" href="/cart" rel="nofollow">Add to cart</a></p>'


def _details(card: Card) -> str:
    facts = [("SKU", card.sku), ("GTIN", card.gtin), ("Brand", card.brand), ("Category", card.category)]
    rows = "".join(f"<div><dt>{label}</dt><dd>{escape(value)}</dd></div>" for label, value in facts if value)
    return f"<dl>{rows}</dl>"


def _count(number: int) -> str:
    return "1 product" if number == 1 else f"{number:,} products"


def _chip(label: str, category: str | None, chosen: str | None) -> str:
    current = ' aria-current="page"' if category == chosen else ""
    return f'<a href="{_listing_address(category, 1)}"{current}>{escape(label)}</a>'


def _pager(category: str | None, page: int, pages: int) -> str:
    if pages == 1:
        return ""
    before, after = _listing_address(category, page - 1), _listing_address(category, page + 1)
    left = f'<a rel="prev" href="{before}">← Back</a>' if page > 1 else "<span></span>"
    right = f'<a rel="next" href="{after}">More →</a>' if page < pages else "<span></span>"
    return f'<nav class="pager" aria-label="Pages">{left}<span>{page} / {pages}</span>{right}</nav>'


def _listing_address(category: str | None, page: int) -> str:
    query = {**({"category": category} if category else {}), **({"page": str(page)} if page > 1 else {})}
    return escape(f"/?{urlencode(query)}" if query else "/")


def _json_ld(url: str, card: Card, images: Sequence[str]) -> str:
    """The schema.org description. "<" is written as an escape: a title must not be able to end the script element."""
    document = {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": card.sku,
        "name": card.title,
        "description": card.description,
        "category": card.category,
        "brand": {"@type": "Brand", "name": card.brand},
        **({"gtin": card.gtin} if card.gtin else {}),
        "image": list(images),
        "url": url,
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": str(card.price),
            "priceCurrency": card.currency,
            "availability": f"https://schema.org/{card.availability}",
        },
    }
    return json.dumps(document, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
