"""Any model of timm as an encoder: class token and mean patch token of the last layer, frozen."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.encoders.precision import check_pictures, half_precision_pays
from recognition.encoders.protocol import Vectors, unit_rows
from recognition.encoders.spec import EncoderSpec
from recognition.encoders.weights import brief
from recognition.errors import EncoderUnavailableError

if TYPE_CHECKING:  # torch and timm take seconds to import: only who opens a model pays
    import torch

TIMM_VERSION = "timm-1 centre-crop class+mean-patch"
"""Goes into the fingerprint: raise it whenever preparation or pooling below changes a vector."""

_BATCH = 8  # the fastest on every CPU measured; larger batches leave the cache
_CHECK_BATCH = 6


class TimmEncoder:
    """A timm model without its classifier; see `Encoder`."""

    def __init__(self, spec: EncoderSpec, fingerprint: str, model: "torch.nn.Module") -> None:
        from timm.data.config import resolve_data_config

        size = {"img_size": spec.image_size} if spec.image_size else {}
        self.name = spec.name
        self.fingerprint = fingerprint
        self.half = False
        self._model = model
        self._device = spec.device
        self._config: dict[str, Any] = resolve_data_config(size, model=model)  # type: ignore[no-untyped-call]
        checks = self._prepare(check_pictures(_CHECK_BATCH))
        self.half = half_precision_pays(
            lambda: self._forward(checks, half=False), lambda: self._forward(checks, half=True)
        )
        self.dimension: int = self._forward(checks[:1], half=self.half).shape[1]

    def encode(self, pictures: Sequence[Image.Image]) -> Vectors:
        """Encode RGB pictures of any size: [n, d], rows L2-normalised."""
        starts = range(0, len(pictures), _BATCH)
        parts = [self._forward(self._prepare(pictures[at : at + _BATCH]), half=self.half) for at in starts]
        return np.concatenate(parts) if parts else np.empty((0, self.dimension), dtype=np.float32)

    def _prepare(self, pictures: Sequence[Image.Image]) -> NDArray[np.float32]:
        """[n, 3, side, side], normalised as the model was trained."""
        config = self._config
        pixels = np.stack([_cropped(picture, config) for picture in pictures]).astype(np.float32) / 255
        mean, deviation = (np.asarray(config[key], dtype=np.float32) for key in ("mean", "std"))
        return np.ascontiguousarray(((pixels - mean) / deviation).transpose(0, 3, 1, 2))

    def _forward(self, pixels: NDArray[np.float32], *, half: bool) -> Vectors:
        import torch

        # Autocast keeps norms and residuals in float32: measured four times closer to float32 than a bfloat16 model.
        with torch.inference_mode(), torch.autocast(self._device.split(":")[0], dtype=torch.bfloat16, enabled=half):
            features = self._model.forward_features(torch.from_numpy(pixels).to(self._device))  # type: ignore[operator]
            pooled = _pooled(self._model, features)
        return unit_rows(pooled.float().cpu().numpy())


def open_timm(spec: EncoderSpec, weights: Path, fingerprint: str) -> TimmEncoder:
    """Build the model, fill it with exactly these weights, and measure which precision serves it on this machine.

    Sets torch's thread count for the whole process (`spec.threads`) when the device is a CPU.

    Raises:
        EncoderUnavailableError: timm has no such model, the weights are another model's or damaged, the size does not
            fit the model, or the device is not there.
    """
    import torch

    if spec.device == "cpu":
        torch.set_num_threads(spec.threads)
    model = _empty_model(spec)
    _fill(model, spec, weights)
    try:
        return TimmEncoder(spec, fingerprint, model.eval().to(spec.device))
    except (AssertionError, RuntimeError) as error:
        raise EncoderUnavailableError(
            f"{spec.name} does not run on {spec.device!r} at image size {spec.image_size} ({brief(error)}). "
            f"Set `encoder.device` to a device of this machine and `encoder.image_size` to a size that the model takes."
        ) from error


def _empty_model(spec: EncoderSpec) -> "torch.nn.Module":
    import timm

    try:
        config = timm.get_pretrained_cfg(spec.name)
        # Transformers lay out their position table by the size; convolutional models know no such argument.
        fixed = spec.image_size is not None and config is not None and config.fixed_input_size
        size: dict[str, Any] = {"img_size": spec.image_size} if fixed else {}
        return timm.create_model(spec.name, pretrained=False, num_classes=0, **size)
    except (RuntimeError, AssertionError) as error:
        raise EncoderUnavailableError(
            f"timm cannot build {spec.name!r} ({brief(error)}). Set `encoder.name` to a model of `timm.list_models()`."
        ) from error


def _fill(model: "torch.nn.Module", spec: EncoderSpec, weights: Path) -> None:
    from safetensors.torch import load_file

    try:
        state = load_file(weights)
        # timm's own adaption: older key names, and the position table stretched to another image size.
        adapt = getattr(import_module(type(model).__module__), "checkpoint_filter_fn", None)
        model.load_state_dict(_without_classifier(model, adapt(state, model) if adapt else state), strict=True)
    except Exception as error:  # the adaption meets whatever another model's file holds: missing keys, wrong shapes...
        raise EncoderUnavailableError(
            f"{weights.name} does not hold the weights of {spec.name} ({brief(error)}). Set `encoder.weights` to that "
            f"model's file, or `encoder.name` to the file's model."
        ) from error


def _without_classifier(model: "torch.nn.Module", state: Mapping[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
    config = cast("Mapping[str, Any]", model.pretrained_cfg)
    named = config.get("classifier") or ()
    prefixes = tuple(f"{name}." for name in ([named] if isinstance(named, str) else named))
    return {key: tensor for key, tensor in state.items() if not key.startswith(prefixes)}


def _cropped(picture: Image.Image, config: Mapping[str, Any]) -> NDArray[np.uint8]:
    """[side, side, 3]: the centre of the picture at the scale the model was evaluated with."""
    side = int(config["input_size"][-1])
    # Crop and resize in one step: a strip of 32 x 700,000 pixels resized first would fill the memory.
    kept = min(picture.size) * float(config["crop_pct"])
    left, top = (picture.width - kept) / 2, (picture.height - kept) / 2
    method = Image.Resampling[str(config["interpolation"]).upper()]
    square = picture.convert("RGB").resize(
        (side, side), method, box=(left, top, left + kept, top + kept), reducing_gap=3
    )
    return np.asarray(square)


def _pooled(model: "torch.nn.Module", features: "torch.Tensor") -> "torch.Tensor":
    """[n, d]: class and mean patch token side by side; the model's own pooling where there are no such tokens."""
    import torch

    prefix = int(getattr(model, "num_prefix_tokens", 0))  # class token, then registers if there are any
    if features.ndim != 3 or prefix == 0:  # [n, tokens, d]
        return cast("torch.Tensor", model.forward_head(features, pre_logits=True))  # type: ignore[operator]
    return torch.cat([features[:, 0], features[:, prefix:].mean(dim=1)], dim=1)
