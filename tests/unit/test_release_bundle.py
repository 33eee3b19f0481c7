"""The release bundle: whole or absent, verified before use, and the way back."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.errors import EncoderMismatchError, NoReleaseError, ReleaseDamagedError
from recognition.heads.training import train_heads
from recognition.heads.whitening import normalised
from recognition.index.building import build_index
from recognition.index.embeddings import Embeddings
from recognition.index.faiss_store import FaissStore
from recognition.index.index import Index
from recognition.index.recall import Recall
from recognition.index.variants import Variant
from recognition.release.bundle import MANIFEST, ReleaseContent, open_bundle, write_bundle
from recognition.release.manifest import EncoderIdentity
from recognition.release.pointer import POINTER, current_release_id, open_current, publish
from recognition.release.products import ProductCard, Products, dump_products
from recognition.release.recogniser import Recogniser
from recognition.release.references import ReferencePhoto, draw_references
from recognition.triage.calibration import calibrate
from recognition.vocabulary import IsolationMethod, Tier
from tests.support.synthetic import DIMENSION, clustered_samples

SAMPLES = clustered_samples(classes=6, photos=8, seed=1)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PRODUCT = ProductCard(
    "sku001", "Tea <b>", price=Decimal("1.20"), currency="EUR", availability="InStock", offer_seen_at=NOW
)


@pytest.fixture(scope="module")
def content() -> ReleaseContent:
    trained = train_heads(SAMPLES, dict.fromkeys(SAMPLES.classes, Tier.GALLERY))
    return ReleaseContent(
        release_id="r0001-abc",
        parent=None,
        created_at=NOW,
        encoder=EncoderIdentity("handcrafted", "handcrafted-1", None),
        method=trained.chosen.method,
        heads=trained.heads,
        thresholds=calibrate(trained),
        superclass_names={0: "all"},
        products=[PRODUCT],
        card="# card\n",
        attachments={"plot.png": b"plot"},
    )


def test_a_bundle_answers_exactly_as_the_heads_it_was_made_of(tmp_path, content):
    bundle = open_bundle(write_bundle(tmp_path, content))
    published = Recogniser.of_bundle(bundle).recognise(SAMPLES.vectors, "handcrafted-1")
    trained = Recogniser.of_heads(content.heads, content.thresholds, "handcrafted-1")
    original = trained.recognise(SAMPLES.vectors, "handcrafted-1")
    assert [found.candidates[0].sku for found in published] == [found.candidates[0].sku for found in original]
    assert [found.verdict for found in published] == [found.verdict for found in original]
    assert np.allclose([found.confidence for found in published], [found.confidence for found in original], atol=1e-5)
    assert bundle.products["sku001"] == PRODUCT
    assert bundle.manifest.thresholds == content.thresholds


def several_embeddings() -> Index:
    """Fifty vectors of each class, in an index with codes."""
    vectors = normalised(np.random.default_rng(4).normal(size=(300, DIMENSION)))
    return build_index(Embeddings(vectors, np.arange(300) % 6), Variant("PQ4x4fs", compared=150))


def test_an_index_with_codes_and_several_embeddings_of_a_class_survives_the_bundle(tmp_path, content):
    index, recall = several_embeddings(), Recall(0.9995, 0.9991, 7)
    bundle = open_bundle(write_bundle(tmp_path, replace(content, index=index, recall=recall)))
    found, cosines = bundle.index(index.embeddings.vectors[:20], 6)
    assert np.array_equal(found, index(index.embeddings.vectors[:20], 6)[0])
    assert found[:, 0].tolist() == [row % 6 for row in range(20)]
    assert np.allclose(cosines[:, 0], 1.0)
    assert (bundle.manifest.index.variant, bundle.manifest.index.rows) == (index.variant, 300)
    assert bundle.manifest.index.recall == recall


class _OtherStore(FaissStore):
    """Remembers what it was asked to open, and searches with an index of its own."""

    def open(self, name: str, embeddings: Embeddings, made: Index | None = None) -> Index:
        self.opened = (name, made)
        return super().open(name, embeddings)


def test_a_release_searches_the_store_that_it_is_given_and_answers_the_same(tmp_path, content):
    bundle, store = open_bundle(write_bundle(tmp_path, content)), _OtherStore()
    elsewhere = Recogniser.of_bundle(bundle, store)
    assert store.opened == (content.release_id, bundle.index)
    assert elsewhere.nearest is not bundle.index
    found = Recogniser.of_bundle(bundle).recognise(SAMPLES.vectors, "handcrafted-1")
    assert elsewhere.recognise(SAMPLES.vectors, "handcrafted-1") == found


def shows_tea(folder: Path) -> None:
    picture = folder.parent / "tea.png"
    Image.new("RGB", (64, 64), "green").save(picture)
    draw_references(folder, {"sku001": [ReferencePhoto("sha", picture)]})


def test_one_flipped_byte_anywhere_refuses_the_bundle_a_thousand_times_of_a_thousand(tmp_path, content):
    path = write_bundle(tmp_path, replace(content, index=several_embeddings(), write_references=shows_tea))
    publish(tmp_path, content.release_id)
    random = np.random.default_rng(0)
    files = sorted(path.iterdir())
    for file in files:
        original = file.read_bytes()
        for place in random.integers(len(original), size=-(-1000 // len(files))).tolist():
            altered = bytearray(original)
            altered[place] ^= 1 << int(random.integers(8))
            file.write_bytes(bytes(altered))
            with pytest.raises(ReleaseDamagedError, match=r"altered|manifest"):
                open_current(tmp_path)
        file.write_bytes(original)
    assert len(open_current(tmp_path).references.of("sku001")) == 1


def test_what_isolates_travels_with_the_bundle_and_is_refused_if_a_byte_of_it_flips(tmp_path, content):
    head = tmp_path / "elsewhere.safetensors"
    head.write_bytes(b"how the product is found")
    encoder = replace(content.encoder, isolation=IsolationMethod.FOREGROUND, second_pass=True, colour=True)
    path = write_bundle(tmp_path / "releases", replace(content, encoder=encoder, isolation_weights=head))
    head.unlink()
    bundle = open_bundle(path)
    assert bundle.manifest.encoder == encoder
    assert bundle.isolation_weights is not None
    assert bundle.isolation_weights.read_bytes() == b"how the product is found"
    bundle.isolation_weights.write_bytes(b"how the product is fount")
    with pytest.raises(ReleaseDamagedError, match=r"isolation\.safetensors was altered"):
        open_bundle(path)


def test_a_release_without_the_file_that_its_encoder_isolates_with_is_never_written(tmp_path, content):
    encoder = replace(content.encoder, isolation=IsolationMethod.BOX)
    with pytest.raises(ValueError, match="isolates by box"):
        write_bundle(tmp_path, replace(content, encoder=encoder))
    assert not (tmp_path / content.release_id).exists()


def test_a_missing_file_refuses_the_bundle_and_names_the_way_back(tmp_path, content):
    path = write_bundle(tmp_path, content)
    for name in [file.name for file in path.iterdir()]:
        copy = tmp_path / "copy"
        shutil.copytree(path, copy)
        (copy / name).unlink()
        with pytest.raises(ReleaseDamagedError, match="rollback"):
            open_bundle(copy)
        shutil.rmtree(copy)


def test_a_cycle_killed_while_writing_leaves_no_release_and_its_rerun_completes(tmp_path, content, monkeypatch):
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("recognition.release.bundle.sha256_of", die)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path, content)
    assert not (tmp_path / content.release_id).exists()
    monkeypatch.undo()
    assert open_bundle(write_bundle(tmp_path, content)).manifest.release_id == content.release_id


def test_writing_a_release_again_leaves_the_first_one_untouched(tmp_path, content):
    before = (write_bundle(tmp_path, content) / MANIFEST).read_bytes()
    write_bundle(tmp_path, replace(content, card="another"))
    assert (tmp_path / content.release_id / MANIFEST).read_bytes() == before


def test_the_pointer_moves_whole_and_before_the_first_release_says_so(tmp_path, content):
    assert current_release_id(tmp_path) is None
    with pytest.raises(NoReleaseError, match="skuloop cycle"):
        open_current(tmp_path)
    write_bundle(tmp_path, content)
    publish(tmp_path, content.release_id)
    assert current_release_id(tmp_path) == content.release_id
    (tmp_path / POINTER).write_text("{")
    with pytest.raises(ReleaseDamagedError):
        current_release_id(tmp_path)


def test_a_manifest_of_another_version_is_refused_with_a_remedy(tmp_path, content):
    path = write_bundle(tmp_path, content)
    document = json.loads((path / MANIFEST).read_bytes()) | {"format": 99}
    (path / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(ReleaseDamagedError, match="another version"):
        open_bundle(path)


def test_vectors_of_another_encoder_are_refused_rather_than_compared(content):
    recogniser = Recogniser.of_heads(content.heads, content.thresholds, "handcrafted-1")
    with pytest.raises(EncoderMismatchError, match="vit-2"):
        recogniser.recognise(SAMPLES.vectors, "vit-2")


def test_prices_survive_the_bundle_to_the_cent():
    bare = ProductCard("sku002", "No offer")
    assert Products(dump_products([PRODUCT, bare])) == {"sku001": PRODUCT, "sku002": bare}
