"""Who is right where people disagree, and how far they agree at all."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from recognition.audit.agreement import krippendorff_alpha
from recognition.audit.consensus import GoldenRecord, weigh_answers
from recognition.audit.labels import LabelEvent, resolve_labels
from recognition.vocabulary import LabelKind, LabelOrigin

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def said(actor: str, sku: str | None, photo: str = "photo", minute: int = 0) -> LabelEvent:
    kind = LabelKind.SKU if sku else LabelKind.NOT_A_PRODUCT
    return LabelEvent(photo, kind, sku, LabelOrigin.ANNOTATOR, actor, NINE + timedelta(minutes=minute), minute)


def test_alpha_is_that_of_krippendorffs_own_example():
    """Four observers, twelve units, five values ("Computing Krippendorff's Alpha-Reliability", 2011)."""
    observers = [
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    ]
    opinions = [
        (f"observer {place}", f"unit {unit}", value)
        for place, line in enumerate(observers)
        for unit, value in enumerate(line.split())
        if value != "."
    ]
    assert krippendorff_alpha(opinions) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_guesses_is_near_nothing_and_what_nobody_judged_twice_has_none():
    random = np.random.default_rng(0)
    guesses = [(f"a{who}", f"t{thing}", int(random.integers(4))) for who in range(3) for thing in range(500)]
    assert krippendorff_alpha(guesses) == pytest.approx(0.0, abs=0.05)
    assert krippendorff_alpha([("ada", "t1", "x"), ("bob", "t2", "y")]) is None
    assert krippendorff_alpha([("ada", "t1", "x"), ("ada", "t1", "y")]) is None, "nobody agrees with themselves"


def test_accuracies_are_found_again_from_answers_alone_and_the_consensus_beats_a_majority():
    random = np.random.default_rng(1)
    true_accuracy = {"ada": 0.97, "bob": 0.9, "cyd": 0.4, "dan": 0.4, "eve": 0.4}
    truth = {f"t{thing}": int(random.integers(3)) for thing in range(600)}
    answers = {
        thing: {
            who: answer if random.random() < right else int(random.integers(3)) for who, right in true_accuracy.items()
        }
        for thing, answer in truth.items()
    }
    found = weigh_answers(answers)
    for who, right in true_accuracy.items():
        by_chance = (1 - right) / 3
        assert found.accuracies[who] == pytest.approx(right + by_chance, abs=0.06), who
    ours = [max(found.beliefs[thing], key=lambda one: found.beliefs[thing][one]) for thing in truth]
    majority = [max(set(said.values()), key=list(said.values()).count) for said in answers.values()]
    right = list(truth.values())
    assert np.mean([a == b for a, b in zip(ours, right, strict=True)]) > np.mean(
        [a == b for a, b in zip(majority, right, strict=True)]
    )


def test_two_strangers_who_disagree_stay_in_conflict():
    (label,) = resolve_labels([said("ada", "tea"), said("bob", "jam")]).values()
    assert label.conflict
    assert label.claims == ("jam", "tea")


def test_a_third_opinion_settles_what_two_could_not():
    label = resolve_labels([said("ada", "tea"), said("bob", "jam", minute=1), said("cyd", "tea", minute=2)])["photo"]
    assert (label.conflict, label.sku, label.claims) == (False, "tea", ("tea",))


def test_who_failed_golden_questions_does_not_hold_up_who_passed_them():
    events = [said("ada", "tea"), said("bob", "jam", minute=1)]
    tested = {"ada": GoldenRecord(right=60), "bob": GoldenRecord(right=10, wrong=30)}
    label = resolve_labels(events, tested)["photo"]
    assert (label.conflict, label.sku) == (False, "tea")
    assert (
        resolve_labels(events, {"bob": GoldenRecord(right=60), "ada": GoldenRecord(right=10, wrong=30)})["photo"].sku
        == "jam"
    )


def test_that_a_photo_shows_no_product_can_win_too_and_names_no_class():
    events = [said("ada", None), said("bob", "jam", minute=1), said("cyd", None, minute=2)]
    label = resolve_labels(events)["photo"]
    assert (label.conflict, label.kind, label.sku, label.claims) == (False, LabelKind.NOT_A_PRODUCT, None, ())


def test_shops_that_contradict_each_other_are_not_weighed_like_people():
    shops = [
        LabelEvent("photo", LabelKind.SKU, sku, LabelOrigin.CATALOGUE, f"shop{place}", NINE, place)
        for place, sku in enumerate(("tea", "tea", "jam"))
    ]
    assert resolve_labels(shops)["photo"].conflict
