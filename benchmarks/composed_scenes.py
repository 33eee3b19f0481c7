"""Scenes with several products whose boxes are known: cut-outs of catalogue pictures laid on a ground. Synthetic.

A ground is a table (one tinted colour with a gradient of light and grain) or a shop out of focus (a blurred photo).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from recognition.isolation.cutout import CutOut
from recognition.isolation.masks import share_inside
from recognition.isolation.protocol import Box

SIZE = (960, 720)
HEIGHTS = (0.22, 0.42)
"""How large products are, as shares of the scene's height."""

_TRIES = 60
_GROUNDS = ("table", "shop")


@dataclass(frozen=True, slots=True, eq=False)
class ComposedScene:
    """A picture, and what it shows where."""

    picture: Image.Image
    ground: str
    skus: tuple[str, ...]
    boxes: tuple[Box, ...]


def compose(
    cutouts: Sequence[tuple[str, CutOut]],
    shops: Sequence[Image.Image],
    count: int,
    seed: int,
    heights: tuple[float, float] = HEIGHTS,
) -> list[ComposedScene]:
    """`count` scenes of two to six products each, every second one on a table; same seed, same pixels.

    Args:
        cutouts: SKU and product.
        shops: photos that are blurred for grounds.
        count: of scenes.
        seed: of all that is drawn.
        heights: how large products are, least and most.
    """
    scenes = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        name = _GROUNDS[number % 2]
        ground = _table(rng) if name == "table" else _shop(shops[int(rng.integers(len(shops)))], rng)
        scenes.append(_laid_on(ground, name, cutouts, rng, heights))
    return scenes


def _laid_on(
    ground: Image.Image,
    name: str,
    cutouts: Sequence[tuple[str, CutOut]],
    rng: np.random.Generator,
    heights: tuple[float, float],
) -> ComposedScene:
    skus: list[str] = []
    boxes: list[Box] = []
    wanted = int(rng.integers(2, 7))
    for _ in range(_TRIES):
        if len(boxes) == wanted:
            break
        sku, cutout = cutouts[int(rng.integers(len(cutouts)))]
        layer = _turned(cutout.product, rng, heights)
        left = int(rng.integers(0, SIZE[0] - layer.width + 1))
        top = int(rng.integers(0, SIZE[1] - layer.height + 1))
        box = Box(left, top, left + layer.width, top + layer.height)
        if any(share_inside(box, other) > 0.05 or share_inside(other, box) > 0.05 for other in boxes):
            continue
        shadow = Image.new("RGB", layer.size, (25, 22, 20))
        soft = layer.getchannel("A").filter(ImageFilter.GaussianBlur(6)).point([value * 2 // 5 for value in range(256)])
        ground.paste(shadow, (left + 5, top + 7), soft)
        ground.paste(layer.convert("RGB"), (left, top), layer.getchannel("A"))
        skus.append(sku)
        boxes.append(box)
    return ComposedScene(ground, name, tuple(skus), tuple(boxes))


def _turned(product: Image.Image, rng: np.random.Generator, heights: tuple[float, float]) -> Image.Image:
    """A product turned a little, at a share of the scene's height, in another light."""
    turned = product.rotate(float(rng.normal(0, 8)), Image.Resampling.BICUBIC, expand=True)
    turned = turned.crop(turned.getchannel("A").getbbox())
    scale = SIZE[1] * float(rng.uniform(*heights)) / max(turned.size)
    sized = turned.resize((max(round(turned.width * scale), 1), max(round(turned.height * scale), 1)))
    lit = ImageEnhance.Brightness(sized.convert("RGB")).enhance(float(rng.uniform(0.8, 1.1)))
    lit.putalpha(sized.getchannel("A"))
    return lit


def _table(rng: np.random.Generator) -> Image.Image:
    tint = rng.uniform((110, 95, 80), (215, 205, 200))
    light = np.linspace(*rng.uniform(0.75, 1.1, size=2), SIZE[0])[None, :, None]
    grain = rng.normal(0, 6, size=(SIZE[1], SIZE[0], 1))
    return Image.fromarray((tint * light + grain).clip(0, 255).astype(np.uint8))


def _shop(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    return photo.convert("RGB").resize(SIZE).filter(ImageFilter.GaussianBlur(float(rng.uniform(5, 12))))
