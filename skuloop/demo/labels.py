"""Label art by product: one design per brand; flavours change the word, the accent and the motif."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

from skuloop.demo import designs
from skuloop.demo.catalogue import DemoProduct
from skuloop.demo.paint import rgb
from skuloop.demo.panel import Look, Panel


@dataclass(frozen=True, slots=True)
class _Brand:
    """A brand's design, its flavours, and how wide (in heights) the design may grow on a wide pack."""

    design: Callable[[Panel, DemoProduct, Look], None]
    looks: Mapping[str, Look]
    widest: float


def _look(accent: str, motif: str, ink: str | None = None) -> Look:
    return Look(rgb(accent), motif, rgb(ink or accent))


_BRANDS: Mapping[str, _Brand] = {
    "Solva": _Brand(
        designs.solva,
        {
            "Lemon": _look("#f0be12", "citrus"),
            "Blood Orange": _look("#ea5a2a", "citrus"),
            "Lime & Mint": _look("#78b52c", "citrus", "#2f8a4a"),
        },
        widest=0.66,
    ),
    "Orchard Row": _Brand(
        designs.orchard_row,
        {"Apple": _look("#c5352a", "apple"), "Pear": _look("#a3a728", "pear"), "Cherry": _look("#8a1238", "cherries")},
        widest=0.62,
    ),
    "Haverly": _Brand(
        designs.haverly,
        {
            "Honey": _look("#e09a17", "honey"),
            "Cocoa": _look("#6f4327", "squares"),
            "Berry": _look("#a32a68", "berries"),
        },
        widest=0.72,
    ),
    "Tamiko": _Brand(
        designs.tamiko,
        {
            "Green Sencha": _look("#6b9a4c", "sprig", "#4c8636"),
            "Chamomile": _look("#e2ae36", "daisy", "#e0a21e"),
            "Earl Grey": _look("#4d6296", "citrus", "#e3c04a"),
            "Rooibos": _look("#b14f2c", "leaf"),
        },
        widest=0.82,
    ),
    "Nonna Pia": _Brand(
        designs.nonna_pia,
        {
            "Basilico": _look("#3f8a3a", "sprig"),
            "Arrabbiata": _look("#d8421f", "chilli"),
            "Olive": _look("#5a3a63", "olives", "#5f6f33"),
        },
        widest=1.12,
    ),
    "Tidewell": _Brand(
        designs.tidewell,
        {
            "Sea Salt": _look("#2f8fd0", "drop", "#bfe4f7"),
            "Paprika": _look("#dc4a26", "chilli", "#c4201a"),
            "Salt & Vinegar": _look("#1f9f86", "drop", "#7a3f2a"),
        },
        widest=0.76,
    ),
    "Cacao Norte": _Brand(
        designs.cacao_norte,
        {
            "Dark 70%": _look("#b23a30", "squares", "#4a281b"),
            "Milk": _look("#d08f45", "drop", "#f3e6d0"),
            "Hazelnut": _look("#5f8a4e", "hazelnuts", "#a8693a"),
            "Sea Salt": _look("#3f8fb4", "squares", "#4a281b"),
        },
        widest=0.5,
    ),
    "Fjella": _Brand(
        designs.fjella, {"Pine": _look("#2f6b52", "pine"), "Lavender": _look("#8467b0", "lavender")}, widest=0.62
    ),
}


def print_label(product: DemoProduct, size: tuple[int, int], visible: float = 1.0) -> Image.Image:
    """Return the product's flat label of `size` pixels, of whose width the share `visible` is seen from the front."""
    brand = _BRANDS[product.brand]
    look = brand.looks[product.flavour]
    panel = Panel(Image.new("RGB", size, look.accent), min(size[0] * visible, size[1] * brand.widest))
    brand.design(panel, product, look)
    return panel.picture


def look_of(product: DemoProduct) -> Look:
    """Return the product's accent, motif and ink."""
    return _BRANDS[product.brand].looks[product.flavour]
