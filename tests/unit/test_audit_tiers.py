import pytest

from recognition.audit.labels import ResolvedLabel
from recognition.audit.tiers import ClassCount, TierPolicy, count_classes, decide_tier
from recognition.vocabulary import LabelKind, LabelOrigin, Tier, TierReason


def label(sha256: str, sku: str | None, *rivals: str) -> ResolvedLabel:
    claims = tuple(sorted({*rivals, *([sku] if sku else [])}))
    kind = LabelKind.SKU if sku else LabelKind.NOT_A_PRODUCT
    return ResolvedLabel(sha256, kind, sku, LabelOrigin.FOLDER, bool(rivals), claims)


def tier(samples: int, previous: Tier | None = None, conflicts: int = 0) -> tuple[Tier, TierReason]:
    decision = decide_tier(ClassCount("tea", samples, samples + conflicts, conflicts, unusable=0), previous)
    assert (decision.sku, decision.samples) == ("tea", samples)
    return decision.tier, decision.reason


@pytest.mark.parametrize("previous", [None, Tier.GALLERY, Tier.QUARANTINED])
def test_a_class_is_trained_from_fifty_samples_and_not_from_forty_nine(previous: Tier | None) -> None:
    assert tier(50, previous) == (Tier.TRAINED, TierReason.ENOUGH_SAMPLES)
    assert tier(49, previous) == (Tier.GALLERY, TierReason.TOO_FEW_SAMPLES)
    assert tier(1, previous) == (Tier.GALLERY, TierReason.TOO_FEW_SAMPLES)


def test_a_trained_class_that_loses_a_photo_does_not_flap() -> None:
    assert tier(49, Tier.TRAINED) == (Tier.TRAINED, TierReason.KEPT_BY_HYSTERESIS)
    assert tier(45, Tier.TRAINED) == (Tier.TRAINED, TierReason.KEPT_BY_HYSTERESIS)
    assert tier(44, Tier.TRAINED) == (Tier.GALLERY, TierReason.TOO_FEW_SAMPLES)


def test_a_class_without_a_single_good_photo_is_quarantined_though_it_was_trained() -> None:
    assert tier(0, Tier.TRAINED) == (Tier.QUARANTINED, TierReason.NO_USABLE_SAMPLE)


def test_a_class_that_nobody_agrees_on_is_quarantined_however_many_photos_it_has() -> None:
    assert tier(70, conflicts=30) == (Tier.TRAINED, TierReason.ENOUGH_SAMPLES)
    assert tier(69, conflicts=31) == (Tier.QUARANTINED, TierReason.CONFLICTING_LABELS)
    assert tier(0, conflicts=3) == (Tier.QUARANTINED, TierReason.CONFLICTING_LABELS)


def test_a_policy_of_ones_own_is_obeyed() -> None:
    policy = TierPolicy(trained_minimum=3, hysteresis=0, max_conflict_share=1.0)
    assert decide_tier(ClassCount("tea", 3, 9, 6, 0), None, policy).tier is Tier.TRAINED
    assert decide_tier(ClassCount("tea", 2, 9, 6, 0), Tier.TRAINED, policy).tier is Tier.GALLERY


def test_ten_copies_of_one_photo_are_one_sample() -> None:
    copies = [label(f"copy {n}", "tea") for n in range(10)]
    groups = {f"copy {n}": "copy 0" for n in range(10)}
    assert count_classes([*copies, label("other", "tea")], set(), groups) == {"tea": ClassCount("tea", 2, 11, 0, 0)}


def test_blurred_and_contested_photos_are_counted_but_are_no_samples() -> None:
    labels = [
        label("good", "tea"),
        label("blurred", "tea"),
        label("contested", "tea", "coffee"),
        label("both", "tea", "milk"),
    ]
    counts = count_classes(labels, {"blurred", "both"}, {})
    assert counts["tea"] == ClassCount("tea", samples=1, images=4, conflicts=1, unusable=2)
    assert counts["coffee"] == ClassCount("coffee", samples=0, images=1, conflicts=1, unusable=0)
    assert counts["milk"] == ClassCount("milk", samples=0, images=1, conflicts=0, unusable=1)


def test_a_placeholder_at_every_product_quarantines_none_of_them() -> None:
    every = [f"sku{n}" for n in range(9)]
    labels = [label("soon", every[0], *every[1:]), *(label(f"own {sku}", sku) for sku in every)]
    counts = count_classes(labels, {"soon"}, {})
    assert {decide_tier(count, None).tier for count in counts.values()} == {Tier.GALLERY}
    assert {decide_tier(count, None).tier for count in count_classes(labels, set(), {}).values()} == {Tier.QUARANTINED}


def test_a_picture_that_two_sizes_share_teaches_neither_and_contradicts_neither() -> None:
    labels = [label("shared", "S", "M"), label("own", "S")]
    counts = count_classes(labels, set(), {}, families={"S": "shirt", "M": "shirt"})
    assert counts["S"] == ClassCount("S", samples=1, images=2, conflicts=0, unusable=0)
    assert counts["M"] == ClassCount("M", samples=0, images=1, conflicts=0, unusable=0)


def test_a_new_product_without_a_photo_is_counted_so_that_it_can_be_explained() -> None:
    counts = count_classes([label("floor", None)], set(), {}, skus=["tea"])
    assert counts == {"tea": ClassCount("tea", 0, 0, 0, 0)}
    assert decide_tier(counts["tea"], None).reason is TierReason.NO_USABLE_SAMPLE


def test_a_look_alike_in_the_same_group_is_a_sample_of_each_class() -> None:
    counts = count_classes([label("a", "tea"), label("b", "coffee")], set(), {"a": "a", "b": "a"})
    assert (counts["tea"].samples, counts["coffee"].samples) == (1, 1)
