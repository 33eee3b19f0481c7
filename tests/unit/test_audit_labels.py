from datetime import UTC, datetime, timedelta

import pytest

from recognition.audit.labels import LabelEvent, ResolvedLabel, resolve_labels
from recognition.vocabulary import LabelKind, LabelOrigin

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
CATALOGUE, FOLDER, ANNOTATOR = LabelOrigin.CATALOGUE, LabelOrigin.FOLDER, LabelOrigin.ANNOTATOR


def says(
    sku: str | None, origin: LabelOrigin = ANNOTATOR, actor: str = "ada", day: int = 0, seq: int = 0
) -> LabelEvent:
    kind = LabelKind.BAD_PHOTO if sku is None else LabelKind.SKU
    return LabelEvent("photo", kind, sku, origin, actor, MONDAY + timedelta(days=day), seq)


def resolved(*events: LabelEvent) -> ResolvedLabel:
    return resolve_labels(events)["photo"]


def test_a_person_overrules_the_catalogue_whichever_came_later() -> None:
    label = resolved(says("tea", CATALOGUE, "shop", day=9), says("coffee", day=1), says("milk", FOLDER, "disk", day=8))
    assert label == ResolvedLabel("photo", LabelKind.SKU, "coffee", ANNOTATOR, conflict=False, claims=("coffee",))


def test_a_person_who_changes_their_mind_is_not_in_conflict_with_themselves() -> None:
    label = resolved(says("tea", day=1), says("coffee", day=2))
    assert (label.sku, label.conflict) == ("coffee", False)


def test_events_of_one_instant_count_in_the_order_of_appending() -> None:
    assert resolved(says("coffee", seq=2), says("tea", seq=1)).sku == "coffee"


def test_two_people_who_disagree_leave_a_conflict_until_one_agrees() -> None:
    ada, bob = says("tea", actor="ada", day=1), says("coffee", actor="bob", day=2)
    assert resolved(ada, bob) == ResolvedLabel(
        "photo", LabelKind.SKU, "coffee", ANNOTATOR, conflict=True, claims=("coffee", "tea")
    )
    assert not resolved(ada, bob, says("tea", actor="bob", day=3)).conflict


def test_who_stands_alone_against_two_is_outvoted_but_not_against_one() -> None:
    alone, first, second = says("coffee", actor="eve"), says("tea", actor="ada"), says("tea", actor="bob")
    assert resolved(alone, first).conflict
    assert resolved(alone, first, second).sku == "tea"


def test_a_placeholder_picture_shown_for_two_products_is_a_label_for_neither() -> None:
    label = resolved(says("tea", CATALOGUE, "shop", day=1), says("coffee", CATALOGUE, "shop", day=2))
    assert label.conflict
    assert label.claims == ("coffee", "tea")


def test_a_person_settles_what_the_catalogue_contradicts() -> None:
    shop = [says("tea", CATALOGUE, "shop"), says("coffee", CATALOGUE, "shop")]
    assert not resolved(*shop, says("tea")).conflict


def test_a_shop_that_repeats_its_claim_every_night_is_no_conflict() -> None:
    assert not resolved(*(says("tea", CATALOGUE, "shop", day=day) for day in range(9))).conflict


def test_a_catalogue_and_a_folder_that_disagree_are_a_conflict() -> None:
    assert resolved(says("tea", CATALOGUE, "shop"), says("coffee", FOLDER, "disk")).conflict


def test_a_product_for_one_person_and_a_bad_photo_for_another_is_a_conflict_about_that_product() -> None:
    label = resolved(says("tea", actor="ada", day=1), says(None, actor="bob", day=2))
    assert (label.kind, label.sku, label.conflict, label.claims) == (LabelKind.BAD_PHOTO, None, True, ("tea",))


def test_without_an_event_there_is_no_label() -> None:
    assert resolve_labels([]) == {}


@pytest.mark.parametrize(("kind", "sku"), [(LabelKind.SKU, None), (LabelKind.BAD_PHOTO, "tea")])
def test_an_event_that_contradicts_itself_cannot_be_made(kind: LabelKind, sku: str | None) -> None:
    with pytest.raises(ValueError, match="exactly the kind 'sku' names a SKU"):
        LabelEvent("photo", kind, sku, ANNOTATOR, "ada", MONDAY, 1)
