"""The audit settles labels and counts classes in the database; photo by photo, in Python, it comes to the same."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from recognition.audit.labels import ResolvedLabel, resolve_labels
from recognition.audit.split import assign_parts
from recognition.audit.tiers import count_classes
from recognition.vocabulary import LabelKind, LabelOrigin, Part, PictureReason
from tasks.audit import split_photos
from tasks.labels import settle_disputes, settled_labels
from tests.support.feeds import Store, product
from warehouse.answers import golden_results
from warehouse.audits import class_counts, parts, photos_to_split, store_parts
from warehouse.images import (
    ImageRow,
    MeasuredRow,
    add_images,
    duplicate_groups,
    refused_images,
    store_duplicate_groups,
    store_measurements,
)
from warehouse.labels import (
    LabelEventRow,
    append_label_events,
    label_events,
    undisputed_labels,
    withdraw_statements,
)
from warehouse.listings import families
from warehouse.products import product_skus

NOON = datetime(2031, 3, 1, 12, tzinfo=UTC)
PHOTOS, EVENTS, SKUS = 300, 900, 12


@pytest.mark.parametrize("seed", range(3))
def test_counts_of_the_database_are_those_of_a_photo_by_photo_count(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    store = Store.made_in(tmp_path)
    sizes = [
        product(f"S{n}", pictures=(), price=Decimal(5), group=f"shirt-{n // 2}" if n < 6 else None) for n in range(SKUS)
    ]
    store.night(0, sizes)  # S0 and S1 are two sizes of one shirt, and so on; S11 never gets a photo
    photos = [f"photo-{seed}-{place}" for place in range(PHOTOS)]
    events = [_event(random, place, photos) for place in range(EVENTS)] + _outvoted(photos[:9])
    with store.parts.warehouse.write() as db:
        add_images(db, [ImageRow(name, name, 1, "JPEG", "run") for name in photos])
        reasons = random.choice([PictureReason.OK, PictureReason.OK, PictureReason.BLURRED], PHOTOS)
        store_measurements(
            db,
            [MeasuredRow(name, 9, 9, 1.0, 1.0, 1.0, 1, reason) for name, reason in zip(photos, reasons, strict=True)],
        )
        store_duplicate_groups(db, {name: photos[place - place % 3] for place, name in enumerate(photos) if place % 2})
        append_label_events(db, events)
        withdraw_statements(db, events[: EVENTS : EVENTS // 20], "somebody", NOON)
        labels = settled_labels(db)
        settle_disputes(db)
    with store.parts.warehouse.read() as db:
        groups, known = duplicate_groups(db), families(db)
        by_hand = count_classes(labels.values(), refused_images(db), groups, product_skus(db), known)
        assert sum(label.weighed for label in labels.values()) > 3, "somebody must have been outvoted"
        assert len(known) == 6
        assert sum(count.conflicts for count in by_hand.values()) > 20
        assert sum(count.samples for count in by_hand.values()) > 20
        assert class_counts(db) == by_hand


@pytest.mark.parametrize("seed", range(3, 8))
def test_labels_settled_in_the_database_are_those_that_are_settled_photo_by_photo(tmp_path: Path, seed: int) -> None:
    random, store, photos = _catalogue(tmp_path, seed)
    events = [_event(random, place, photos) for place in range(EVENTS)] + _outvoted(photos[:9])
    with store.parts.warehouse.write() as db:
        append_label_events(db, events)
        withdraw_statements(db, events[: EVENTS : EVENTS // 40], "somebody", NOON)
    with store.parts.warehouse.read() as db:
        settled = settled_labels(db)
        assert settled == resolve_labels(label_events(db), golden_results(db))
        undisputed = undisputed_labels(db)
    assert sum(label.weighed for label in settled.values()) > 3, "somebody must have been outvoted"
    assert {label.origin for label in undisputed.values()} == set(LabelOrigin)
    assert {label.kind for label in undisputed.values()} == {
        LabelKind.SKU,
        LabelKind.NOT_A_PRODUCT,
        LabelKind.BAD_PHOTO,
    }


@pytest.mark.parametrize("seed", range(8, 12))
def test_a_split_of_what_is_new_is_that_of_everything_at_once(tmp_path: Path, seed: int) -> None:
    random, store, photos = _catalogue(tmp_path, seed)
    moments = [_event(random, place, photos) for place in range(EVENTS)], _outvoted(photos[:9])
    some = {
        name: Part(random.choice(list(Part))) for name in photos if random.random() < 0.1
    }  # of a group, both perhaps
    groups = {name: photos[place - place % 3] for place, name in enumerate(photos) if random.random() < 0.9}
    with store.parts.warehouse.write() as db:
        store_parts(db, some)
        store_duplicate_groups(db, groups)
        for events in moments:
            append_label_events(db, events)
            labels, before = settled_labels(db), parts(db)
            settle_disputes(db)
            split_photos(db)
            by_hand = _split_of_all(labels, groups, before)
            assert parts(db) == before | by_hand
            assert set(by_hand.values()) == set(Part)
            assert photos_to_split(db) == [], "nothing is open any more"


def _catalogue(tmp_path: Path, seed: int) -> tuple[np.random.Generator, Store, list[str]]:
    """A store with products and no photo yet, and names for photos."""
    store = Store.made_in(tmp_path)
    store.night(0, [product(f"S{n}", pictures=(), price=Decimal(5)) for n in range(SKUS)])
    return np.random.default_rng(seed), store, [f"photo-{seed}-{place:03}" for place in range(PHOTOS)]


def _split_of_all(labels: dict[str, ResolvedLabel], groups: dict[str, str], before: dict[str, Part]) -> dict[str, Part]:
    sku_of: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for photo, label in sorted(labels.items()):
        if label.sku is not None and not label.conflict and photo in groups:
            sku_of.setdefault(groups[photo], label.sku)
            members.setdefault(groups[photo], []).append(photo)
    return assign_parts(sku_of, members, before)


def _outvoted(photos: list[str]) -> list[LabelEventRow]:
    """Six people agree about each photo, a seventh does not: for some of them it is no product at all."""
    found = []
    for place, photo in enumerate(photos):
        sku = f"S{place % 4}" if place % 3 else None
        for who in range(7):
            says = sku if who else "S9"
            kind = LabelKind.NOT_A_PRODUCT if says is None else LabelKind.SKU
            name = f"outvoted-{place}-{who}"
            found.append(LabelEventRow(name, photo, kind, says, LabelOrigin.ANNOTATOR, f"person-{who}", NOON))
    return found


def _event(random: np.random.Generator, place: int, photos: list[str]) -> LabelEventRow:
    """Few actors and instants: people correct themselves, contradict each other, and speak in the same second."""
    origin = random.choice([LabelOrigin.CATALOGUE, LabelOrigin.FOLDER, LabelOrigin.ANNOTATOR])
    kind = random.choice([LabelKind.SKU, LabelKind.SKU, LabelKind.SKU, LabelKind.NOT_A_PRODUCT, LabelKind.BAD_PHOTO])
    sku = f"S{random.integers(SKUS - 1)}" if kind == LabelKind.SKU else None
    at = NOON + timedelta(seconds=int(random.integers(5)))
    photo, actor = photos[int(random.integers(len(photos)))], f"{origin}-{random.integers(2)}"
    return LabelEventRow(f"event-{place}", photo, LabelKind(kind), sku, LabelOrigin(origin), actor, at)
