"""Trained heads for another catalogue: what was learned stays, and what is added is what training would begin with."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from recognition.heads.changed_classes import changed_heads
from recognition.heads.samples import Samples
from recognition.heads.scoring import Heads
from recognition.heads.training import TrainedHeads, train_heads
from recognition.index.building import build_index
from recognition.index.embeddings import Embeddings
from recognition.index.recall import measure_recall
from recognition.index.variants import Variant
from recognition.release.bundle import Bundle, ReleaseContent, open_bundle, write_bundle
from recognition.release.candidate import LabelledPhotos
from recognition.release.changed import CatalogueChange, ChangedRelease, change_release
from recognition.release.manifest import EncoderIdentity
from recognition.triage.calibration import calibrate
from recognition.vocabulary import Part, Tier
from tasks.catalogue import gone_of
from tests.support.synthetic import clustered_samples

SAMPLES = clustered_samples(classes=40, photos=6, seed=2)
CODES = Variant("PQ8x4fs", compared=40)


def rows_of(first: int, last: int) -> Samples:
    return SAMPLES.of_classes(np.arange(first, last))


@pytest.fixture(scope="module")
def trained() -> TrainedHeads:
    taught = rows_of(0, 34)
    return train_heads(taught, dict.fromkeys(taught.classes, Tier.TRAINED))


@pytest.fixture
def heads(trained: TrainedHeads) -> Heads:
    return trained.heads


def test_a_class_that_came_has_the_rows_that_its_photos_make_and_no_other_row_moves(heads: Heads) -> None:
    grown = changed_heads(heads, rows_of(34, 40))
    assert grown.classes == SAMPLES.classes
    assert grown.tiers == (Tier.TRAINED,) * 34 + (Tier.GALLERY,) * 6
    for name in ("prototypes", "superclass_of"):
        np.testing.assert_array_equal(getattr(grown, name)[:34], getattr(heads, name))
    photos = SAMPLES.vectors[SAMPLES.targets == 37]
    mean = heads.metric.apply(photos).mean(axis=0)
    np.testing.assert_allclose(grown.prototypes[37], mean / np.linalg.norm(mean), atol=1e-6)
    model = heads.likelihood
    placed = (heads.metric.whiten(photos).mean(axis=0) - model.mean) @ model.matrix
    drawn = placed * len(photos) * model.between / (1 + len(photos) * model.between)
    np.testing.assert_allclose(grown.likelihood.products[37], drawn, rtol=1e-4, atol=1e-5)
    assert grown.likelihood.counts[37] == len(photos)
    nearest = int((heads.prototypes @ grown.prototypes[37]).argmax())
    assert grown.superclass_of[37] == heads.superclass_of[nearest]


def test_the_likelihood_of_a_taught_class_is_found_again_by_taking_it_out_and_bringing_it_back(heads: Heads) -> None:
    back = changed_heads(changed_heads(heads, rows_of(0, 0), heads.classes[30:34]), rows_of(30, 34))
    assert back.classes == heads.classes
    np.testing.assert_allclose(back.likelihood.products, heads.likelihood.products, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(back.likelihood.counts, heads.likelihood.counts)


def test_what_is_there_cannot_come_and_not_everything_can_go(heads: Heads) -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        changed_heads(heads, rows_of(33, 36))
    with pytest.raises(ValueError, match="no class"):
        changed_heads(heads, rows_of(0, 0), heads.classes)
    assert changed_heads(heads, rows_of(0, 0), ["never-was"]).classes == heads.classes


def test_a_class_that_is_another_name_of_a_taught_product_stays_until_a_cycle() -> None:
    taught = ("cup", "mug", "jar", "box")
    assert gone_of(taught, {"cup", "pot"}, {"mug": "cup", "jar": "pot"}) == ("box", "jar")


def base(folder: Path, trained: TrainedHeads, variant: Variant) -> Bundle:
    content = ReleaseContent(
        release_id="r0001-abc",
        parent=None,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        encoder=EncoderIdentity("handcrafted", "handcrafted-1", None),
        method=trained.chosen.method,
        heads=trained.heads,
        thresholds=calibrate(trained),
        superclass_names={0: "all"},
        products=[],
        card="# card\n",
        index=build_index(Embeddings.of_prototypes(trained.heads.prototypes), variant),
    )
    return open_bundle(write_bundle(folder, content))


def labelled(samples: Samples, part: Part) -> LabelledPhotos:
    keys = tuple(f"{part}{row}" for row in range(len(samples)))
    skus = tuple(samples.classes[row] for row in samples.targets.tolist())
    return LabelledPhotos(keys, samples.vectors, skus, keys, (part,) * len(samples))


def changed(bundle: Bundle) -> ChangedRelease:
    change = CatalogueChange(labelled(rows_of(36, 40), Part.TRAIN), SAMPLES.classes[:2])
    return change_release(bundle, change, labelled(clustered_samples(classes=40, photos=6, seed=2), Part.HOLDOUT))


def test_the_index_is_changed_and_finds_what_one_that_is_built_anew_finds(
    tmp_path: Path, trained: TrainedHeads
) -> None:
    found = changed(base(tmp_path, trained, CODES))
    assert (found.index.built, found.index.codes.ntotal, len(found.index.embeddings)) == (34, 38, 36)
    assert found.recall.least >= 0.999
    assert found.recall.queries > 0
    anew = build_index(Embeddings.of_prototypes(found.heads.prototypes), CODES)
    asked = found.heads.metric.apply(SAMPLES.vectors)
    np.testing.assert_array_equal(found.index(asked, 5)[0], anew(asked, 5)[0])
    assert found.report is not None
    assert found.came is not None
    assert found.came.top1 > 0.9


def test_an_index_that_finds_too_little_once_it_is_changed_is_built_anew(tmp_path: Path, trained: TrainedHeads) -> None:
    bundle = base(tmp_path, trained, replace(CODES, factory="PQ1x4fs", compared=1))
    found = changed(bundle)
    assert found.index.codes is None  # so few rows are all compared
    assert measure_recall(found.index, SAMPLES.vectors).least == 1.0
    assert found.recall.least == 1.0


def test_the_order_in_which_photos_are_read_makes_no_other_release_and_another_photo_does() -> None:
    came = labelled(rows_of(34, 36), Part.TRAIN)
    change = CatalogueChange(came, ("cup",))
    assert CatalogueChange(came.take(range(len(came.skus))[::-1]), ("cup",)).digest() == change.digest() != ""
    assert CatalogueChange(came.take(range(1, len(came.skus))), ("cup",)).digest() != change.digest()
    assert CatalogueChange(came).digest() != change.digest()
    assert CatalogueChange(came.take([])).digest() == ""
