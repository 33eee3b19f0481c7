"""A release whose encoder isolates: the bundle and the encoder's weights are all that the query path needs."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from recognition.encoders import EncoderSpec, encoder_fingerprint, open_encoder, plain_fingerprint
from recognition.encoders.precision import check_pictures
from recognition.errors import ReleaseDamagedError
from recognition.heads.samples import Samples
from recognition.heads.training import train_heads
from recognition.isolation.foreground_head import CELLS, ForegroundHead
from recognition.isolation.protocol import IsolationSpec
from recognition.release.bundle import ReleaseContent, write_bundle
from recognition.release.manifest import EncoderIdentity
from recognition.release.recogniser import Recogniser
from recognition.triage.calibration import calibrate
from recognition.vocabulary import IsolationMethod, Tier
from serving.identifier import Identifier

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
WEIGHTS = SHARED / "weights" / f"{NAME}.safetensors"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not WEIGHTS.exists(), reason="no ViT-Tiny: set SKULOOP_SHARED to the shared folder"),
]


def taught_nothing(path: Path) -> Path:
    rng = np.random.default_rng(0)
    shapes = [(3 * 192, 8), (8,), (8, CELLS * CELLS), (CELLS * CELLS,)]
    head = ForegroundHead(*(rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes))
    head.save(path, plain_fingerprint(EncoderSpec(NAME, WEIGHTS)))
    return path


def test_a_bundle_with_a_foreground_head_answers_elsewhere_as_it_did_at_home_and_never_after_a_flipped_byte(tmp_path):
    head = taught_nothing(tmp_path / "head.safetensors")
    spec = EncoderSpec(NAME, WEIGHTS, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head), colour=True)
    encoder, pictures = open_encoder(spec), check_pictures(12)
    vectors, skus = encoder.encode(pictures), [f"sku{row % 6}" for row in range(12)]
    trained = train_heads(
        Samples.from_labels(vectors, skus, [str(row) for row in range(12)], encoder.layout),
        dict.fromkeys(skus, Tier.GALLERY),
    )
    thresholds = calibrate(trained)
    content = ReleaseContent(
        release_id="r0001-abc",
        parent=None,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        encoder=EncoderIdentity.of(spec, encoder_fingerprint(spec)),
        method=trained.chosen.method,
        heads=trained.heads,
        thresholds=thresholds,
        superclass_names={},
        products=[],
        card="",
        isolation_weights=head,
    )
    bundle = shutil.move(write_bundle(tmp_path / "home", content), tmp_path / "elsewhere")
    head.unlink()

    expected = Recogniser.of_heads(trained.heads, thresholds, encoder.fingerprint).recognise(
        vectors, encoder.fingerprint
    )
    identifier = Identifier.open(bundle, WEIGHTS)
    assert identifier.looker.encoder is not encoder
    for picture, wanted in zip(pictures, expected, strict=True):
        found = identifier.identify(picture, most=1).best
        assert found.verdict == wanted.verdict
        assert found.alternatives[0].sku == wanted.candidates[0].sku
        assert found.alternatives[0].score == pytest.approx(wanted.candidates[0].score, abs=5e-3)

    inside = bundle / "isolation.safetensors"
    altered = bytearray(inside.read_bytes())
    altered[-5] ^= 1
    inside.write_bytes(altered)
    with pytest.raises(ReleaseDamagedError, match="altered"):
        Identifier.open(bundle, WEIGHTS)
