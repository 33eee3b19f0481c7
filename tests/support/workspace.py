"""A small workspace of the loop: settings, and a folder of drawn photos with two classes."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

CLASSES = ("red-tea", "blue-tea")
PHOTOS_OF_EACH = 5

COLOURS = {"red-tea": (200, 40, 30), "blue-tea": (30, 60, 190)}


def small_workspace(folder: Path, timezone: str = "UTC", photos_of_each: int = PHOTOS_OF_EACH) -> Path:
    """Write settings and photos of two classes into `folder`, and return the path of the settings."""
    random = np.random.default_rng(7)
    for sku in CLASSES:
        (folder / "photos" / sku).mkdir(parents=True)
        for place in range(photos_of_each):
            drawn_photo(random, COLOURS[sku]).save(folder / "photos" / sku / f"{place}.jpg", quality=92)
    config = folder / "skuloop.toml"
    config.write_text(
        f'timezone = "{timezone}"\n\n'
        '[encoder]\nname = "handcrafted"\nworkers = 1\n\n'
        '[[source]]\nkind = "folder"\nname = "shelf"\npath = "photos"\n',
        encoding="utf-8",
    )
    return config


def drawn_photo(random: np.random.Generator, colour: tuple[int, int, int]) -> Image.Image:
    """A box of one colour on a mottled ground: sharp enough to be usable, and no two alike."""
    ground = random.integers(60, 200, size=(24, 24, 3), dtype=np.uint8)
    picture = Image.fromarray(ground).resize((240, 240), Image.Resampling.BICUBIC)
    left, top = (int(value) for value in random.integers(20, 90, size=2))
    box = np.clip(np.array(colour) + random.normal(scale=25, size=(110, 90, 3)), 0, 255).astype(np.uint8)
    picture.paste(Image.fromarray(box), (left, top))
    return picture.filter(ImageFilter.SHARPEN)
