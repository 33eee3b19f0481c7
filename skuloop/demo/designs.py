"""The designs of the eight brands: each paints one flat label on a panel, whatever the flavour and the size."""

import numpy as np
from PIL import ImageDraw

from skuloop.demo.catalogue import DemoProduct
from skuloop.demo.paint import BLACK, WHITE, gradient, mix, rgb
from skuloop.demo.panel import Look, Panel

CREAM = rgb("#fbf3df")
GOLD = rgb("#d8b46a")
NAVY = rgb("#14315c")
TEAL = rgb("#0f5c63")


def solva(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A pale can with waves of the flavour's colour and a cut fruit."""
    panel.picture.paste(gradient(panel.size, rgb("#f6fafc"), rgb("#dbe7ee")))
    panel.below(0.5, 0.035, mix(look.accent, WHITE, 0.45), phase=0.6)
    panel.below(0.545, 0.035, look.accent, phase=0.9)
    panel.below(0.86, 0.02, mix(look.accent, BLACK, 0.16), phase=2.4)
    panel.motif(look.motif, look.accent, 0.16, 0.5, 0.62, angle=14)
    if look.ink != look.accent:
        panel.motif("sprig", look.ink, -0.24, 0.57, 0.32, angle=24)
    for x, y, width in (
        (-0.3, 0.42, 0.07),
        (-0.2, 0.36, 0.04),
        (0.34, 0.33, 0.05),
        (-0.36, 0.5, 0.04),
        (0.02, 0.31, 0.03),
    ):
        panel.disc(y, width, mix(look.accent, WHITE, 0.62), x)
    panel.word("SOLVA", 0.17, 0.24, NAVY, weight=0.03, tracking=0.02, room=0.76)
    panel.word("SPARKLING WATER", 0.27, 0.075, NAVY, tracking=0.14, room=0.72)
    panel.word(product.flavour, 0.76, 0.17, WHITE, weight=0.024, room=0.8)
    panel.word(product.contents, 0.91, 0.085, WHITE, weight=0.02)


def orchard_row(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A cream carton under a green roof, with one large fruit."""
    green = rgb("#1f4d36")
    panel.picture.paste(gradient(panel.size, CREAM, rgb("#f3e3bd")))
    panel.below(0.73, 0.018, mix(look.accent, WHITE, 0.3), waves=0.8, phase=1.2)
    panel.below(0.765, 0.02, look.accent, waves=0.7)
    panel.band(0.0, 0.235, green)
    panel.word("ORCHARD", 0.085, 0.17, CREAM, weight=0.03, tracking=0.08)
    panel.word("ROW", 0.17, 0.13, GOLD, weight=0.02, tracking=0.34)
    panel.disc(0.5, 0.8, mix(look.accent, WHITE, 0.78))
    panel.motif(look.motif, look.accent, 0.0, 0.49, 0.68)
    panel.word(product.flavour.upper(), 0.835, 0.17, WHITE, weight=0.03, tracking=0.05)
    panel.word(f"pressed juice  ·  {product.contents}", 0.925, 0.085, CREAM, room=0.84)


def haverly(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A teal pack with a band for the flavour and a bowl of granola."""
    panel.picture.paste(gradient(panel.size, mix(TEAL, WHITE, 0.1), mix(TEAL, BLACK, 0.2)))
    panel.disc(0.08, 1.7, mix(TEAL, WHITE, 0.16), squeeze=0.5)
    panel.word("haverly", 0.15, 0.28, CREAM, weight=0.03, room=0.8)
    panel.word("OVEN-BAKED GRANOLA", 0.266, 0.07, GOLD, tracking=0.14, weight=0.012)
    panel.band(0.31, 0.43, look.accent)
    panel.band(0.31, 0.318, GOLD)
    panel.band(0.422, 0.43, GOLD)
    panel.word(product.flavour.upper(), 0.37, 0.15, WHITE, weight=0.03, tracking=0.12)
    _bowl(panel, look)
    panel.word(product.contents, 0.955, 0.07, CREAM, weight=0.01)


def _bowl(panel: Panel, look: Look) -> None:
    grain, rng = rgb("#c98f4a"), np.random.default_rng(3)
    panel.disc(0.8, 0.84, mix(TEAL, BLACK, 0.42), squeeze=0.36)
    panel.disc(0.76, 0.82, rgb("#e9ecea"), squeeze=0.5)
    panel.disc(0.68, 0.86, WHITE, squeeze=0.34)
    panel.disc(0.68, 0.76, mix(grain, BLACK, 0.2), squeeze=0.29)
    for _ in range(90):
        x, y = rng.uniform(-0.34, 0.34), rng.uniform(-0.05, 0.05)
        if (x / 0.36) ** 2 + (y / 0.06) ** 2 < 1:
            tint = mix(mix(grain, look.accent, 0.25), WHITE, float(rng.uniform(0, 0.4)))
            panel.disc(0.675 + y, float(rng.uniform(0.03, 0.06)), tint, x, squeeze=0.75)
    panel.motif(look.motif, look.accent, 0.02, 0.6, 0.42)


def tamiko(panel: Panel, product: DemoProduct, look: Look) -> None:
    """One matte colour, a paper disc with the motif, and fine waves."""
    paper = rgb("#f7f1e3")
    panel.picture.paste(gradient(panel.size, mix(look.accent, WHITE, 0.08), mix(look.accent, BLACK, 0.1)))
    for row in range(9):
        panel.below(
            0.78 + row * 0.028, 0.009, mix(look.accent, WHITE, 0.2 if row % 2 else 0.05), waves=2.5, phase=row * 1.3
        )
    panel.disc(0.44, 0.74, mix(look.accent, BLACK, 0.22))
    panel.disc(0.44, 0.7, paper)
    panel.motif(look.motif, look.ink, 0.0, 0.44, 0.5)
    panel.word("TAMIKO", 0.075, 0.14, paper, tracking=0.3, weight=0.02, room=0.8)
    panel.band(0.735, 0.91, paper)
    panel.word(product.flavour, 0.795, 0.12, mix(look.accent, BLACK, 0.35), weight=0.03)
    panel.word(product.contents, 0.872, 0.06, mix(look.accent, BLACK, 0.2), tracking=0.08)


def nonna_pia(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A cream label between strips of gingham."""
    panel.picture.paste(CREAM, (0, 0, *panel.size))
    cell, wide = panel.size[1] * 0.05, panel.size[0]
    pen = ImageDraw.Draw(panel.picture)
    for row, top in ((0, 0.0), (1, 0.05), (0, 0.9), (1, 0.95)):
        for column in range(int(wide / cell) + 1):
            tint = mix(look.accent, WHITE, 0.0 if (column + row) % 2 else 0.55)
            pen.rectangle(
                (column * cell, top * panel.size[1], (column + 1) * cell, top * panel.size[1] + cell), fill=tint
            )
    panel.word("Nonna Pia", 0.25, 0.21, rgb("#8f1d1d"), weight=0.024, lean=True, room=0.8)
    panel.word("SUGO DI POMODORO", 0.395, 0.06, rgb("#6d5a3a"), tracking=0.12, room=0.66)
    panel.motif("tomato", rgb("#d23b2a"), -0.15, 0.57, 0.26)
    panel.motif(look.motif, look.ink, 0.15, 0.57, 0.26)
    panel.band(0.705, 0.86, look.accent)
    panel.word(product.flavour, 0.783, 0.125, WHITE, weight=0.03)


def tidewell(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A bright bag with rays, a heap of crisps and a dark sea."""
    panel.picture.paste(gradient(panel.size, mix(look.accent, WHITE, 0.22), look.accent))
    for ray in range(12):
        turn = np.pi * (ray + np.array([0.0, 0.5])) / 12 * 2
        rays = np.vstack([[[0.5, 0.6]], np.column_stack([0.5 + 1.5 * np.cos(turn), 0.6 + 1.5 * np.sin(turn)])])
        panel.shape(rays, mix(look.accent, WHITE, 0.13))
    for x, y, width, angle in (
        (-0.22, 0.6, 0.46, 30),
        (0.24, 0.57, 0.44, -24),
        (0.0, 0.54, 0.42, 70),
        (0.03, 0.67, 0.52, 4),
    ):
        panel.motif("crisp", rgb("#f0c35a"), x, y, width, angle)
    panel.motif(look.motif, look.ink, 0.32, 0.7, 0.26, 12)
    panel.below(0.79, 0.014, WHITE, waves=1.5)
    panel.below(0.805, 0.014, NAVY, waves=1.5, phase=0.4)
    panel.word("Tidewell", 0.2, 0.27, NAVY, weight=0.07, lean=True, room=0.86)
    panel.word("Tidewell", 0.2, 0.27, WHITE, weight=0.022, lean=True, room=0.83)
    panel.word("HAND-COOKED CRISPS", 0.315, 0.07, WHITE, weight=0.02, tracking=0.12, room=0.74)
    panel.word(product.flavour, 0.87, 0.125, WHITE, weight=0.024, room=0.8)
    panel.word(product.contents, 0.945, 0.05, mix(look.accent, WHITE, 0.5), tracking=0.06)


def cacao_norte(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A dark wrapper with rows of triangles."""
    dark = rgb("#2b1a16")
    panel.picture.paste(gradient(panel.size, mix(dark, WHITE, 0.06), dark))
    cell = 0.125
    for row in range(4):
        for column in range(-4, 4):
            (x, _), tall = panel.at((column + 0.5) * 2 * cell, 0.0), panel.span * cell
            top = panel.size[1] * 0.5 + row * tall
            tint = (look.accent, mix(look.accent, BLACK, 0.4), GOLD, mix(look.accent, WHITE, 0.35))[(row + column) % 4]
            points = [(x - tall, top + tall), (x + tall, top + tall), (x, top)]
            ImageDraw.Draw(panel.picture).polygon(points, fill=tint)
    panel.band(0.0, 0.03, look.accent)
    panel.word("CACAO", 0.13, 0.21, GOLD, weight=0.03, tracking=0.12, room=0.8)
    panel.word("NORTE", 0.225, 0.21, GOLD, weight=0.03, tracking=0.12, room=0.8)
    panel.motif(look.motif, look.ink, 0.0, 0.37, 0.36)
    panel.band(0.8, 1.0, look.accent)
    panel.band(0.8, 0.808, GOLD)
    panel.word(product.flavour, 0.875, 0.16, WHITE, weight=0.022, room=0.82)
    panel.word(f"single origin  ·  {product.contents}", 0.945, 0.066, CREAM, room=0.78)


def fjella(panel: Panel, product: DemoProduct, look: Look) -> None:
    """A white bottle before mountains."""
    panel.picture.paste(gradient(panel.size, rgb("#fbfcfc"), rgb("#e8eff0")))
    for peaks, y, tint in (((-0.3, 0.05, 0.4), 0.56, 0.62), ((-0.42, -0.12, 0.22), 0.66, 0.3)):
        for x in peaks:
            (cx, top), half = panel.at(x, y), panel.span * 0.34
            peak = [
                (cx - half, panel.size[1]),
                (cx - half, top + half * 1.15),
                (cx, top),
                (cx + half, top + half * 1.15),
            ]
            ImageDraw.Draw(panel.picture).polygon(
                [*peak, (cx + half, panel.size[1])], fill=mix(look.accent, WHITE, tint)
            )
    panel.below(0.83, 0.01, look.accent, waves=0.8)
    panel.motif(look.motif, look.ink, 0.0, 0.46, 0.34)
    panel.word("fjella", 0.19, 0.24, mix(look.accent, BLACK, 0.5), weight=0.015, tracking=0.06)
    panel.word("SHOWER GEL", 0.305, 0.07, mix(look.accent, BLACK, 0.3), tracking=0.22)
    panel.word(product.flavour, 0.895, 0.12, WHITE, weight=0.03, tracking=0.04)
    panel.word(product.contents, 0.965, 0.06, WHITE)
