"""Which column of a feed or table holds what, in the names that Google Merchant, shops and people give them."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from spiders.cleaning import slug_of_url
from spiders.kinds.rows import Row, plain_name
from spiders.records import RawProduct

_NAMES: Mapping[str, str] = {
    "sku": "id sku itemid productid articleid articleno articlenumber artikelnummer artnr art itemnumber itemno code "
    "productcode ref reference referencia referenz codigo variantid variantsku offerid",
    "title": "title name productname producttitle itemname bezeichnung titel nom nombre nome naam nazwa "
    "artikelbezeichnung",
    "image": "imagelink image imageurl images imageurls picture pictureurl pictures photo photourl photos img imgurl "
    "bild bildurl foto fotourl imgsrc imagesrc thumbnail thumbnailurl",
    "price": "price currentprice preis prix precio prezzo prijs cena amount pricewithvat pricevat",
    "currency": "currency currencycode pricecurrency waehrung devise moneda valuta currencyid",
    "availability": "availability stockstatus available instock verfuegbarkeit disponibilite disponibilidad stock",
    "brand": "brand manufacturer vendor marke hersteller marque marca merk maker brandname",
    "gtin": "gtin ean ean13 upc barcode isbn gtin13 gtin14 gtin12 ean8 eancode",
    "mpn": "mpn manufacturerpartnumber partnumber herstellernummer modelnumber model",
    "category": "producttype category googleproductcategory kategorie categorie categoria categorytext type class",
    "group": "itemgroupid groupid parentid parentsku group itemgroup mastersku",
    "variant": "variant varianttitle variantname option",
    "description": "description longdescription shortdescription beschreibung body summary content",
    "url": "link url producturl productlink deeplink href permalink",
}  # fmt: skip
_GUESSES = {field: tuple(names.split()) for field, names in _NAMES.items()}
_MORE_IMAGES = re.compile(r"^(?:additionalimage(?:link|s|url)?|(?:image|picture|photo|img|bild|foto)(?:url|link)?)\d*$")
_BETWEEN_IMAGES = re.compile(r"[|\s]+|[;,](?=\s*(?:https?:|/))")
_VARIANT_PARTS = ("color", "colour", "farbe", "size", "groesse", "material", "pattern")
_YES, _NO = {"true", "yes", "y", "ja", "oui", "si", "1"}, {"false", "no", "n", "nein", "non", "0"}


class Columns:
    """Reads rows as products. `chosen` names columns for fields; the others are guessed by their names."""

    def __init__(self, chosen: Mapping[str, str], now: datetime) -> None:
        self._chosen = {field: (plain_name(column),) for field, column in chosen.items()}
        self._now = now

    def product(self, row: Row, place: int, base: str) -> RawProduct:
        """The product of one row; `place` counts from 1, `base` is the address of the file."""
        link = self._text(row, "url")
        available = self._text(row, "availability") or ""
        return RawProduct(
            url=link or f"{base}#{place}",
            sku=self._text(row, "sku") or self._text(row, "gtin") or (slug_of_url(link) if link else None),
            title=self._text(row, "title"),
            images=tuple(self._images(row)),
            price=self._price(row),
            currency=self._text(row, "currency"),
            availability=available,
            available=_yes_or_no(available),
            brand=self._text(row, "brand"),
            gtin=self._text(row, "gtin"),
            mpn=self._text(row, "mpn"),
            category=_last_step(self._text(row, "category")),
            group=self._text(row, "group"),
            variant=self._text(row, "variant") or _variant(row),
            description=self._text(row, "description"),
        )

    def missing(self, row: Row) -> tuple[str, ...]:
        """Which of the fields that a product cannot do without no column of this row stands for."""
        needed = {"title": ("title",), "image": ("image",), "sku": ("sku", "gtin", "mpn", "url")}
        return tuple(name for name, fields in needed.items() if not any(self._names(row, field) for field in fields))

    def _names(self, row: Row, field: str) -> list[str]:
        return [name for name in self._chosen.get(field) or _GUESSES[field] if name in row]

    def _text(self, row: Row, field: str) -> str | None:
        return next((row[name][0] for name in self._names(row, field) if row[name]), None)

    def _images(self, row: Row) -> Iterator[str]:
        names = self._names(row, "image")[:1]
        if "image" not in self._chosen:
            names += [name for name in row if _MORE_IMAGES.match(name) and name not in names]
        for name in names:
            for cell in row[name]:
                yield from (part for part in _BETWEEN_IMAGES.split(cell) if part)

    def _price(self, row: Row) -> str | None:
        """What is paid now: the sale's price while the sale lasts."""
        sale = row.get("saleprice")
        if "price" in self._chosen or not sale or not self._lasts(row.get("salepriceeffectivedate")):
            return self._text(row, "price")
        return sale[0]

    def _lasts(self, window: object) -> bool:
        """Whether now is within "start/end"; a sale without dates lasts, one whose dates cannot be read does not."""
        if not isinstance(window, list) or not window:
            return True
        try:
            start, end = (_moment(part) for part in str(window[0]).split("/"))
        except ValueError:
            return False
        return start <= self._now <= end


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _yes_or_no(text: str) -> bool | None:
    plain = text.strip().lower()
    if plain.isdigit():
        return int(plain) > 0  # a number of pieces
    return True if plain in _YES else False if plain in _NO else None


def _last_step(path: str | None) -> str | None:
    """Mugs, of "Home > Kitchen > Mugs"."""
    return re.split(r"\s*(?:>|»|\|)\s*", path)[-1] or None if path else None


def _variant(row: Row) -> str | None:
    return " / ".join(row[name][0] for name in _VARIANT_PARTS if row.get(name)) or None
