"""The picture of the demo's catalogue that the README shows."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from skuloop.demo.catalogue import DemoProduct, demo_products
from skuloop.demo.drawing import draw_product
from skuloop.demo.paint import rgb, stamp, word_tile

_COLUMNS = 8
_TILE = (150, 196)
_MARGIN = 4
_PACK = 136
_FINE = 2
_STEP = 4  # tones that no eye tells apart cost half of the file
_PAPER = rgb("#fcfcfc")
_INK, _QUIET = rgb("#2b2f36"), rgb("#8a9099")


def catalogue_sheet(products: Sequence[DemoProduct]) -> Image.Image:
    """Return an RGB sheet about 1200 pixels wide; products that no one has named yet carry a question mark."""
    rows = -(-len(products) // _COLUMNS)
    wide, high = _COLUMNS * _TILE[0] + 2 * _MARGIN, rows * _TILE[1] + 2 * _MARGIN
    sheet = Image.new("RGB", (wide * _FINE, high * _FINE), _PAPER)
    for index, product in enumerate(products):
        row, column = divmod(index, _COLUMNS)
        missing = max(0, (row + 1) * _COLUMNS - len(products))
        _show(
            sheet,
            product,
            round((_MARGIN + (column + missing / 2) * _TILE[0]) * _FINE),
            (_MARGIN + row * _TILE[1]) * _FINE,
        )
    return sheet.resize((wide, high), Image.Resampling.LANCZOS)


def _show(sheet: Image.Image, product: DemoProduct, left: int, top: int) -> None:
    side, middle = _PACK * _FINE, left + _TILE[0] * _FINE / 2
    pack = draw_product(product, side)
    shadow = Image.new("L", (side + 24, side + 24))
    box = pack.getchannel("A").getbbox() or (0, 0, side, side)
    ImageDraw.Draw(shadow).ellipse((box[0] + 2, box[3] - 18, box[2] + 10, box[3] + 6), fill=120)
    corner = (round(middle - side / 2), top + 8 * _FINE)
    sheet.paste((40, 44, 52), corner, shadow.filter(ImageFilter.GaussianBlur(6)))
    sheet.paste(pack.convert("RGB"), corner, pack.getchannel("A"))
    for words, y, height, ink in (
        (product.brand if product.in_shop else f"{product.brand} ?", 155, 11, _INK),
        (f"{product.flavour}, {product.contents}" if product.in_shop else "no one has named it yet", 172, 9, _QUIET),
    ):
        tile = word_tile(words, height * _FINE, ink, weight=0.02 if ink == _INK else 0.0)
        stamp(sheet, tile, (middle, top + y * _FINE), width=tile.width)


def write_catalogue_picture(path: Path, seed: int = 7) -> Path:
    """Write the sheet of all demo products as a PNG of less than 400 kB and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = catalogue_sheet(demo_products(seed)).point(lambda value: min(255, (value + 2) // _STEP * _STEP))
    coarse.save(path, optimize=True)
    return path
