"""The refinement: the map that training learns is the map that answers, and it earns its place or is not taken."""

import numpy as np
import torch

from recognition.heads.choice import Choice, FineMethod
from recognition.heads.fine_head import fit_fine_head
from recognition.heads.metric import MetricKind
from recognition.heads.prototypes import class_prototypes
from recognition.heads.refinement import Refinement, _gelu, fit_refinement
from recognition.heads.samples import Samples
from recognition.heads.training import TrainingPolicy, train_heads
from recognition.heads.whitening import normalised
from recognition.vocabulary import Tier
from tests.support.synthetic import clustered_samples


def bent_samples(seed: int, classes: int = 8, photos: int = 60) -> Samples:
    """Classes that no mean can tell apart: each is two opposite lumps, as a product seen from both sides."""
    centres = np.random.default_rng(0).normal(size=(classes, 12))
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(classes), photos)
    side = np.where(np.arange(len(targets)) % 2, 1.0, -1.0)[:, None]
    vectors = normalised(side * centres[targets] + 0.5 * random.normal(size=(len(targets), 12)))
    return Samples.from_labels(vectors, [f"sku{row}" for row in targets], [str(row) for row in range(len(targets))])


def test_what_means_cannot_tell_apart_a_refinement_can():
    taught, asked = bent_samples(1), bent_samples(2)
    shares = {}
    for fine_method in (FineMethod.MEANS, FineMethod.REFINED):
        fine = fit_fine_head(taught, Choice(MetricKind.WHITENED, fine=fine_method))
        found = (fine.metric.apply(asked.vectors) @ fine.prototypes.T).argmax(axis=1)
        shares[fine_method] = float((found == asked.targets).mean())
    assert shares[FineMethod.MEANS] < 0.5
    assert shares[FineMethod.REFINED] > shares[FineMethod.MEANS] + 0.2


def test_validation_refuses_a_refinement_of_classes_that_means_describe():
    samples = clustered_samples(classes=10, photos=6, noise=0.4, seed=4)
    trained = train_heads(samples, dict.fromkeys(samples.classes, Tier.GALLERY), TrainingPolicy(photos_per_scene=1))
    means = {choice: share for choice, share in trained.tried.items() if choice.fine is not FineMethod.REFINED}
    assert trained.tried[trained.chosen] >= max(means.values())
    assert trained.heads.metric.refinement is None or trained.tried[trained.chosen] > max(means.values())


def test_numpy_answers_what_torch_learned():
    random = np.random.default_rng(3)
    shapes = ((5, 5), (7, 5), (7,), (5, 7), (5,))
    tensors = [random.normal(size=shape).astype(np.float32) for shape in shapes]
    x = normalised(random.normal(size=(9, 5)))
    skip, hidden_weight, hidden_bias, out_weight, out_bias = map(torch.from_numpy, tensors)
    rows = torch.from_numpy(x)
    hidden = torch.nn.functional.gelu(20 * (rows @ hidden_weight.T) + hidden_bias, approximate="tanh")
    expected = torch.nn.functional.normalize(rows @ skip.T + hidden @ out_weight.T + out_bias, dim=1)
    assert np.allclose(Refinement(*tensors).apply(x), expected.numpy(), atol=1e-5)
    assert Refinement(*tensors).apply(x[:0]).shape == (0, 5)


def test_gelu_is_that_of_its_definition_within_the_tanh_form():
    x = np.linspace(-6, 6, 101, dtype=np.float32)
    exact = torch.nn.functional.gelu(torch.from_numpy(x)).numpy()
    assert np.abs(_gelu(x) - exact).max() < 1e-3


def test_the_same_seed_learns_the_same_and_an_empty_class_stays_empty():
    samples = bent_samples(1, classes=4, photos=20)
    prototypes = class_prototypes(samples.vectors, samples.targets, 5)  # a fifth class without photos
    first, second = (fit_refinement(samples.vectors, samples.targets, prototypes, seed=6) for _ in range(2))
    assert np.array_equal(first[1], second[1])
    assert np.array_equal(first[0].skip, second[0].skip)
    assert not first[1][4].any()
    assert np.allclose(np.linalg.norm(first[1][:4], axis=1), 1, atol=1e-5)
