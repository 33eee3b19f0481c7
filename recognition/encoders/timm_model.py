"""Any model of timm, filled with exactly the weights that were asked for."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from recognition.encoders.spec import EncoderSpec
from recognition.encoders.weights import brief
from recognition.errors import EncoderUnavailableError

if TYPE_CHECKING:  # torch and timm take seconds to import: only who opens a model pays
    import torch


def filled_model(spec: EncoderSpec, weights: Path) -> "torch.nn.Module":
    """Build the model without its classifier and fill it.

    Raises:
        EncoderUnavailableError: timm has no such model, or the weights are another model's or damaged.
    """
    model = _empty_model(spec)
    _fill(model, spec, weights)
    return model.eval()


def fuse_attention(model: "torch.nn.Module", *, fused: bool) -> bool:
    """Let timm's attention layers use torch's fused kernel, or not; False where the model has no such layer.

    On a CPU without matrix units the fused kernel is the slower one in bfloat16: `python -m benchmarks.encoder`.
    """
    layers = [layer for layer in model.modules() if hasattr(layer, "fused_attn")]
    for layer in layers:
        setattr(layer, "fused_attn", fused)  # noqa: B010 - timm's own; torch types what a layer holds as layers
    return bool(layers)


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
