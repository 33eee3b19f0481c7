"""Photos of products: clean ones as a shop shows them, and camera ones as people and carts take them."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from skuloop.demo.catalogue import DemoProduct, demo_products
from skuloop.demo.drawing import draw_product
from skuloop.demo.forms import perspective
from skuloop.demo.paint import gradient, mix
from skuloop.demo.scenes import from_above, shelf, table

PHOTO_SIDE = 224
_STUDIO = ((226, 229, 232), (236, 230, 222), (222, 228, 226))
_IN_FRONT = 0.16  # share of camera photos in which something hides a corner of the product
_STEPS = (96, 128, 176, 224, 288, 600)  # products are kept at these sizes; each photo warps the next larger one


@dataclass(frozen=True, slots=True)
class Pose:
    """How a product stands in a photo: centre and height in shares of the picture, turn in degrees, and tilt.

    `tilt` is how far each of the four corners is moved, in shares of the height [4, 2].
    """

    x: float
    y: float
    height: float
    turn: float
    tilt: tuple[tuple[float, float], ...]


def catalogue_photo(product: DemoProduct, rng: np.random.Generator, size: int = PHOTO_SIDE) -> Image.Image:
    """Return an RGB studio photo: the product on white or a soft gradient, with a contact shadow, hardly turned."""
    tone = mix((255, 255, 255), _STUDIO[int(rng.integers(len(_STUDIO)))], float(rng.choice([0.0, 0.5, 1.0])))
    scene = gradient((size, size), (255, 255, 255), tone)
    pose = _pose(rng, (0.45, 0.55), (0.47, 0.53), (0.74, 0.95), turn=3, tilt=0.025)
    _place(scene, product, pose, shadow=0.32)
    light = rng.uniform(0.97, 1.03)
    return scene.point(lambda value: min(255, value * light))


def camera_photo(product: DemoProduct, rng: np.random.Generator, size: int = PHOTO_SIDE) -> Image.Image:
    """Return an RGB photo from a shelf, a table or a belt.

    Other products are partly in view, never in the middle; the view is turned and tilted; light, white balance,
    focus and sensor noise vary.
    """
    place = int(rng.choice(3, p=[0.4, 0.35, 0.25]))
    turn = (3.0, 6.0, 24.0)[place]
    pose = _pose(rng, (0.42, 0.58), (0.44, 0.56), (0.66, 0.9), turn=turn, tilt=0.05)
    floor = pose.y + pose.height * 0.46  # where products stand: their pictures have a little air below
    scene = shelf(size, rng, floor) if place == 0 else (table, from_above)[place - 1](size, rng)
    others = [neighbour for neighbour in _shelf_mates() if neighbour.sku != product.sku]
    crowd = [
        others[int(index)]
        for index in rng.choice(len(others), int(rng.integers(2 if place == 0 else 1, 4)), replace=False)
    ]
    sides = rng.permutation([-1.0, 1.0, float(rng.choice([-1.0, 1.0]))])
    for other, direction in zip(crowd, sides, strict=False):
        _place(scene, other, _beside(pose, direction, rng, turn), shadow=0.4, shade=rng.uniform(0.7, 1.0))
    _place(scene, product, pose, shadow=0.45)
    if rng.random() < _IN_FRONT:
        _place(scene, others[int(rng.integers(len(others)))], _before(pose, rng), shadow=0.4)
    return _develop(scene, rng)


@cache
def _shelf_mates() -> tuple[DemoProduct, ...]:
    return tuple(product for product in demo_products() if product.in_shop)


def _pose(
    rng: np.random.Generator,
    x: tuple[float, float],
    y: tuple[float, float],
    height: tuple[float, float],
    *,
    turn: float,
    tilt: float,
) -> Pose:
    corners = tuple((float(a), float(b)) for a, b in rng.uniform(-tilt, tilt, (4, 2)))
    return Pose(rng.uniform(*x), rng.uniform(*y), rng.uniform(*height), rng.uniform(-turn, turn), corners)


def _beside(pose: Pose, direction: float, rng: np.random.Generator, turn: float) -> Pose:
    """Return a neighbour's pose: to one side, half out of the picture or half behind the product."""
    x = pose.x + direction * rng.uniform(0.4, 0.58)
    around = _pose(rng, (x, x), (pose.y - 0.06, pose.y + 0.08), (0.55, 0.85), turn=turn, tilt=0.05)
    floor = pose.y + pose.height * 0.46 + rng.uniform(-0.03, 0.01)  # neighbours stand on the same board
    return Pose(around.x, floor - around.height * 0.46, around.height, around.turn, around.tilt)


