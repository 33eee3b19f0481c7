"""Questions with pictures as people see them: drawn products, seen on shelves and in a studio."""

from pathlib import Path

import numpy as np
from PIL import Image

from labelling.payloads import PHOTO_LETTERS, Candidate, Question
from recognition.pictures.question_sheets import candidates_sheet, cut_sheet, group_sheet
from recognition.vocabulary import QuestionKind
from skuloop.demo.catalogue import DemoProduct, demo_products
from skuloop.demo.photos import camera_photo, catalogue_photo

HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=2</script>'
"""A title as a shop that wishes annotators ill would write it."""


def draw_questions(images: Path) -> dict[str, Question]:
    """One question of each kind, its pictures below the images root; the second candidate's title is hostile."""
    products, random = _alike(), np.random.default_rng(11)
    studio = [[catalogue_photo(product, random) for _ in range(2)] for product in products]
    candidates = tuple(
        Candidate(
            product.sku, HOSTILE if at == 1 else product.title, 0.6 - at / 10, product.brand, f"{product.price} EUR"
        )
        for at, product in enumerate(products)
    )
    references = _write(images, "candidates", candidates_sheet(studio))
    two = _write(images, "two", candidates_sheet(studio[:2], ["labelled"]))
    seen = camera_photo(products[0], random)
    shelf = Image.new("RGB", (seen.width * 2, seen.height), "#d8d2c4")
    shelf.paste(seen, (seen.width // 2, 0))
    box = (shelf.width * 0.36, shelf.height * 0.1, shelf.width * 0.64, shelf.height * 0.9)
    cut = cut_sheet(shelf, box)
    assert cut is not None
    group = [camera_photo(products[3 if at in {2, 7} else 0], random) for at in range(8)]
    which, one, right = QuestionKind.WHICH_PRODUCT, QuestionKind.ONE_PRODUCT, QuestionKind.RIGHT_LABEL
    sheet = _write(images, "group", group_sheet(group, PHOTO_LETTERS))
    photos = tuple(f"{at:064}" for at in range(8))
    photo = _write(images, "photo", seen)
    prompt, label = "Which product is this?", "Is this label right? 1 is what the photo is said to show."
    return {
        "which": Question(
            "which", which, ("a" * 64,), _write(images, "cut", cut), references, candidates, prompt, "r-1"
        ),
        "group": Question("group", one, photos, sheet, references, candidates, "Do all of these show one?", "r-1"),
        "right": Question("right", right, ("b" * 64,), photo, two, candidates[:2], label, "r-1"),
        "unseen": Question("unseen", which, ("c" * 64,), photo, None, (), "Which product is that?", "r-1"),
    }


def _alike() -> list[DemoProduct]:
    return [product for product in demo_products() if product.in_shop][:5]


def _write(images: Path, name: str, picture: Image.Image) -> str:
    path = f"sheets/{name}.jpg"
    (images / path).parent.mkdir(exist_ok=True)
    picture.save(images / path, quality=88)
    return path
