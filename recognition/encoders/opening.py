"""From a spec to an encoder that is ready to work."""

from functools import lru_cache

from recognition.encoders.backbone import open_backbone
from recognition.encoders.fingerprint import encoder_fingerprint, plain_fingerprint
from recognition.encoders.handcrafted import HandcraftedEncoder
from recognition.encoders.patch_reader import PatchReader
from recognition.encoders.protocol import Encoder
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.encoders.timm_encoder import open_timm
from recognition.encoders.weights import find_weights
from recognition.errors import EncoderUnavailableError
from recognition.isolation.protocol import NO_ISOLATION, Reads


def open_encoder(spec: EncoderSpec) -> Encoder:
    """Open an encoder; asked again for the same spec and unchanged weights, this process gives the same object.

    Raises:
        EncoderUnavailableError: it cannot be loaded; the message says what to do. Nothing is substituted for it.
        EncoderMismatchError: its foreground head was trained for another encoder.
    """
    return _opened(spec, encoder_fingerprint(spec))


def open_patch_reader(spec: EncoderSpec) -> PatchReader:
    """Open a model of timm to teach a foreground head with; isolation and colour of the spec do not matter.

    Raises:
        EncoderUnavailableError: it cannot be loaded, or shows no patch tokens.
    """
    return PatchReader(open_backbone(spec, find_weights(spec), Reads.TOKENS), plain_fingerprint(spec))


@lru_cache(maxsize=2)
def _opened(spec: EncoderSpec, fingerprint: str) -> Encoder:
    if spec.name == HANDCRAFTED:
        if spec.colour or spec.isolation != NO_ISOLATION:
            raise EncoderUnavailableError(
                f"The encoder {HANDCRAFTED} has its own colours and isolates nothing: set `encoder.colour` to false "
                f"and `encoder.isolation.method` to none, or `encoder.name` to a model of timm."
            )
        return HandcraftedEncoder(fingerprint)
    return open_timm(spec, find_weights(spec), fingerprint, plain_fingerprint(spec))
