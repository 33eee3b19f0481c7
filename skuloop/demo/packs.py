"""How each kind of pack is put together: the label, the parts without print, and their proportions."""

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np
from PIL import Image, ImageDraw

from skuloop.demo.catalogue import DemoProduct, Shape
from skuloop.demo.forms import Camera, Face, Gloss, fill_bag, fold, sheen, shoulders, turn
from skuloop.demo.labels import look_of, print_label
from skuloop.demo.paint import BLACK, WHITE, Colour, gradient, mix, rgb, stamp, word_tile

CANVAS_SIDE = 1536
_HALF_TURN = np.pi / 2
_SEEN = 0.66
_FROM_THE_RIGHT = Camera()
_SILVER = rgb("#c9ced3")


def pack(product: DemoProduct) -> Image.Image:
    """Return the packed product on a transparent square of CANVAS_SIDE pixels."""
    canvas = Image.new("RGBA", (CANVAS_SIDE, CANVAS_SIDE))
    _PACKERS[product.shape](canvas, product)
    return canvas


def _box(width: float, top: float, bottom: float) -> tuple[int, int, int, int]:
    """Return the pixels of a centred box given in shares of the canvas."""
    left = (1 - width) / 2
    return (
        round(left * CANVAS_SIDE),
        round(top * CANVAS_SIDE),
        round((1 - left) * CANVAS_SIDE),
        round(bottom * CANVAS_SIDE),
    )


def _wrap(product: DemoProduct, box: tuple[int, int, int, int]) -> Image.Image:
    size = (round((box[2] - box[0]) * _HALF_TURN), box[3] - box[1])
    return print_label(product, size, visible=_SEEN)


def _can(canvas: Image.Image, product: DemoProduct, width: float) -> None:
    body = _box(width, 0.085, 0.93)
    bend = round(0.05 * width * CANVAS_SIDE)
    art, metal = _wrap(product, body), sheen((400, 60), _SILVER)
    for top, bottom in ((0.0, 0.022), (0.982, 1.0)):
        art.paste(metal.resize((art.width, round((bottom - top) * art.height))), (0, round(top * art.height)))
    turn(canvas, art, body, bend=bend, profile=shoulders(0.085, 0.84, 0.05, 0.86), gloss=Gloss(0.42))
    _lid(canvas, body, bend)


def _lid(canvas: Image.Image, body: tuple[int, int, int, int], bend: int) -> None:
    pen, (left, top, right, _) = ImageDraw.Draw(canvas), body
    middle, half = (left + right) / 2, (right - left) / 2 * 0.85
    for inset, tint in ((0.0, rgb("#eef1f3")), (0.05, rgb("#8f969c")), (0.1, rgb("#c3c9ce")), (0.16, rgb("#d9dee2"))):
        wide, tall = half * (1 - inset), bend * (1 - inset * 1.6)
        pen.ellipse((middle - wide, top - tall, middle + wide, top + tall), fill=tint)
    pen.ellipse((middle - half * 0.2, top - bend * 0.36, middle + half * 0.2, top + bend * 0.5), fill=rgb("#aab1b7"))
    pen.ellipse((middle - half * 0.09, top + bend * 0.1, middle + half * 0.09, top + bend * 0.4), fill=rgb("#7d858b"))


def _jar(canvas: Image.Image, product: DemoProduct, width: float, top: float) -> None:
    glass, band, lid = (
        _box(width, top + 0.06, 0.925),
        _box(width * 1.004, top + 0.29, 0.865),
        _box(width * 0.86, top - 0.03, top + 0.085),
    )
    bend, sauce = round(0.045 * width * CANVAS_SIDE), _sauce((700, 500))
    turn(canvas, sauce, glass, bend=bend, profile=shoulders(0.2, 0.8, 0.07, 0.88), gloss=Gloss(0.5, 0.5))
    turn(canvas, _wrap(product, band), band, bend=bend, gloss=Gloss(0.14, 0.4))
    accent = look_of(product).accent
    turn(canvas, _knurled(accent), lid, bend=bend, gloss=Gloss(0.4, 0.5))
    middle, half = (lid[0] + lid[2]) / 2, (lid[2] - lid[0]) / 2
    pen = ImageDraw.Draw(canvas)
    for inset, tint in (
        (0.0, mix(accent, WHITE, 0.3)),
        (0.06, mix(accent, BLACK, 0.08)),
        (0.14, mix(accent, WHITE, 0.12)),
    ):
        wide, tall = half * (1 - inset), bend * (1 - inset * 1.5)
        pen.ellipse((middle - wide, lid[1] - tall, middle + wide, lid[1] + tall), fill=tint)


