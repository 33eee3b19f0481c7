"""The name that vectors carry: equal fingerprints mean vectors that may be compared.

It covers what moves a vector by more than rounding: the weights (by content), the size the model sees, and the version
of our own preprocessing and pooling. It does not cover where the weights lie, the device, threads or precision.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from recognition.encoders.handcrafted import HANDCRAFTED_VERSION
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.encoders.timm_model import TIMM_VERSION
from recognition.encoders.weights import find_weights


def encoder_fingerprint(spec: EncoderSpec) -> str:
    """Name the encoder's vectors, for example "vit_tiny_patch16_224-1a2b3c4d5e6f7081". No model is loaded.

    Raises:
        EncoderUnavailableError: the weights cannot be had.
    """
    if spec.name == HANDCRAFTED:
        return _named(spec.name, HANDCRAFTED_VERSION)
    weights = find_weights(spec)
    facts = weights.stat()
    content = _file_digest(weights, facts.st_size, facts.st_mtime_ns)
    return _named(spec.name, TIMM_VERSION, spec.name, content, f"image_size={spec.image_size}")


def _named(name: str, *parts: str) -> str:
    slug = re.sub(r"[^a-z0-9_]+", "_", name.split(".", maxsplit=1)[0].lower())[:48]
    return f"{slug}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


@lru_cache(maxsize=8)
def _file_digest(path: Path, size: int, mtime_ns: int) -> str:  # noqa: ARG001  # size and time are the cache's key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
