"""A frozen timm model: one forward pass gives class token, patch tokens of chosen layers, and attention."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from recognition.encoders.device import CPU
from recognition.encoders.pooling import Features, pooled_plainly, pooled_under
from recognition.encoders.precision import check_pictures, faster, half_precision_pays
from recognition.encoders.preparation import centre_frame, normalised, seen_square
from recognition.encoders.protocol import Vectors
from recognition.encoders.spec import EncoderSpec
from recognition.encoders.timm_model import filled_model, fuse_attention
from recognition.encoders.weights import brief
from recognition.errors import EncoderUnavailableError
from recognition.isolation.protocol import Box, Floats, Reads

if TYPE_CHECKING:  # torch and timm take seconds to import: only who opens a model pays
    import torch

TIMM_VERSION = "timm-1 centre-crop class+mean-patch"
"""Goes into the fingerprint: raise it whenever preparation or pooling changes a vector."""

_CHECK_BATCH = 6
_COARSE = 14  # patches along a side of the masks of a model without patch tokens


class Backbone:
    """A timm model without its classifier, in the precision that serves it on this machine.

    Attributes:
        side: Pixels along a side of what it sees.
        grid: Patches along a side, or cells of a mask where the model has no patch tokens.
        batch: Pictures in one forward pass.
        half: Whether half precision pays here, and keeps every row within the cosine promised.
    """

    def __init__(
        self, model: "torch.nn.Module", device: str, image_size: int | None, reads: Reads | None = None
    ) -> None:
        """Measure the model.

        Args:
            model: Filled, on its device.
            device: Where it is.
            image_size: Side of what it shall see; None for the model's own.
            reads: What the method of isolation reads; None without isolation, which pools the last layer alone.

        Raises:
            EncoderUnavailableError: the model cannot give what the method reads.
        """
        from timm.data.config import resolve_data_config

        size = {"img_size": image_size} if image_size else {}
        self._model = model
        self._device = device
        self._config: dict[str, Any] = resolve_data_config(size, model=model)  # type: ignore[no-untyped-call]
        self.side = int(self._config["input_size"][-1])
        self.batch = batch_size(device)
        self.half = False
        squares = [self.square(picture, self.frame(picture)) for picture in check_pictures(_CHECK_BATCH)]
        self._reads = self._readable(reads, squares[:1])
        layers = self.look(squares[:1], half=False).layers
        self.grid = _COARSE if layers is None else round(layers.shape[1] ** 0.5)
        self.half = self._half_pays(squares)

    def frame(self, picture: Image.Image) -> Box:
        """The centre of a picture at the scale the model was evaluated with."""
        return centre_frame(picture, float(self._config["crop_pct"]))

    def square(self, picture: Image.Image, frame: Box) -> Image.Image:
        """What the model sees of a frame."""
        method = Image.Resampling[str(self._config["interpolation"]).upper()]
        return seen_square(picture.convert("RGB"), frame, self.side, method)

    def shares(self, mask: NDArray[np.floating], cells: int) -> Floats:
        """[k g, k g] the share of each cell of a picture's frame that a mask [h, w] of that picture, 0 to 1, covers."""
        cover = Image.fromarray(np.asarray(mask, dtype=np.float32))
        frame, fine = self.frame(cover), (cells * self.grid, cells * self.grid)
        box = (frame.left, frame.top, frame.right, frame.bottom)
        return np.asarray(cover.resize(fine, Image.Resampling.BOX, box=box), dtype=np.float32).clip(0, 1)

    @property
    def has_patches(self) -> bool:
        """Whether masks weigh patches: always with isolation, but for a box on a model that shows none."""
        return self._reads is not None

    def look(self, squares: Sequence[Image.Image], *, half: bool) -> Features:
        """Send squares through the model once, in half precision or float32."""
        return self._forward(squares, self._reads, half=half)

    def _readable(self, reads: Reads | None, squares: Sequence[Image.Image]) -> Reads | None:
        """What is read of this model: nothing where a box is enough and there are no patches to weigh by it."""
        if reads is None:
            return None
        try:
            self._forward(squares, reads, half=False)
        except (AttributeError, IndexError, NotImplementedError, TypeError, ValueError) as error:
            if reads is Reads.PICTURES:
                return None
            raise EncoderUnavailableError(
                f"Isolation cannot look into this model ({brief(error)}): set `encoder.isolation.method` to none or "
                f"box, or `encoder.name` to a vision transformer with a class token."
            ) from error
        return reads

    def _half_pays(self, squares: Sequence[Image.Image]) -> bool:
        """Whether half precision pays, with the kind of attention that is faster in it here; the model keeps that."""

        def rows(*, half: bool, fused: bool) -> Vectors:
            fuse_attention(self._model, fused=fused)
            return self._pooled(squares, half=half)

        exact, fused, plain = (
            partial(rows, half=half, fused=fused) for half, fused in ((False, True), (True, True), (True, False))
        )
        is_plain = fuse_attention(self._model, fused=True) and faster(plain, fused)
        pays = half_precision_pays(exact, plain if is_plain else fused)
        fuse_attention(self._model, fused=not (pays and is_plain))
        return pays

    def _pooled(self, squares: Sequence[Image.Image], *, half: bool) -> Vectors:
        features = self._forward(squares, self._reads, half=half)
        everywhere = np.ones((len(squares), self.grid, self.grid), dtype=np.float32)
        return pooled_plainly(features) if self._reads is None else pooled_under(features, everywhere)

    def _forward(self, squares: Sequence[Image.Image], reads: Reads | None, *, half: bool) -> Features:
        import torch

        pixels = torch.from_numpy(normalised(squares, self._config["mean"], self._config["std"])).to(self._device)
        kind = self._device.split(":")[0]
        # Autocast keeps norms and residuals in float32: measured four times closer to float32 than a bfloat16 model.
        with torch.inference_mode(), torch.autocast(kind, dtype=half_type(kind), enabled=half):
            return _features(self._model, pixels, reads)


