"""From a spec to a method of isolation that is ready to work."""

from pathlib import Path

from recognition.errors import EncoderUnavailableError
from recognition.isolation.masks import WholePicture
from recognition.isolation.protocol import IsolationSpec, Isolator
from recognition.vocabulary import IsolationMethod

_SUFFIXES = {IsolationMethod.FOREGROUND: ".safetensors", IsolationMethod.BOX: ".onnx"}


def open_isolator(spec: IsolationSpec, encoder: str) -> Isolator:  # noqa: ARG001
    """Open the method of a spec for the encoder of a (plain) fingerprint.

    Raises:
        EncoderUnavailableError: its weights are not there, or the spec contradicts itself.
        EncoderMismatchError: its weights belong to another encoder.
    """
    match spec.method:
        case IsolationMethod.NONE if spec.second_pass:
            raise EncoderUnavailableError(
                "A second pass looks at the product, and isolation by none finds no product: set "
                "`encoder.isolation.second_pass` to false, or `encoder.isolation.method` to a method."
            )
        case IsolationMethod.NONE:
            return WholePicture()
        case _:
            raise EncoderUnavailableError(f"There is no isolation by {spec.method} yet.")


def find_isolation_weights(spec: IsolationSpec) -> Path | None:
    """Give the file that a method of isolation works with; None for a method that needs none.

    Raises:
        EncoderUnavailableError: it is not there.
    """
    suffix = _SUFFIXES.get(spec.method)
    if suffix is None:
        return None
    path = None if spec.weights is None else spec.weights.expanduser()
    if path is None or not path.is_file() or path.suffix != suffix:
        raise EncoderUnavailableError(
            f"Isolation by {spec.method} needs a {suffix} file, and {path or 'none'} is not one: set "
            f"`encoder.isolation.weights` to it, or `encoder.isolation.method` to none."
        )
    return path.absolute()
