"""Pictures that a shop shows at many products: kept out of training with their reason, and seen by the data team."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from recognition.vocabulary import LabelKind, LabelOrigin, Tier
from spiders.items import ImageRef, ProductItem
from tasks.audit import audit_catalogue
from tests.support.feeds import FIRST_NIGHT, Store, product
from tests.support.workspace import drawn_photo
from warehouse.audits import current_tiers
from warehouse.images import refused_images
from warehouse.labels import LabelEventRow, append_label_events

SOON, LOGO = "soon", "logo"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.made_in(tmp_path)


def picture(name: str) -> Image.Image:
    if name == LOGO:
        drawing = Image.new("RGB", (240, 240), "white")
        pen = ImageDraw.Draw(drawing)
        pen.ellipse((40, 40, 200, 200), fill=(20, 60, 160))
        pen.text((90, 110), "SHOP", fill="white")
        return drawing
    return drawn_photo(np.random.default_rng(list(name.encode())), (160, 60, 40))


def stored(store: Store, name: str) -> ImageRef:
    """A real picture in the image store."""
    from spiders.images import ImageStore

    path = store.config.parent / f"{name}.jpg"
    if not path.exists():
        picture(name).save(path, quality=92)
    return ImageStore(store.parts.paths.images).add(path.read_bytes(), f"https://shop.example/{name}.jpg")


def listed(store: Store, sku: str, *pictures: str, **said: object) -> ProductItem:
    images = tuple(stored(store, name) for name in pictures)
    return product(sku, pictures=(), **said).model_copy(update={"images": images})


def audited(store: Store, night: int, items: list[ProductItem]) -> None:
    store.night(night, items)
    with store.loop(f"audit-{night}") as loop:
        audit_catalogue.fn(loop)


def test_a_picture_at_five_products_is_a_placeholder_and_quarantines_none_of_them(store: Store) -> None:
    audited(store, 0, [listed(store, f"A{n}", SOON, f"own{n}") for n in range(5)])
    soon = stored(store, SOON).sha256
    with store.parts.warehouse.read() as db:
        assert refused_images(db) == {soon}
        assert set(current_tiers(db).values()) == {Tier.GALLERY}
    assert store.query("SELECT reason FROM decision WHERE subject = ? AND action = 'drop'", soon) == [("placeholder",)]
    assert store.query("SELECT source, images, skus FROM placeholder_pictures") == [("shop", 1, 5)]


def test_a_photo_at_four_products_is_a_conflict_but_a_drawing_of_few_colours_a_placeholder(store: Store) -> None:
    audited(store, 0, [listed(store, f"A{n}", SOON, LOGO) for n in range(4)])
    with store.parts.warehouse.read() as db:
        assert refused_images(db) == {stored(store, LOGO).sha256}


def test_a_picture_that_sizes_and_colours_of_one_product_share_is_no_placeholder(store: Store) -> None:
    audited(store, 0, [listed(store, f"A{n}", "family", group="shirt") for n in range(8)])
    with store.parts.warehouse.read() as db:
        assert refused_images(db) == set()


def test_what_turns_out_to_be_one_product_group_comes_back(store: Store) -> None:
    audited(store, 0, [listed(store, f"A{n}", "family", f"own{n}") for n in range(6)])
    audited(store, 1, [listed(store, f"A{n}", "family", f"own{n}", group="shirt") for n in range(6)])
    with store.parts.warehouse.read() as db:
        assert refused_images(db) == set()
    actions = "SELECT action, reason FROM decision WHERE subject = ? ORDER BY seq"
    family = stored(store, "family").sha256
    assert store.query(actions, family) == [("drop", "placeholder"), ("keep", "not_everywhere")]


def test_a_new_copy_of_a_placeholder_is_one_at_once(store: Store) -> None:
    audited(store, 0, [listed(store, f"A{n}", SOON) for n in range(5)])
    copy = store.config.parent / "copy.jpg"
    picture(SOON).resize((200, 200)).save(copy, quality=80)
    audited(store, 1, [*(listed(store, f"A{n}", SOON) for n in range(5)), listed(store, "B", "copy")])
    with store.parts.warehouse.read() as db:
        assert stored(store, "copy").sha256 in refused_images(db)


def test_a_picture_that_a_person_named_is_a_product_however_often_it_is_shown(store: Store) -> None:
    items = [listed(store, f"A{n}", SOON) for n in range(6)]
    store.night(0, items)
    said = LabelEventRow(
        "e", stored(store, SOON).sha256, LabelKind.SKU, "A0", LabelOrigin.ANNOTATOR, "ann", FIRST_NIGHT
    )
    with store.parts.warehouse.write() as db:
        append_label_events(db, [said])
    with store.loop("audit") as loop:
        audit_catalogue.fn(loop)
    with store.parts.warehouse.read() as db:
        assert refused_images(db) == set()