def _sauce(size: tuple[int, int]) -> Image.Image:
    sauce, rng = gradient(size, rgb("#c8321f"), rgb("#9c1f14")), np.random.default_rng(5)
    pen = ImageDraw.Draw(sauce)
    for _ in range(240):
        x, y, reach = rng.uniform(0, size[0]), rng.uniform(0.14 * size[1], size[1]), rng.uniform(3, 13)
        tint = (rgb("#e2603a"), rgb("#8a1a12"), rgb("#4d7a33"))[int(rng.choice(3, p=[0.5, 0.36, 0.14]))]
        pen.ellipse((x - reach, y - reach * 0.7, x + reach, y + reach * 0.7), fill=tint)
    pen.rectangle((0, 0, size[0], round(0.1 * size[1])), fill=rgb("#efe4dc"))
    return sauce.resize(size)


def _knurled(colour: Colour) -> Image.Image:
    ribs = 1 + 0.1 * np.sign(np.sin(np.arange(600) * 2 * np.pi / 12))
    rows = np.clip(np.asarray(colour)[None, None, :] * ribs[None, :, None] + np.zeros((60, 1, 1)), 0, 255)
    return Image.fromarray(rows.astype(np.uint8), "RGB")


def _bottle(canvas: Image.Image, product: DemoProduct) -> None:
    accent, body, cap = look_of(product).accent, _box(0.42, 0.2, 0.94), _box(0.2, 0.05, 0.215)
    bend = round(0.018 * CANVAS_SIDE)
    turn(canvas, _knurled(mix(accent, BLACK, 0.1)), cap, bend=bend, profile=shoulders(0.12, 0.92), gloss=Gloss(0.4))
    turn(
        canvas, _wrap(product, body), body, bend=bend, profile=shoulders(0.2, 0.46, 0.05, 0.86), gloss=Gloss(0.36, 0.3)
    )
    middle, half = (cap[0] + cap[2]) / 2, (cap[2] - cap[0]) / 2 * 0.92
    ImageDraw.Draw(canvas).ellipse(
        (middle - half, cap[1] - bend * 0.7, middle + half, cap[1] + bend * 0.8), fill=mix(accent, WHITE, 0.25)
    )


