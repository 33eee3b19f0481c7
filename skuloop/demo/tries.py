"""What to try the finished demo with: a table with several products, one product, something unknown, a film."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from skuloop.demo.catalogue import DemoProduct
from skuloop.demo.drawing import draw_product
from skuloop.demo.paint import gradient, rgb
from skuloop.demo.photos import camera_photo

TRIES = "try"

_TABLE = (1280, 960)
_ON_THE_TABLE = ((0.1, 0.03, 0.46, -3.0), (0.56, 0.05, 0.42, 4.0), (0.11, 0.52, 0.42, 6.0), (0.58, 0.5, 0.44, -5.0))
_TONES = ((204, 186, 160), (172, 154, 130))
_GLAZE, _BAND, _COFFEE = rgb("#dfe7f2"), rgb("#8a3fa8"), rgb("#3b2416")
_QUALITY = 90
_FILM_SIDE, _PHOTO_SIDE = 400, 600
_RATE, _SECONDS = 8, 2  # frames a second, seconds for each product
_SHOWN = 3  # products of the film


def write_tries(folder: Path, products: tuple[DemoProduct, ...], seed: int) -> Path:
    """Write `table.jpg`, `one.jpg`, `not-in-the-shop.jpg` and `film.webm` into `folder`/try and return that folder."""
    home = folder / TRIES
    home.mkdir(parents=True, exist_ok=True)
    sold = _of_different_brands(products)
    rng = np.random.default_rng([seed, len(TRIES)])
    table_with(sold[: len(_ON_THE_TABLE)], rng).save(home / "table.jpg", quality=_QUALITY)
    camera_photo(sold[-1], rng, _PHOTO_SIDE).save(home / "one.jpg", quality=_QUALITY)
    table_with_a_mug(rng).save(home / "not-in-the-shop.jpg", quality=_QUALITY)
    _write_film(home / "film.webm", [camera_photo(product, rng, _PHOTO_SIDE) for product in sold[:_SHOWN]])
    return home


def table_with(products: tuple[DemoProduct, ...], rng: np.random.Generator) -> Image.Image:
    """An RGB photo of up to four products that lie apart from each other on a table, lit from one side."""
    table = gradient(_TABLE, *_TONES)
    for product, (left, top, height, turn) in zip(products, _ON_THE_TABLE, strict=False):
        pack = draw_product(product, round(height * _TABLE[1])).rotate(turn, Image.Resampling.BICUBIC, expand=True)
        _lay(table, pack, (round(left * _TABLE[0]), round(top * _TABLE[1])))
    return _grained(table, rng)


def table_with_a_mug(rng: np.random.Generator) -> Image.Image:
    """An RGB photo of a mug, which is none of the demo's products."""
    fine = Image.new("RGBA", (1000, 1000))
    pen = ImageDraw.Draw(fine)
    pen.ellipse((560, 330, 920, 730), outline=_GLAZE, width=64)
    pen.rounded_rectangle((150, 180, 720, 880), 90, fill=_GLAZE)
    for top in (430, 520, 610):
        pen.rectangle((150, top, 720, top + 34), fill=_BAND)
    pen.ellipse((150, 120, 720, 250), fill=_GLAZE)
    pen.ellipse((190, 140, 680, 232), fill=_COFFEE)
    table = gradient(_TABLE, *_TONES)
    _lay(table, fine.resize((620, 620), Image.Resampling.LANCZOS), (330, 160))
    return _grained(table, rng)


def _lay(table: Image.Image, thing: Image.Image, corner: tuple[int, int]) -> None:
    """Paste an RGBA thing and its soft shadow."""
    shadow = thing.getchannel("A").filter(ImageFilter.GaussianBlur(7)).point([value * 2 // 5 for value in range(256)])
    table.paste((52, 44, 36), (corner[0] + 5, corner[1] + 8), shadow)
    table.paste(thing.convert("RGB"), corner, thing.getchannel("A"))


def _grained(table: Image.Image, rng: np.random.Generator) -> Image.Image:
    grain = rng.normal(0, 2.5, (table.height, table.width, 1))
    return Image.fromarray(np.clip(np.asarray(table) + grain, 0, 255).astype(np.uint8))


def _of_different_brands(products: tuple[DemoProduct, ...]) -> tuple[DemoProduct, ...]:
    first = {product.brand: product for product in reversed(products) if product.in_shop}
    return tuple(first.values())


def _write_film(path: Path, photos: list[Image.Image]) -> None:
    """A VP8 video, which every browser plays: the camera drifts over one photo after the other."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libvpx", rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = _FILM_SIDE, _FILM_SIDE, "yuv420p"
        stream.bit_rate = 2_000_000
        stream.options = {"deadline": "realtime", "cpu-used": "8"}
        for frame in _drifting(photos):
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))  # type: ignore[no-untyped-call]
        container.mux(stream.encode())


def _drifting(photos: list[Image.Image]) -> Iterator[Image.Image]:
    count = _RATE * _SECONDS
    for photo in photos:
        for step in range(count):
            room = photo.width * 0.1 * (1 - step / count)  # comes closer, and never cuts a product off
            box = (room * 0.2, room * 0.2, photo.width - room * 0.8, photo.height - room * 0.8)
            yield photo.resize((_FILM_SIDE, _FILM_SIDE), Image.Resampling.BILINEAR, box)
