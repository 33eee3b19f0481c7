"""The map of the catalogue as one HTML file: pan, zoom, search, filter, a card for each product. It asks no other host.

Titles come from other people's shops: they are data in the page, never markup.
"""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO

from PIL import Image

from recognition.release.catalogue_map import square
from recognition.release.catalogue_places import CataloguePlaces

MOST_THUMBNAILS = 4_000  # about 10 MB; further products are dots
_SHARP = 1_000  # up to so many thumbnails have the larger side
_PER_ROW = 16  # thumbnails in each row and column of a sheet: one picture decodes quicker than hundreds
_UNSAFE = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


@dataclass(frozen=True)
class ProductNote:
    """What the card says of a product: its title, and how many samples of it there are."""

    title: str
    samples: int


def catalogue_page(
    catalogue: CataloguePlaces,
    notes: Mapping[str, ProductNote],
    thumbnails: Mapping[str, Image.Image],
    title: str,
) -> bytes:
    """The page, in UTF-8.

    Args:
        catalogue: what stands where.
        notes: by SKU; a SKU without one is shown by its number alone.
        thumbnails: by SKU; at most `MOST_THUMBNAILS` are shown.
        title: of the page.
    """
    shown = [sku for sku in catalogue.classes if sku in thumbnails][:MOST_THUMBNAILS]
    side = 64 if len(shown) <= _SHARP else 48  # multiples of JPEG's blocks of 16: no thumbnail bleeds into another
    sheets = _sheets([square(thumbnails[sku], side) for sku in shown], side)
    place_on_sheet = {sku: number for number, sku in enumerate(shown)}
    data = {
        "sheets": [_data_uri(sheet) for sheet in sheets],
        "side": side,
        "perRow": _PER_ROW,
        "superclasses": [_superclass(catalogue, row) for row in range(len(catalogue.names))],
        "products": [
            {
                "sku": sku,
                "title": notes[sku].title if sku in notes else "",
                "samples": notes[sku].samples if sku in notes else 0,
                "tier": catalogue.tiers[row].value,
                "superclass": int(catalogue.superclass_of[row]),
                "x": int(catalogue.cells[row, 0]),
                "y": int(catalogue.cells[row, 1]),
                "picture": place_on_sheet.get(sku, -1),
            }
            for row, sku in enumerate(catalogue.classes)
        ],
    }
    template = (files("recognition.release") / "catalogue_page.html").read_text(encoding="utf-8")
    filled = template.replace("__TITLE__", html.escape(title)).replace("__CATALOGUE__", _as_script_data(data))
    return filled.encode()


def _as_script_data(data: object) -> str:
    """JSON that can stand in a script element whatever it holds: no sign in it can end the element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)


def _superclass(catalogue: CataloguePlaces, row: int) -> dict[str, str]:
    red, green, blue = (round(255 * float(share)) for share in catalogue.colours[row])
    return {"name": catalogue.names[row], "colour": f"#{red:02x}{green:02x}{blue:02x}"}


def _sheets(pictures: Sequence[Image.Image], side: int) -> list[Image.Image]:
    """The pictures on as few square sheets as hold them, row by row."""
    per_sheet = _PER_ROW**2
    sheets = []
    for at in range(0, len(pictures), per_sheet):
        some = pictures[at : at + per_sheet]
        sheet = Image.new("RGB", (side * _PER_ROW, side * -(-len(some) // _PER_ROW)), "white")
        for number, picture in enumerate(some):
            sheet.paste(picture, (number % _PER_ROW * side, number // _PER_ROW * side))
        sheets.append(sheet)
    return sheets


def _data_uri(sheet: Image.Image) -> str:
    stream = BytesIO()
    sheet.save(stream, format="JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
