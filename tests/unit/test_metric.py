"""The metric: blocks that are mapped and weighed on their own, axes that are dropped only where that costs nothing."""

from dataclasses import replace

import numpy as np
import pytest

from recognition.encoders.protocol import Block
from recognition.heads.choice import Choice
from recognition.heads.fine_head import fit_fine_head
from recognition.heads.metric import MetricKind, fit_metric, fit_metrics, join_blocks, worth_reducing
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Samples
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.heads.weighing import hits_by_weights
from recognition.heads.whitening import class_means, fit_whitening, leading_axes, normalised
from recognition.vocabulary import Tier
from tests.support.synthetic import clustered_samples

LAYOUT = (Block("embedding", 16), Block("colour", 6))


def coloured_samples(classes: int = 12, photos: int = 10, seed: int = 3) -> Samples:
    """Pairs of classes share one shape and differ in colour."""
    shapes = clustered_samples(classes // 2, photos * 2, seed=seed)
    targets = 2 * shapes.targets + np.arange(len(shapes)) % 2
    palette = normalised(np.abs(np.random.default_rng(seed).normal(size=(2, 6))))
    return painted(shapes, targets, palette[targets % 2], seed)


def painted(shapes: Samples, targets: np.ndarray, colours: np.ndarray, seed: int = 3) -> Samples:
    """The same photos with a block of colours and a little noise on them."""
    noisy = normalised(colours + 0.05 * np.random.default_rng(seed).normal(size=colours.shape))
    vectors = np.concatenate([shapes.vectors, noisy], axis=1) / np.sqrt(2)
    skus = [f"sku{target:03d}" for target in targets]
    return Samples.from_labels(vectors, skus, [f"photo{row}" for row in range(len(skus))], LAYOUT)


def accuracy(samples: Samples, asked: Samples, choice: Choice) -> float:
    fine = fit_fine_head(samples, choice)
    return float(((fine.metric.apply(asked.vectors) @ fine.prototypes.T).argmax(axis=1) == asked.targets).mean())


def test_one_part_in_two_colours_is_told_apart_by_colour_alone():
    taught, asked = coloured_samples(seed=3), coloured_samples(seed=3)
    shape_alone = accuracy(taught, asked, Choice(MetricKind.WHITENED))
    with_colour = accuracy(taught, asked, Choice(MetricKind.WHITENED, colour_weight=0.4))
    assert shape_alone < 0.85
    assert with_colour > 0.97


def test_training_takes_colour_where_it_tells_and_leaves_it_where_it_does_not():
    policy = TrainingPolicy(photos_per_scene=1, learn=False)
    shapes = clustered_samples(16, 10, seed=3)
    grey = painted(shapes, shapes.targets, np.full((len(shapes), 6), 0.4))
    for samples, takes_it in ((coloured_samples(classes=16), True), (grey, False)):
        trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.TRAINED), policy)
        assert (trained.chosen.colour_weight > 0) is takes_it
        assert len(trained.heads.metric.parts) == 1 + takes_it, "a block without weight costs nothing later"


def test_a_block_without_weight_changes_no_vector():
    samples = coloured_samples()
    metric = fit_metric(samples, MetricKind.WHITENED)
    repainted = samples.vectors.copy()
    repainted[:, 16:] = 0.1
    alone = metric.weighing((1.0, 0.0))
    assert np.array_equal(alone.apply(samples.vectors), alone.apply(repainted))
    assert not np.allclose(metric.apply(samples.vectors), metric.apply(repainted), atol=1e-3)


def test_parts_are_whitened_weighed_and_joined_as_by_hand():
    samples = coloured_samples()
    shape = fit_whitening(replace(samples, vectors=samples.vectors[:, :16], layout=()))
    colour = fit_whitening(replace(samples, vectors=samples.vectors[:, 16:], layout=()))
    rows = [
        np.concatenate([shape.apply(row[None, :16])[0], 0.3 * colour.apply(row[None, 16:])[0]])
        for row in samples.vectors[:5]
    ]
    expected = np.stack([row / np.linalg.norm(row) for row in rows])
    found = fit_metric(samples, MetricKind.WHITENED).weighing((1.0, 0.3)).apply(samples.vectors[:5])
    assert np.allclose(found, expected, atol=1e-5)