def _before(pose: Pose, rng: np.random.Generator) -> Pose:
    """Return the pose of something in front that hides a lower corner of the product."""
    x = pose.x + float(rng.choice([-1.0, 1.0])) * rng.uniform(0.36, 0.46)
    return _pose(rng, (x, x), (0.92, 1.02), (0.5, 0.66), turn=8, tilt=0.05)


def _place(scene: Image.Image, product: DemoProduct, pose: Pose, *, shadow: float, shade: float = 1.0) -> None:
    """Paint the product and its shadow on the scene; `shadow` is opacity, `shade` dims what stands further back."""
    side, height = scene.width, pose.height * scene.width
    step = next((step for step in _STEPS if step >= height), _STEPS[-1])
    source = draw_product(product, step)
    turn = np.radians(pose.turn)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    square = (np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) + np.array(pose.tilt)) * height
    corners = square @ spin + np.array([pose.x, pose.y]) * side
    matrix = perspective([(0, 0), (step, 0), (step, step), (0, step)], [(float(x), float(y)) for x, y in corners])
    shown = source.transform((side, side), Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC)
    alpha = shown.getchannel("A")
    _cast(scene, alpha, pose, shadow)
    if shade < 1:
        shown = shown.point(lambda value: value * shade)
    scene.paste(shown.convert("RGB"), mask=alpha)


def _cast(scene: Image.Image, alpha: Image.Image, pose: Pose, opacity: float) -> None:
    """Darken the scene beside and beneath the product, softly."""
    small = scene.width // 4
    soft = ImageChops.offset(alpha.resize((small, small), Image.Resampling.BILINEAR), 2, 1)
    box = alpha.getbbox()
    if box is not None:
        left, right, floor = box[0] / 4, box[2] / 4, min(box[3] / 4, small + 4)
        lying = abs(pose.turn) > 9
        if not lying:
            ImageDraw.Draw(soft).ellipse((left - 1, floor - 3, right + 3, floor + 2), fill=255)
    soft = soft.filter(ImageFilter.GaussianBlur(2.2)).point(lambda value: value * opacity)
    scene.paste((18, 16, 20), mask=soft.resize(scene.size, Image.Resampling.BILINEAR))


def _develop(scene: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return what a small camera makes of the scene: focus, light from one side, white balance, noise."""
    if rng.random() < 0.75:
        scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9)))
    side = scene.width
    turn, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.3)
    line = np.linspace(-1, 1, side, dtype=np.float32)
    light = rng.uniform(0.84, 1.16) * (1 + fall * 0.5 * (np.cos(turn) * line[None, :] + np.sin(turn) * line[:, None]))
    light *= 1 - rng.uniform(0, 0.14) * (line[None, :] ** 2 + line[:, None] ** 2)
    warmth, tint = rng.normal(0, 0.055), rng.normal(0, 0.02)
    balance = np.array([1 + warmth, 1 + tint, 1 - warmth], np.float32)
    pixels = np.asarray(scene, np.float32) * light[..., None].astype(np.float32) * balance
    contrast = rng.uniform(0.86, 1.1)
    pixels = (pixels - 118) * contrast + 118
    pixels += rng.standard_normal((side, side, 3), np.float32) * rng.uniform(1.5, 6.5)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
