import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from recognition.encoders import HANDCRAFTED, EncoderSpec, encoder_fingerprint, open_encoder, plain_fingerprint
from recognition.errors import EncoderUnavailableError
from recognition.isolation.opening import open_isolator
from recognition.isolation.protocol import IsolationSpec
from recognition.vocabulary import IsolationMethod

NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"


@pytest.fixture
def spec(tmp_path: Path) -> EncoderSpec:
    weights = tmp_path / "some.safetensors"
    weights.write_bytes(b"not really weights, but bytes with a hash")
    return EncoderSpec(NAME, weights)


def test_a_fingerprint_can_name_a_folder_and_be_read_by_a_person(spec: EncoderSpec) -> None:
    assert re.fullmatch(r"vit_tiny_patch16_224-[0-9a-f]{16}", encoder_fingerprint(spec))
    assert re.fullmatch(r"handcrafted-[0-9a-f]{16}", encoder_fingerprint(EncoderSpec(HANDCRAFTED)))
    assert "/" not in encoder_fingerprint(replace(spec, name="../../etc/passwd"))


def test_other_weights_under_the_same_name_never_share_a_fingerprint(spec: EncoderSpec) -> None:
    before = encoder_fingerprint(spec)
    assert spec.weights is not None
    spec.weights.write_bytes(b"not really weights, but other bytes with a hash")
    assert encoder_fingerprint(spec) != before


def test_weights_replaced_by_as_many_bytes_are_noticed_by_their_time(spec: EncoderSpec) -> None:
    before = encoder_fingerprint(spec)
    assert spec.weights is not None
    spec.weights.write_bytes(spec.weights.read_bytes()[::-1])
    os.utime(spec.weights, ns=(1, 1))
    assert encoder_fingerprint(spec) != before


def test_moving_the_weights_or_the_work_elsewhere_keeps_the_vectors_valid(spec: EncoderSpec, tmp_path: Path) -> None:
    assert spec.weights is not None
    moved = tmp_path / "elsewhere.safetensors"
    moved.write_bytes(spec.weights.read_bytes())
    expected = encoder_fingerprint(spec)
    assert encoder_fingerprint(replace(spec, weights=moved)) == expected
    assert encoder_fingerprint(replace(spec, device="cuda", threads=4)) == expected


def test_another_image_size_or_model_gives_other_vectors_and_another_fingerprint(spec: EncoderSpec) -> None:
    prints = {
        encoder_fingerprint(spec),
        encoder_fingerprint(replace(spec, image_size=160)),
        encoder_fingerprint(replace(spec, image_size=None)),
        encoder_fingerprint(replace(spec, name="vit_tiny_patch16_224.other_training")),
    }
    assert len(prints) == 4


def test_what_isolates_and_whether_colour_is_on_are_part_of_the_fingerprint(spec: EncoderSpec, tmp_path: Path) -> None:
    head, other, detector = tmp_path / "head.safetensors", tmp_path / "other.safetensors", tmp_path / "detector.onnx"
    for path in (head, other, detector):
        path.write_bytes(path.name.encode())
    specs = [
        spec,
        replace(spec, colour=True),
        replace(spec, isolation=IsolationSpec(IsolationMethod.ATTENTION)),
        replace(spec, isolation=IsolationSpec(IsolationMethod.ATTENTION, second_pass=True)),
        replace(spec, isolation=IsolationSpec(IsolationMethod.BOX, detector)),
        replace(spec, isolation=IsolationSpec(IsolationMethod.FOREGROUND, head)),
        replace(spec, isolation=IsolationSpec(IsolationMethod.FOREGROUND, other)),
        replace(spec, isolation=IsolationSpec(IsolationMethod.FOREGROUND, other), colour=True),
    ]
    assert len({encoder_fingerprint(each) for each in specs}) == len(specs)
    assert {plain_fingerprint(each) for each in specs} == {encoder_fingerprint(spec)}


def test_vectors_from_before_there_was_isolation_keep_their_name(spec: EncoderSpec) -> None:
    assert spec.weights is not None
    parts = (
        "timm-1 centre-crop class+mean-patch",
        NAME,
        hashlib.sha256(spec.weights.read_bytes()).hexdigest(),
        "image_size=224",
    )
    assert encoder_fingerprint(spec).endswith(hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16])


@pytest.mark.parametrize("method", [IsolationMethod.FOREGROUND, IsolationMethod.BOX])
def test_isolation_without_its_file_is_told_with_the_setting_to_change(
    spec: EncoderSpec, method: IsolationMethod, tmp_path: Path
) -> None:
    wrong = tmp_path / "head.txt"
    wrong.touch()
    for weights in (None, tmp_path / "absent.onnx", wrong):
        with pytest.raises(EncoderUnavailableError, match=r"needs a \.(onnx|safetensors).*encoder\.isolation\.weights"):
            encoder_fingerprint(replace(spec, isolation=IsolationSpec(method, weights)))


def test_an_encoder_without_patches_to_look_into_refuses_isolation_and_colour() -> None:
    for spec in (
        EncoderSpec(HANDCRAFTED, isolation=IsolationSpec(IsolationMethod.ATTENTION)),
        EncoderSpec(HANDCRAFTED, colour=True),
    ):
        with pytest.raises(EncoderUnavailableError, match=r"encoder\.colour.*encoder\.isolation\.method"):
            open_encoder(spec)


def test_a_second_look_at_nothing_is_refused() -> None:
    with pytest.raises(EncoderUnavailableError, match=r"encoder\.isolation\.second_pass"):
        open_isolator(IsolationSpec(second_pass=True), "any")


def test_a_missing_weights_file_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailableError, match=r"no weights file .*encoder\.weights"):
        open_encoder(EncoderSpec(NAME, tmp_path / "absent.safetensors"))


def test_a_pickle_is_refused_before_anything_opens_it(tmp_path: Path) -> None:
    pickle = tmp_path / "model.pth"
    pickle.write_bytes(b"\x80\x04.")
    with pytest.raises(EncoderUnavailableError, match="no safetensors file"):
        open_encoder(EncoderSpec(NAME, pickle))


def test_naming_an_encoder_costs_nobody_the_import_of_torch(spec: EncoderSpec) -> None:
    program = (
        "import sys; from pathlib import Path; from recognition.encoders import *; encoder_fingerprint("
        "EncoderSpec(sys.argv[1], Path(sys.argv[2]))); encoder_fingerprint(EncoderSpec(HANDCRAFTED)); "
        "sys.exit(sorted({'torch', 'timm', 'skimage'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program, spec.name, str(spec.weights)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