def open_backbone(spec: EncoderSpec, weights: Path, reads: Reads | None) -> Backbone:
    """Build a model, fill it with exactly these weights, and measure which precision serves it on this machine.

    Sets torch's thread count for the whole process (`spec.threads`) when the device is a CPU.

    Raises:
        EncoderUnavailableError: timm has no such model, the weights are another model's or damaged, the size does not
            fit the model, the device is not there, or the method of isolation cannot look into the model.
    """
    import torch

    if spec.device == CPU:
        torch.set_num_threads(spec.threads)
    model = filled_model(spec, weights)
    try:
        return Backbone(model.to(spec.device), spec.device, spec.image_size, reads)
    except (AssertionError, RuntimeError) as error:
        raise EncoderUnavailableError(
            f"{spec.name} does not run on {spec.device!r} at image size {spec.image_size} ({brief(error)}). "
            f"Set `encoder.device` to a device of this machine and `encoder.image_size` to a size that the model takes."
        ) from error


def batch_size(device: str) -> int:
    """Pictures in one forward pass: on every CPU measured more than eight leave the cache."""
    return 8 if device == CPU else 64


def half_type(kind: str) -> "torch.dtype":
    """The half precision of a kind of device: bfloat16, but float16 for a GPU that has no bfloat16."""
    import torch

    lacks = kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.float16 if lacks else torch.bfloat16


def quarters(depth: int) -> list[int]:
    """Count from 0 the blocks that end the first, second and third quarter of a model; its end is the fourth."""
    return [round(depth * quarter / 4) - 1 for quarter in (1, 2, 3)]


def _features(model: Any, pixels: "torch.Tensor", reads: Reads | None) -> Features:
    prefix = _prefix(model)
    if reads is None:
        last = model.forward_features(pixels)
        patches = _array(last[:, prefix:, None]) if last.ndim == 3 and prefix else None
        return Features(_array(_summary(model, last, prefix)), patches)
    with _inputs_of(model.blocks[-1].attn) as inputs:
        last, taken = model.forward_intermediates(pixels, quarters(len(model.blocks)), output_fmt="NLC")
    layers = np.stack([*map(_array, taken), _array(last[:, prefix:])], axis=2)
    attention = _attention(model.blocks[-1].attn, inputs[0], prefix) if reads is Reads.ATTENTION else None
    return Features(_array(_summary(model, last, prefix)), layers, attention)


def _summary(model: Any, last: "torch.Tensor", prefix: int) -> "torch.Tensor":
    """[n, d] class token of [n, tokens, d]; else what the model itself makes of its tokens, or of its map."""
    return last[:, 0] if last.ndim == 3 and prefix else model.forward_head(last, pre_logits=True)


@contextmanager
def _inputs_of(layer: "torch.nn.Module") -> Iterator[list["torch.Tensor"]]:
    """Collect what a layer is given meanwhile."""
    inputs: list[torch.Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    try:
        yield inputs
    finally:
        hook.remove()


def _attention(layer: Any, tokens: "torch.Tensor", prefix: int) -> Floats:
    """[n, p] attention of the class token, computed once more: fused kernels never show it."""
    if not prefix:
        raise ValueError("there is no class token")
    heads = layer.qkv(tokens).unflatten(2, (3, layer.num_heads, -1)).permute(2, 0, 3, 1, 4)  # [3, n, heads, t, d]
    query, key = layer.q_norm(heads[0][:, :, :1]), layer.k_norm(heads[1])
    looks = (query * layer.scale @ key.transpose(2, 3)).float().softmax(dim=3)  # [n, heads, 1, t]
    return _array(looks[:, :, 0, prefix:].mean(dim=1))


def _prefix(model: Any) -> int:
    """Tokens before the patches: the class token, then registers if there are any; 0 without a class token."""
    return int(getattr(model, "num_prefix_tokens", 0))


def _array(tensor: "torch.Tensor") -> Floats:
    return cast("Floats", tensor.float().cpu().numpy())