def test_the_length_of_a_photo_is_that_of_its_embedding_before_it_is_made_one():
    samples = coloured_samples()
    metric = fit_metric(samples, MetricKind.WHITENED).weighing((1.0, 0.3))
    whitening = fit_whitening(replace(samples, vectors=samples.vectors[:, :16], layout=()))
    expected = [np.log(np.linalg.norm((row[:16] - whitening.mean) @ whitening.matrix)) for row in samples.vectors]
    assert np.allclose(metric.log_lengths(samples.vectors), expected, atol=1e-5)
    assert np.isfinite(metric.log_lengths(np.concatenate([whitening.mean, np.zeros(6)])[None].astype(np.float32))).all()


def test_dropped_axes_leave_the_order_of_classes_as_it_was():
    """The means of c classes span c - 1 axes: as many leading ones rank every photo as all of them do."""
    samples = clustered_samples(classes=6, photos=12, seed=5)
    whitening = fit_whitening(samples)
    fewer = leading_axes(whitening, samples, 4)
    assert fewer.matrix.shape == (16, 4)
    assert leading_axes(whitening, samples, 5) is whitening, "five axes hold six classes: nothing is gained by dropping"
    prototypes = class_prototypes(fewer.apply(samples.vectors), samples.targets, 6)
    assert ((fewer.apply(samples.vectors) @ prototypes.T).argmax(axis=1) == samples.targets).mean() > 0.95


def test_what_two_kinds_have_in_common_gives_the_same_metric_as_fitting_each():
    samples = coloured_samples(classes=20)
    together = fit_metrics(samples, tuple(MetricKind))
    for kind in MetricKind:
        assert np.array_equal(together[kind].apply(samples.vectors), fit_metric(samples, kind).apply(samples.vectors))


def test_every_weight_of_the_blocks_is_judged_as_if_the_blocks_had_been_joined_for_it():
    samples, asked = coloured_samples(classes=20, seed=3), coloured_samples(classes=20, seed=4)
    taught = samples.take(samples.targets != 5)
    metric = fit_metric(taught, MetricKind.WHITENED)
    blocks, questions = metric.whiten_blocks(taught.vectors), metric.whiten_blocks(asked.vectors)
    weightings = [(1.0, 0.0), (1.0, 0.2), (1.0, 0.4), (0.5, 1.0)]
    expected = {}
    for weights in weightings:
        prototypes = class_prototypes(join_blocks(blocks, weights), taught.targets, 20)
        expected[weights] = int(
            ((join_blocks(questions, weights) @ prototypes.T).argmax(axis=1) == asked.targets).sum()
        )
    means = [class_means(block, taught.targets, 20) for block in blocks]
    assert hits_by_weights(questions, means, asked.targets, weightings) == expected
    assert len(set(expected.values())) > 1, "the weights must matter for this to show anything"


def test_the_leading_axes_are_those_of_a_singular_value_decomposition():
    samples = clustered_samples(classes=12, photos=8, seed=6)
    whitening = fit_whitening(samples)
    found = leading_axes(whitening, samples, 3)
    prototypes = class_prototypes(whitening.apply(samples.vectors), samples.targets, 12).astype(np.float64)
    _, _, axes = np.linalg.svd(prototypes - prototypes.mean(axis=0))
    expected = whitening.matrix @ axes[:3].T
    signs = np.sign((found.matrix * expected).sum(axis=0))
    assert np.allclose(found.matrix, expected * signs, atol=1e-4 * np.abs(expected).max())


def test_a_small_catalogue_keeps_every_axis():
    assert not worth_reducing(clustered_samples(classes=30, photos=2))


def test_class_means_are_those_of_a_loop():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(50, 4)).astype(np.float32)
    targets = random.choice([0, 2, 3, 6], size=50)
    expected = [vectors[targets == row].mean(axis=0) if (targets == row).any() else np.zeros(4) for row in range(8)]
    assert np.allclose(class_means(vectors, targets, 8), expected)
    assert not class_means(vectors[:0], targets[:0], 8).any()


def test_a_layout_that_does_not_add_up_is_refused():
    samples = coloured_samples()
    with pytest.raises(ValueError, match="do not add up to 22"):
        replace(samples, layout=(Block("embedding", 16),))