def _quad(*corners: tuple[float, float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array(corners, np.float64)


def _cuboid(
    canvas: Image.Image, product: DemoProduct, width: float, depth: float, camera: Camera = _FROM_THE_RIGHT
) -> None:
    """A closed box of height 1."""
    front, trim = print_label(product, (round(width * 1300), 1300)), _trim(product)
    x, z = width / 2, depth / 2
    faces = [
        Face(
            _quad((-x, 0.5, -z), (x, 0.5, -z), (x, 0.5, z), (-x, 0.5, z)),
            Image.new("RGB", (64, 64), mix(trim, WHITE, 0.14)),
            1.06,
        ),
        Face(_quad((x, 0.5, z), (x, 0.5, -z), (x, -0.5, -z), (x, -0.5, z)), _side(product, depth), 0.72),
        Face(_quad((-x, 0.5, z), (x, 0.5, z), (x, -0.5, z), (-x, -0.5, z)), front, 1.0),
    ]
    fold(canvas, faces, camera)


def _trim(product: DemoProduct) -> Colour:
    """Return the colour of a folded pack's unprinted sides."""
    own = {"Haverly": rgb("#0f5c63"), "Orchard Row": rgb("#1f4d36"), "Cacao Norte": rgb("#2b1a16")}
    return own.get(product.brand, look_of(product).accent)


def _side(product: DemoProduct, depth: float) -> Image.Image:
    """Return the narrow side: a stripe of accent, the brand written upwards, a bar code."""
    side = Image.new("RGB", (max(40, round(depth * 1300)), 1300), _trim(product))
    accent = look_of(product).accent
    side.paste(mix(accent, WHITE, 0.1), (0, 1010, side.width, 1300))
    words = word_tile(product.brand, round(min(110, side.width * 0.5)), mix(_trim(product), WHITE, 0.8), weight=0.02)
    stamp(side, words, (side.width / 2, 560), width=words.width, angle=90)
    side.paste(WHITE, (round(side.width * 0.18), 1090, round(side.width * 0.82), 1230))
    pen, rng = ImageDraw.Draw(side), np.random.default_rng(4)
    for x in range(round(side.width * 0.24), round(side.width * 0.76), 7):
        pen.line((x, 1105, x, 1215), fill=BLACK, width=int(rng.integers(2, 6)))
    return side


def _carton(canvas: Image.Image, product: DemoProduct, width: float, gable: float) -> None:
    """A drink carton of body height 1 with a gable roof and a fin."""
    front, trim = print_label(product, (round(width * 1300), 1300)), _trim(product)
    x = z = width / 2
    ridge, fin, roof = 0.5 + gable, 0.5 + gable + 0.085, Image.new("RGB", (300, 200), mix(trim, WHITE, 0.08))
    words = word_tile(product.flavour.upper(), 64, rgb("#d8b46a"), weight=0.03, tracking=0.1)
    stamp(roof, words, (150, 110), width=min(words.width, 220))
    plain = Image.new("RGB", (64, 64), mix(trim, WHITE, 0.05))
    faces = [
        Face(_quad((x, ridge, 0.01), (x, ridge, -0.01), (x, 0.5, -z), (x, 0.5, z)), plain, 0.6),
        Face(_quad((x, 0.5, z), (x, 0.5, -z), (x, -0.5, -z), (x, -0.5, z)), _side(product, width), 0.74),
        Face(_quad((-x, ridge, 0), (x, ridge, 0), (x, 0.5, z), (-x, 0.5, z)), roof, 1.12),
        Face(_quad((-x, fin, 0), (x, fin, 0), (x, ridge, 0), (-x, ridge, 0)), plain, 1.22),
        Face(_quad((-x, 0.5, z), (x, 0.5, z), (x, -0.5, z), (-x, -0.5, z)), front, 1.0),
    ]
    fold(canvas, faces, Camera(yaw=27, pitch=8))


def _bag(canvas: Image.Image, product: DemoProduct, width: float, seam: float = 0.045) -> None:
    box = _box(width, 0.04, 0.96)
    art = print_label(product, (box[2] - box[0], box[3] - box[1]))
    fill_bag(canvas, art, box, seam=seam, creases=sum(map(ord, product.shape)))


_Packer = Callable[[Image.Image, DemoProduct], None]
_PACKERS: Mapping[Shape, _Packer] = cast(
    "Mapping[Shape, _Packer]",
    {
        Shape.CAN: lambda canvas, product: _can(canvas, product, 0.52),
        Shape.TALL_CAN: lambda canvas, product: _can(canvas, product, 0.4),
        Shape.CARTON: lambda canvas, product: _carton(canvas, product, 0.56, 0.24),
        Shape.SMALL_CARTON: lambda canvas, product: _carton(canvas, product, 0.72, 0.26),
        Shape.BOX: lambda canvas, product: _cuboid(canvas, product, 0.7, 0.24),
        Shape.TEA_BOX: lambda canvas, product: _cuboid(canvas, product, 0.8, 0.42, Camera(yaw=28, pitch=13)),
        Shape.POUCH: lambda canvas, product: _bag(canvas, product, 0.66, 0.06),
        Shape.BAG: lambda canvas, product: _bag(canvas, product, 0.68),
        Shape.SHARE_BAG: lambda canvas, product: _bag(canvas, product, 0.84, 0.036),
        Shape.JAR: lambda canvas, product: _jar(canvas, product, 0.66, 0.13),
        Shape.LARGE_JAR: lambda canvas, product: _jar(canvas, product, 0.5, 0.1),
        Shape.BAR: lambda canvas, product: _cuboid(canvas, product, 0.46, 0.055, Camera(yaw=16, pitch=5)),
        Shape.BOTTLE: _bottle,
    },
)
