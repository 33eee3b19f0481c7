"""A frozen timm model: one forward pass gives class token, patch tokens of chosen layers, and attention."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.encoders.pooling import Features, pooled
from recognition.encoders.precision import check_pictures, half_precision_pays
from recognition.encoders.preparation import centre_frame, normalised, seen_square
from recognition.encoders.protocol import Vectors
from recognition.errors import EncoderUnavailableError
from recognition.isolation.protocol import Box, Reads

if TYPE_CHECKING:  # torch and timm take seconds to import: only who opens a model pays
    import torch

TIMM_VERSION = "timm-1 centre-crop class+mean-patch"
"""Goes into the fingerprint: raise it whenever preparation or pooling changes a vector."""

_CHECK_BATCH = 6
_COARSE = 14  # patches along a side of the masks of a model without patch tokens


class Backbone:
    """A timm model without its classifier, in the precision that serves it on this machine."""

    def __init__(self, model: "torch.nn.Module", device: str, image_size: int | None) -> None:
        from timm.data.config import resolve_data_config

        size = {"img_size": image_size} if image_size else {}
        self._model = model
        self._device = device
        self._config: dict[str, Any] = resolve_data_config(size, model=model)  # type: ignore[no-untyped-call]
        self.side = int(self._config["input_size"][-1])
        self.batch = batch_size(device)
        self.half = False
        squares = [self.square(picture, self.frame(picture)) for picture in check_pictures(_CHECK_BATCH)]
        self.half = half_precision_pays(
            lambda: self._check(squares, half=False), lambda: self._check(squares, half=True)
        )
        patches = self.look(squares[:1], Reads.PICTURES).patches
        self.grid = _COARSE if patches is None else round(patches.shape[1] ** 0.5)

    def frame(self, picture: Image.Image) -> Box:
        """The centre of a picture at the scale the model was evaluated with."""
        return centre_frame(picture, float(self._config["crop_pct"]))

    def square(self, picture: Image.Image, frame: Box) -> Image.Image:
        """What the model sees of a frame."""
        method = Image.Resampling[str(self._config["interpolation"]).upper()]
        return seen_square(picture.convert("RGB"), frame, self.side, method)

    def look(self, squares: Sequence[Image.Image], reads: Reads = Reads.PICTURES) -> Features:
        """Send squares through the model once, and also take what a method of isolation reads."""
        return self._forward(squares, reads, half=self.half)

    def check_reads(self, reads: Reads, name: str) -> None:
        """Try whether the model can give what a method of isolation reads.

        Raises:
            EncoderUnavailableError: it cannot.
        """
        try:
            self.look([Image.new("RGB", (self.side, self.side))], reads)
        except (AttributeError, TypeError, ValueError) as error:
            raise EncoderUnavailableError(
                f"{name} has no {reads} that could be read: set `encoder.isolation.method` to none or box, or "
                f"`encoder.name` to a vision transformer with a class token."
            ) from error

    def _check(self, squares: Sequence[Image.Image], *, half: bool) -> Vectors:
        return pooled(self._forward(squares, Reads.PICTURES, half=half))

    def _forward(self, squares: Sequence[Image.Image], reads: Reads, *, half: bool) -> Features:
        import torch

        pixels = torch.from_numpy(normalised(squares, self._config["mean"], self._config["std"])).to(self._device)
        kind = self._device.split(":")[0]
        # Autocast keeps norms and residuals in float32: measured four times closer to float32 than a bfloat16 model.
        with torch.inference_mode(), torch.autocast(kind, dtype=half_type(kind), enabled=half):
            return _taken(self._model, pixels, reads)


def batch_size(device: str) -> int:
    """Pictures in one forward pass: on every CPU measured more than eight leave the cache."""
    return 8 if device == "cpu" else 64


def half_type(kind: str) -> "torch.dtype":
    """The half precision of a kind of device: bfloat16, but float16 for a GPU that has no bfloat16."""
    import torch

    lacks = kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.float16 if lacks else torch.bfloat16


def isolation_layers(depth: int) -> tuple[int, int]:
    """Count from 0 the blocks whose tokens a foreground head reads: one past the middle, and the last."""
    return round(depth * 7 / 12) - 1, depth - 1


def _taken(model: Any, pixels: "torch.Tensor", reads: Reads) -> Features:
    prefix = _prefix(model)
    tokens = attention = None
    match reads:
        case Reads.PICTURES:
            last = model.forward_features(pixels)
        case Reads.TOKENS:
            layers = list(isolation_layers(len(model.blocks)))
            last, taken = model.forward_intermediates(pixels, layers, norm=True, output_fmt="NLC")
            tokens = np.concatenate([_array(layer) for layer in taken], axis=2)
        case Reads.ATTENTION:
            last, attention = _with_attention(model, pixels, prefix)
    has_patches = last.ndim == 3 and (prefix > 0 or tokens is not None)  # else [n, channels, rows, columns]
    summary = last[:, 0] if last.ndim == 3 and prefix else model.forward_head(last, pre_logits=True)
    return Features(_array(summary), _array(last[:, prefix:]) if has_patches else None, tokens, attention)


def _with_attention(model: Any, pixels: "torch.Tensor", prefix: int) -> tuple["torch.Tensor", NDArray[np.float32]]:
    """Run the model and give attention [n, p] of the class token too, computed again: fused kernels never show it."""
    if not prefix:
        raise ValueError("there is no class token")
    layer, inputs = model.blocks[-1].attn, list["torch.Tensor"]()
    hook = layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    try:
        last = model.forward_features(pixels)
    finally:
        hook.remove()
    (tokens,) = inputs
    heads = layer.qkv(tokens).unflatten(2, (3, layer.num_heads, -1)).permute(2, 0, 3, 1, 4)  # [3, n, heads, t, d]
    query, key = layer.q_norm(heads[0][:, :, :1]), layer.k_norm(heads[1])
    looks = (query * layer.scale @ key.transpose(2, 3)).float().softmax(dim=3)  # [n, heads, 1, t]
    return last, _array(looks[:, :, 0, prefix:].mean(dim=1))


def _prefix(model: Any) -> int:
    """Tokens before the patches: the class token, then registers if there are any; 0 without a class token."""
    return int(getattr(model, "num_prefix_tokens", 0))


def _array(tensor: "torch.Tensor") -> NDArray[np.float32]:
    return cast("NDArray[np.float32]", tensor.float().cpu().numpy())
