"""First days in training: products that have catalogue photos alone, among products that cameras have seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognition.heads.changed_classes import changed_heads
from recognition.heads.first_day import FirstDayRule
from recognition.heads.rehearsal import Played, Rehearsal, Tally
from recognition.heads.samples import Samples, Vectors
from recognition.heads.scoring import Heads, scan_prototypes
from recognition.heads.superclass_ids import join_nearest
from recognition.heads.training import TrainedHeads, TrainingPolicy, train_heads
from recognition.heads.whitening import normalised
from recognition.index.building import build_index
from recognition.index.embeddings import Embeddings
from recognition.index.variants import EXACT
from recognition.release.heads_file import heads_of, load_tensors, write_heads
from recognition.vocabulary import Tier

WIDTH, PRODUCTS, NEW, CAMERA, CLEAN = 16, 120, 12, 12, 2
AS_TAUGHT, GREEDY, MODEST = FirstDayRule(None, 1.0), FirstDayRule(1.0, 1.0), FirstDayRule(1.0, 0.9)
POLICY = TrainingPolicy(folds=3, photos_per_scene=1, learn=False)


@pytest.fixture(scope="module")
def world() -> tuple[Vectors, Vectors]:
    """Clean and camera photos, [products * each, width]: a camera turns what is seen of a product, and moves it."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(PRODUCTS, WIDTH))
    turn, moved = np.linalg.qr(random.normal(size=(WIDTH, WIDTH)))[0], 4 * random.normal(size=WIDTH)

    def photos(of: Vectors, each: int, noise: float) -> Vectors:
        many = np.repeat(of, each, axis=0)
        return normalised(many + noise * random.normal(size=many.shape))

    return photos(centres, CLEAN, 0.1), photos(centres @ turn + moved, CAMERA, 0.5)


def samples_of(world: tuple[Vectors, Vectors], new: int = NEW) -> Samples:
    """Clean photos of all products, camera photos of all but the last ones."""
    clean, camera = world[0], world[1][: (PRODUCTS - new) * CAMERA]
    rows = np.concatenate([np.repeat(np.arange(PRODUCTS), CLEAN), np.repeat(np.arange(PRODUCTS - new), CAMERA)])
    return Samples.from_labels(
        np.concatenate([clean, camera]),
        [f"sku{row:03d}" for row in rows],
        [f"photo{row:04d}" for row in range(len(rows))],
        catalogue=[row < len(clean) for row in range(len(rows))],
    )


def trained_on(samples: Samples) -> TrainedHeads:
    return train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), POLICY)


@pytest.fixture(scope="module")
def trained(world: tuple[Vectors, Vectors]) -> TrainedHeads:
    return trained_on(samples_of(world))


def right(heads: Heads, photos: Vectors, rows: range) -> float:
    named = scan_prototypes(heads.prototypes)(heads.metric.apply(photos), 1)[0][:, 0]
    return float((named == np.repeat(np.array(rows), CAMERA)).mean())


def test_a_new_product_of_the_shop_is_recognised_by_a_camera_that_has_never_seen_it(world, trained):
    new, others = range(PRODUCTS - NEW, PRODUCTS), range(PRODUCTS - NEW)
    heads, camera = trained.heads, world[1]
    unaware = trained_on(replace(samples_of(world), catalogue=None)).heads
    of_new, of_others = camera[-NEW * CAMERA :], camera[: -NEW * CAMERA]
    assert right(unaware, of_new, new) < 0.1, "clean photos alone are no rival for what cameras have seen"
    assert right(heads, of_new, new) > 0.5
    assert right(heads, of_others, others) > right(unaware, of_others, others) - 0.01


def test_the_rule_names_most_products_right_among_those_that_cost_the_others_next_to_nothing(trained):
    played, alone, share = trained.rehearsal.played, trained.rehearsal.alone, trained.rehearsal.new_share
    assert share == pytest.approx(NEW / PRODUCTS)
    assert trained.rehearsal.rule is not None
    chosen = played[trained.rehearsal.rule]
    assert chosen.new.share > played[AS_TAUGHT].new.share + 0.3, "than by the mean of clean photos"
    bearable = min(alone.share - 0.01, played[AS_TAUGHT].others.share)
    assert chosen.others.share >= bearable
    right = share * chosen.new.share + (1 - share) * chosen.others.share
    for found in played.values():
        naive = share * found.new.share + (1 - share) * found.others.share
        assert found.others.share < bearable or naive <= right


