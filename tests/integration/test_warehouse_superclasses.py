"""Superclasses across releases, and the portraits of products, in a real database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recognition.vocabulary import LabelKind, LabelOrigin, PictureReason, ReleaseStatus
from tests.support.warehouses import migrated_warehouse
from warehouse.images import (
    ImageRef,
    ImageRow,
    MeasuredRow,
    add_images,
    likenesses,
    portraits,
    store_duplicate_groups,
    store_measurements,
)
from warehouse.labels import LabelEventRow, append_label_events
from warehouse.releases import ReleaseRow, SuperclassRow, add_release, next_superclass_id, superclass_ids

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FIRST = ReleaseRow("r1", "c1", "handcrafted", "f0", ReleaseStatus.PUBLISHED, "", "flat", None, 3, 2, 1, 400, NOON)
SECOND = replace(FIRST, release_id="r2", incumbent="r1")


@pytest.fixture
def db(tmp_path: Path):
    warehouse = migrated_warehouse(tmp_path / "w.duckdb")
    with warehouse.write() as session:
        yield session


def groups(**ids: int | None) -> list[SuperclassRow]:
    return [SuperclassRow(sku, 0, f"group {number}", number) for sku, number in ids.items()]


def churn(db) -> list[tuple[object, ...]]:
    asked = "SELECT release_id, classes, classes_in_both, moved, churn, born, gone FROM superclass_churn"
    return db._connection.execute(asked).fetchall()


def test_a_release_says_which_classes_moved_and_which_superclasses_came_and_went(db):
    add_release(db, FIRST, [], groups(tea=0, mate=0, cola=1, soda=2))
    add_release(db, SECOND, [], groups(tea=0, mate=3, cola=1, water=1))
    assert churn(db) == [
        ("r1", 4, 0, 0, None, ["group 0", "group 1", "group 2"], []),
        ("r2", 4, 3, 1, 1 / 3, ["group 3"], ["group 2"]),
    ]


def test_a_release_from_before_ids_were_kept_is_not_compared_with(db):
    add_release(db, FIRST, [], groups(tea=None, mate=None))
    assert (superclass_ids(db, "r1"), next_superclass_id(db)) == ({}, 0)
    add_release(db, SECOND, [], groups(tea=0, mate=1))
    assert churn(db) == [("r2", 2, 0, 0, None, ["group 0", "group 1"], [])]


def test_an_id_that_is_gone_for_long_is_not_free_again(db):
    add_release(db, FIRST, [], groups(tea=0, mate=7))
    add_release(db, SECOND, [], groups(tea=0, mate=0))
    assert superclass_ids(db, "r2") == {"tea": 0, "mate": 0}
    assert next_superclass_id(db) == 8


def said(sha: str, sku: str | None, origin: LabelOrigin, hour: int, actor: str = "ann") -> LabelEventRow:
    kind = LabelKind.SKU if sku else LabelKind.BAD_PHOTO
    return LabelEventRow(f"{sha}{hour}", sha, kind, sku, origin, actor, NOON + timedelta(hours=hour))


@pytest.fixture
def photos(db):
    """Three sound photos, a to c."""
    add_images(db, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", "run1") for sha in "abc"])
    store_measurements(db, [MeasuredRow(sha, 9, 9, 1.0, 1.0, 1.0, 0, PictureReason.OK) for sha in "abc"])


def test_a_photo_whose_label_was_corrected_is_no_portrait_of_what_it_does_not_show(db, photos):
    append_label_events(
        db,
        [
            said("a", "tea", LabelOrigin.CATALOGUE, 1, "shop"),
            said("b", "tea", LabelOrigin.FOLDER, 2, "shelf"),
            said("c", "tea", LabelOrigin.ANNOTATOR, 3),
        ],
    )
    assert portraits(db) == {"tea": "a.jpg"}
    append_label_events(db, [said("a", "mate", LabelOrigin.ANNOTATOR, 4)])
    assert portraits(db) == {"mate": "a.jpg", "tea": "b.jpg"}
    append_label_events(db, [said("b", None, LabelOrigin.ANNOTATOR, 5), said("c", "mate", LabelOrigin.ANNOTATOR, 6)])
    assert portraits(db) == {"mate": "a.jpg"}


def test_a_catalogue_photo_that_a_person_confirmed_stays_the_first_choice(db, photos):
    append_label_events(
        db,
        [
            said("a", "tea", LabelOrigin.FOLDER, 1, "shelf"),
            said("b", "tea", LabelOrigin.CATALOGUE, 2, "shop"),
            said("b", "tea", LabelOrigin.ANNOTATOR, 3),
        ],
    )
    assert portraits(db) == {"tea": "b.jpg"}


def test_a_product_is_shown_from_several_sides_and_never_twice_by_near_duplicates(db, photos):
    append_label_events(
        db,
        [
            said("a", "tea", LabelOrigin.FOLDER, 1, "shelf"),
            said("b", "tea", LabelOrigin.CATALOGUE, 2, "shop"),
            said("c", "tea", LabelOrigin.FOLDER, 3, "shelf"),
        ],
    )
    store_duplicate_groups(db, {"a": "a", "b": "a", "c": "c"})
    best, second = ImageRef("b", "b.jpg"), ImageRef("c", "c.jpg")
    assert likenesses(db, 3) == {"tea": [best, second]}
    assert likenesses(db, 1) == {"tea": [best]}
