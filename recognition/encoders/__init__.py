"""Photo to vector: one protocol, a handcrafted encoder for the demo and any timm model for production.

Importing this package imports neither torch nor timm: whoever opens a timm encoder pays for them.
"""

from recognition.encoders.fingerprint import encoder_fingerprint, plain_fingerprint
from recognition.encoders.layout import layout_of
from recognition.encoders.opening import open_encoder, open_patch_reader
from recognition.encoders.parallel import EncodedBatch, EncodingFailedError, encode_files
from recognition.encoders.patch_reader import PatchReader
from recognition.encoders.protocol import Block, Encoder, Vectors
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec

__all__ = [
    "HANDCRAFTED",
    "Block",
    "EncodedBatch",
    "Encoder",
    "EncoderSpec",
    "EncodingFailedError",
    "PatchReader",
    "Vectors",
    "encode_files",
    "encoder_fingerprint",
    "layout_of",
    "open_encoder",
    "open_patch_reader",
    "plain_fingerprint",
]
