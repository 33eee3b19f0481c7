"""One product as a picture on a transparent ground, drawn once and kept at the sizes that are asked for."""

from functools import cache

from PIL import Image

from skuloop.demo.catalogue import DemoProduct
from skuloop.demo.packs import pack

MASTER_SIDE = 384


def draw_product(product: DemoProduct, size: int = MASTER_SIDE) -> Image.Image:
    """Return the product on a transparent square of `size` pixels (at most MASTER_SIDE keeps it crisp).

    The picture is shared and cached: copy it before painting on it.
    """
    master = _master(product)
    return master if size == MASTER_SIDE else _scaled(product, size)


@cache
def _master(product: DemoProduct) -> Image.Image:
    return pack(product).resize((MASTER_SIDE, MASTER_SIDE), Image.Resampling.BOX)


@cache
def _scaled(product: DemoProduct, size: int) -> Image.Image:
    return _master(product).resize((size, size), Image.Resampling.LANCZOS)
