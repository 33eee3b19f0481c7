"""The name that vectors carry: equal fingerprints mean vectors that may be compared.

It covers what moves a vector by more than rounding: the weights (by content), the size the model sees, the version of
our own preprocessing and pooling, the method of isolation with its weights, and the colour descriptor.

It does not cover where the weights lie, the device, threads or precision: half precision is used only where it was just
checked to keep every row within a cosine of .9998 to float32, and whether it pays differs between machines that share
one store.
"""

import hashlib
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from recognition.encoders.backbone import TIMM_VERSION
from recognition.encoders.handcrafted import HANDCRAFTED_VERSION
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.encoders.weights import find_weights
from recognition.isolation.opening import find_isolation_weights
from recognition.isolation.protocol import ISOLATION_VERSION, NO_ISOLATION, IsolationSpec
from recognition.pictures.colour import COLOUR_VERSION
from recognition.vocabulary import IsolationMethod


def encoder_fingerprint(spec: EncoderSpec) -> str:
    """Name the encoder's vectors, for example "vit_tiny_patch16_224-1a2b3c4d5e6f7081". No model is loaded.

    Raises:
        EncoderUnavailableError: the weights, or those of its isolation, cannot be had.
    """
    if spec.name == HANDCRAFTED:
        return _named(spec.name, HANDCRAFTED_VERSION)
    content = _digest(find_weights(spec))
    return _named(spec.name, TIMM_VERSION, spec.name, content, f"image_size={spec.image_size}", *_additions(spec))


def plain_fingerprint(spec: EncoderSpec) -> str:
    """Name the same encoder without isolation and colour: what a foreground head is bound to."""
    return encoder_fingerprint(replace(spec, isolation=NO_ISOLATION, colour=False))


def _additions(spec: EncoderSpec) -> list[str]:
    """What isolation and colour add; nothing where they are off, so that vectors from before them keep their name."""
    return [*_isolation(spec.isolation), *([COLOUR_VERSION] if spec.colour else [])]


def _isolation(isolation: IsolationSpec) -> list[str]:
    if isolation.method is IsolationMethod.NONE:
        return []
    weights = find_isolation_weights(isolation)
    content = "" if weights is None else _digest(weights)
    return [ISOLATION_VERSION, isolation.method.value, content, f"second_pass={isolation.second_pass}"]


def _digest(path: Path) -> str:
    facts = path.stat()
    return _file_digest(path, facts.st_size, facts.st_mtime_ns)


def _named(name: str, *parts: str) -> str:
    slug = re.sub(r"[^a-z0-9_]+", "_", name.split(".", maxsplit=1)[0].lower())[:48]
    return f"{slug}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


@lru_cache(maxsize=8)
def _file_digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001  # size and time are the cache's key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
