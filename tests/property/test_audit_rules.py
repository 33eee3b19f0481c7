from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recognition.audit.labels import LabelEvent, resolve_labels
from recognition.audit.split import assign_parts
from recognition.audit.tiers import ClassCount, TierPolicy, count_classes, decide_tier
from recognition.vocabulary import LabelKind, LabelOrigin, Part, Tier

RANK = {Tier.QUARANTINED: 0, Tier.GALLERY: 1, Tier.TRAINED: 2}
SKUS = ["tea", "coffee", "milk"]
PREVIOUS = st.sampled_from([None, *Tier])
PARTS = st.sampled_from(list(Part))


@st.composite
def events(draw: st.DrawFn) -> list[LabelEvent]:
    spoken = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["p", "q", "r"]),
                st.sampled_from([*SKUS, None]),
                st.sampled_from(list(LabelOrigin)),
                st.sampled_from(["ada", "bob"]),
                st.integers(0, 3),
            ),
            max_size=15,
        )
    )
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        LabelEvent(
            photo,
            LabelKind.SKU if sku else LabelKind.NOT_A_PRODUCT,
            sku,
            origin,
            actor,
            start + timedelta(hours=hour),
            seq,
        )
        for seq, (photo, sku, origin, actor, hour) in enumerate(spoken)
    ]


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, list[str]]]:
    sizes = draw(st.lists(st.integers(1, 4), max_size=60))
    members = {f"{n}": [f"{n}/{copy}" for copy in range(size)] for n, size in enumerate(sizes)}
    return {group: draw(st.sampled_from(SKUS)) for group in members}, members


@given(spoken=events(), data=st.data())
def test_labels_do_not_depend_on_the_order_in_which_events_are_read(
    spoken: list[LabelEvent], data: st.DataObject
) -> None:
    assert resolve_labels(data.draw(st.permutations(spoken))) == resolve_labels(spoken)


@given(spoken=events())
def test_a_label_is_always_something_that_somebody_said(spoken: list[LabelEvent]) -> None:
    labels = resolve_labels(spoken)
    assert labels.keys() == {event.sha256 for event in spoken}
    for label in labels.values():
        assert (label.kind, label.sku, label.origin) in {
            (event.kind, event.sku, event.origin) for event in spoken if event.sha256 == label.sha256
        }
        assert label.sku is None or label.sku in label.claims
        assert label.conflict or len(label.claims) <= 1


@given(spoken=events())
def test_a_person_who_answers_last_and_alone_settles_any_catalogue_dispute(spoken: list[LabelEvent]) -> None:
    machines = [event for event in spoken if event.origin is not LabelOrigin.ANNOTATOR]
    answer = LabelEvent("p", LabelKind.SKU, "tea", LabelOrigin.ANNOTATOR, "ada", datetime(2020, 1, 1, tzinfo=UTC), 99)
    label = resolve_labels([*machines, answer])["p"]
    assert (label.sku, label.conflict) == ("tea", False)


@given(spoken=events(), unusable=st.sets(st.sampled_from(["p", "q", "r"])))
def test_no_class_has_more_samples_than_clean_photos(spoken: list[LabelEvent], unusable: set[str]) -> None:
    labels = resolve_labels(spoken)
    groups = {"p": "p", "q": "p", "r": "r"}
    for count in count_classes(labels.values(), unusable, groups, SKUS).values():
        assert 0 <= count.samples <= count.images - max(count.conflicts, count.unusable)


@given(
    samples=st.integers(0, 80),
    more=st.integers(0, 80),
    conflicts=st.integers(0, 40),
    previous=PREVIOUS,
    policy=st.builds(TierPolicy, st.integers(1, 60), st.integers(0, 10), st.floats(0, 1)),
)
def test_more_samples_never_lead_to_a_lower_tier(
    samples: int, more: int, conflicts: int, previous: Tier | None, policy: TierPolicy
) -> None:
    fewer = decide_tier(ClassCount("tea", samples, samples + conflicts, conflicts, 0), previous, policy)
    richer = decide_tier(ClassCount("tea", samples + more, samples + more + conflicts, conflicts, 0), previous, policy)
    assert RANK[richer.tier] >= RANK[fewer.tier]


@given(samples=st.integers(0, 80), conflicts=st.integers(0, 40), previous=PREVIOUS)
def test_an_audit_of_unchanged_data_changes_no_tier(samples: int, conflicts: int, previous: Tier | None) -> None:
    count = ClassCount("tea", samples, samples + conflicts, conflicts, 0)
    first = decide_tier(count, previous)
    assert decide_tier(count, first.tier).tier is first.tier


@given(catalogue=catalogues(), data=st.data())
def test_a_split_partitions_its_input_and_never_divides_a_group(
    catalogue: tuple[dict[str, str], dict[str, list[str]]], data: st.DataObject
) -> None:
    groups, members = catalogue
    photos = [photo for of_group in members.values() for photo in of_group]
    existing = data.draw(st.dictionaries(st.sampled_from(photos), PARTS)) if photos else {}
    parts = assign_parts(groups, members, existing)
    assert parts.keys() == set(photos)
    for of_group in members.values():
        assert len({parts[photo] for photo in of_group}) == 1
        before = {existing[photo] for photo in of_group if photo in existing}
        if before:
            assert parts[of_group[0]] is (Part.TRAIN if Part.TRAIN in before else Part.HOLDOUT)
    assert assign_parts(groups, members, parts) == parts


@given(catalogue=catalogues(), data=st.data())
def test_a_split_does_not_depend_on_order(
    catalogue: tuple[dict[str, str], dict[str, list[str]]], data: st.DataObject
) -> None:
    groups, members = catalogue
    shuffled = dict(data.draw(st.permutations(list(groups.items()))))
    assert assign_parts(shuffled, members, {}) == assign_parts(groups, members, {})


@given(catalogue=catalogues(), share=st.floats(0, 0.9), minimum=st.integers(0, 10))
def test_each_class_holds_out_its_share_to_within_one_group_and_always_trains_on_something(
    catalogue: tuple[dict[str, str], dict[str, list[str]]], share: float, minimum: int
) -> None:
    groups, members = catalogue
    parts = assign_parts(groups, members, {}, share, minimum)
    held_out = Counter(sku for group, sku in groups.items() if parts[members[group][0]] is Part.HOLDOUT)
    for sku, n in Counter(groups.values()).items():
        assert held_out[sku] < n
        assert held_out[sku] == 0 if n < minimum else abs(held_out[sku] - share * n) <= 1
