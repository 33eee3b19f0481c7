"""The card of a release: what people read before they believe it."""

import numpy as np
import pytest

from recognition.encoders import EncoderSpec
from recognition.release.candidate import Candidate, LabelledPhotos, gate_evidence, train_candidate
from recognition.release.card import release_card
from recognition.release.gate import GatePolicy, judge_candidate
from recognition.release.manifest import EncoderIdentity
from recognition.vocabulary import Part, Tier

CLASSES, PHOTOS, WIDTH = 6, 20, 12


@pytest.fixture(scope="module")
def photos() -> LabelledPhotos:
    """Six products that are hard to tell apart, a fifth of their photos held out."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(CLASSES, WIDTH))
    vectors = np.repeat(centres, PHOTOS, axis=0) + 1.3 * random.normal(size=(CLASSES * PHOTOS, WIDTH))
    names = tuple(f"{row:03d}" for row in range(len(vectors)))
    return LabelledPhotos(
        sha256s=names,
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        skus=tuple(f"sku-{row // PHOTOS}" for row in range(len(vectors))),
        groups=names,
        parts=tuple(Part.HOLDOUT if row % 5 == 0 else Part.TRAIN for row in range(len(vectors))),
    )


@pytest.fixture(scope="module")
def candidate(photos: LabelledPhotos) -> Candidate:
    return train_candidate(photos, dict.fromkeys(photos.skus, Tier.GALLERY), "f")


def card_of(candidate: Candidate, photos: LabelledPhotos, titles: dict[str, str] | None = None) -> str:
    verdict = judge_candidate(gate_evidence(candidate, photos, None, {}), GatePolicy())
    return release_card("r1", EncoderIdentity.of(EncoderSpec("handcrafted"), "f"), candidate, verdict, titles)


def test_products_that_are_mistaken_are_called_by_their_titles_too(candidate: Candidate, photos: LabelledPhotos):
    assert candidate.report is not None
    worst = candidate.report.confused[0]
    titles = {worst.sku: "Brick | 2 x 4\nblue", worst.taken_for: "Tile " * 40}
    card = card_of(candidate, photos, titles)
    assert f"| {worst.sku} (Brick \\| 2 x 4 blue) | {worst.taken_for} (Tile Tile" in card
    assert "Tile " * 20 not in card  # a shop's title may be a paragraph
    assert f"| {worst.sku} | {worst.taken_for} | {worst.photos} |" in card_of(candidate, photos)


def test_what_validation_chose_from_names_each_method_once(candidate: Candidate, photos: LabelledPhotos):
    rows = card_of(candidate, photos).partition("## What validation chose from")[2].strip().splitlines()[2:]
    methods = [row.rpartition("|")[0].rpartition("|")[0] for row in rows]
    assert len(methods) == len(set(methods)) > 3
    assert f"chosen out of fold among {len(rows)}" in card_of(candidate, photos)
    shares = [float(row.split("|")[3]) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert max(candidate.trained.tried.values()) == pytest.approx(shares[0], abs=5e-4)
