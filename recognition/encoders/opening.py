"""From a spec to an encoder that is ready to work."""

from functools import lru_cache

from recognition.encoders.fingerprint import encoder_fingerprint
from recognition.encoders.handcrafted import HandcraftedEncoder
from recognition.encoders.protocol import Encoder
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.encoders.timm_model import open_timm
from recognition.encoders.weights import find_weights


def open_encoder(spec: EncoderSpec) -> Encoder:
    """Open an encoder; asked again for the same spec and unchanged weights, this process gives the same object.

    Raises:
        EncoderUnavailableError: it cannot be loaded; the message says what to do. Nothing is substituted for it.
    """
    return _opened(spec, encoder_fingerprint(spec))


@lru_cache(maxsize=2)
def _opened(spec: EncoderSpec, fingerprint: str) -> Encoder:
    if spec.name == HANDCRAFTED:
        return HandcraftedEncoder(fingerprint)
    return open_timm(spec, find_weights(spec), fingerprint)
