"""From a spec to a method of isolation that is ready to work."""

from pathlib import Path

from recognition.errors import EncoderUnavailableError
from recognition.isolation.attention import AttentionIsolator
from recognition.isolation.detector import YoloxDetector
from recognition.isolation.foreground_head import ForegroundHead, ForegroundIsolator
from recognition.isolation.protocol import IsolationSpec, Isolator
from recognition.isolation.whole_picture import WholePicture
from recognition.vocabulary import IsolationMethod

_SUFFIXES = {IsolationMethod.FOREGROUND: ".safetensors", IsolationMethod.BOX: ".onnx"}


def open_isolator(spec: IsolationSpec, encoder: str) -> Isolator:
    """Open the method of a spec for the encoder of a plain fingerprint.

    Raises:
        EncoderUnavailableError: its weights are not there, or the spec contradicts itself.
        EncoderMismatchError: its weights belong to another encoder.
    """
    weights = find_isolation_weights(spec)
    if spec.method is IsolationMethod.ATTENTION:
        return AttentionIsolator()
    if spec.method is IsolationMethod.FOREGROUND and weights is not None:
        return ForegroundIsolator(ForegroundHead.open(weights, encoder))
    if spec.method is IsolationMethod.BOX and weights is not None:
        return YoloxDetector(weights)
    if spec.second_pass:
        raise EncoderUnavailableError(
            "A second pass looks at the product, and isolation by none finds none: set `encoder.isolation.second_pass` "
            "to false, or `encoder.isolation.method` to a method."
        )
    return WholePicture()


def weights_suffix(method: IsolationMethod) -> str | None:
    """How the name of the file that a method works with ends; None for a method that needs none."""
    return _SUFFIXES.get(method)


def find_isolation_weights(spec: IsolationSpec) -> Path | None:
    """Give the file that a method of isolation works with; None for a method that needs none.

    Raises:
        EncoderUnavailableError: it is not there.
    """
    suffix = weights_suffix(spec.method)
    if suffix is None:
        return None
    path = None if spec.weights is None else spec.weights.expanduser()
    if path is None or not path.is_file() or path.suffix != suffix:
        raise EncoderUnavailableError(
            f"Isolation by {spec.method} needs a {suffix} file, and {path or 'none'} is not one: set "
            f"`encoder.isolation.weights` to it, or `encoder.isolation.method` to none."
        )
    return path.absolute()