def rehearsal(share: float, greedy_costs: int, means_cost: int = 0) -> Rehearsal:
    """Three rules: means, which name no new product, a greedy one, and a modest one."""
    means = Played(Tally(500, 0), Tally(1000, 900 - means_cost))
    greedy = Played(Tally(500, 400), Tally(1000, 900 - greedy_costs))
    modest = Played(Tally(500, 300), Tally(1000, 899))
    return Rehearsal({AS_TAUGHT: means, GREEDY: greedy, MODEST: modest}, Tally(1000, 900), share)


@pytest.mark.parametrize(("greedy_costs", "rule"), [(9, GREEDY), (11, MODEST)])
def test_a_rule_that_takes_more_than_one_point_from_the_others_is_not_taken(greedy_costs: int, rule: FirstDayRule):
    assert rehearsal(0.5, greedy_costs).rule == rule


def test_what_the_others_lose_weighs_as_much_as_there_are_of_them():
    assert rehearsal(0.01, greedy_costs=9).rule == MODEST
    assert rehearsal(0.10, greedy_costs=9).rule == GREEDY


def test_where_hardly_a_product_has_been_seen_by_a_camera_the_few_are_not_protected_from_all_others():
    assert rehearsal(0.8, greedy_costs=100, means_cost=90).rule == MODEST
    assert rehearsal(0.8, greedy_costs=100, means_cost=110).rule == GREEDY


def test_where_next_to_nothing_can_be_rehearsed_the_luckiest_rule_is_not_taken():
    few = {AS_TAUGHT: Played(Tally(499, 100), Tally(499, 400)), GREEDY: Played(Tally(499, 400), Tally(499, 400))}
    assert Rehearsal(few, Tally(499, 400), 0.5).rule is None
    assert Rehearsal({}).rule is None


def test_a_store_of_catalogue_photos_alone_rehearses_nothing_and_is_taught_as_before(world):
    clean = samples_of(world, new=PRODUCTS)
    found, before = trained_on(clean), trained_on(replace(clean, catalogue=None))
    assert not found.rehearsal.played
    assert found.heads.first_day is None
    np.testing.assert_array_equal(found.heads.prototypes, before.heads.prototypes)


def test_photos_of_products_whose_prototypes_are_guesses_are_no_evidence_and_no_suspects(trained):
    for evidence in (trained.out_of_fold, trained.class_held_out, trained.class_kept):
        assert evidence.targets.max() < PRODUCTS - NEW
    assert set(trained.out_of_fold.targets.tolist()) == set(range(PRODUCTS - NEW))


def test_a_product_that_comes_between_two_cycles_is_known_as_if_it_had_been_there(world, trained):
    late = np.arange(PRODUCTS - 4, PRODUCTS)
    everything = samples_of(world)
    base = trained_on(everything.of_classes(np.arange(PRODUCTS - 4)))
    grown = changed_heads(base.heads, everything.of_classes(late))
    assert base.heads.first_day is not None
    cosines = (grown.prototypes[late] * trained.heads.prototypes[late]).sum(axis=1) / (
        np.linalg.norm(grown.prototypes[late], axis=1) * np.linalg.norm(trained.heads.prototypes[late], axis=1)
    )
    assert cosines.min() > 0.9
    of_late = world[1][-4 * CAMERA :]
    assert right(grown, of_late, range(PRODUCTS - 4, PRODUCTS)) > 0.5


def test_a_product_that_a_camera_has_seen_once_is_no_guess(world, trained):
    heads, seen = trained.heads, samples_of(world, new=0).of_classes(np.array([PRODUCTS - 1]))
    renamed = replace(seen, classes=("another",))
    added = changed_heads(heads, renamed).prototypes[-1]
    assert np.linalg.norm(added) == pytest.approx(1, abs=1e-5)
    assert float(added @ heads.metric.apply(renamed.vectors).mean(axis=0)) > 0.5


def test_the_map_of_a_release_is_found_again_in_its_file(trained, tmp_path: Path):
    heads = trained.heads
    index = build_index(Embeddings.of_prototypes(heads.prototypes), EXACT)
    write_heads(tmp_path / "heads.safetensors", heads, index)
    tensors = load_tensors((tmp_path / "heads.safetensors").read_bytes())
    found = heads_of(tensors, heads.classes, [tier.value for tier in heads.tiers], _Scales())
    assert found.first_day is not None
    assert heads.first_day is not None
    for name, tensor in vars(heads.first_day).items():
        np.testing.assert_array_equal(getattr(found.first_day, name), tensor)


class _Scales:
    """All that is read of a manifest."""

    coarse_weight, scale = 0.0, 1.0


def test_a_new_class_joins_the_superclass_of_its_nearest_neighbour_and_none_is_left_empty():
    prototypes = normalised(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.1, 0.9, 0]], dtype=np.float32))
    new = np.array([False, False, False, True])
    assert join_nearest(np.array([0, 2, 3, 1]), prototypes, new).tolist() == [0, 1, 2, 1]
