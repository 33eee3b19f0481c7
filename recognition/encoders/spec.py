"""What an encoder is made of, before anything is loaded."""

from dataclasses import dataclass
from pathlib import Path

from recognition.isolation.protocol import NO_ISOLATION, IsolationSpec

HANDCRAFTED = "handcrafted"
"""The name of the encoder that needs no weights; any other name is a model of timm."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Which encoder to open, and how.

    Attributes:
        name: HANDCRAFTED, or a timm model with its pretrained tag, for example "vit_small_patch14_reg4_dinov2.lvd142m".
        weights: A local safetensors file; None takes the weights of `name` from the Hugging Face hub (or its cache).
        device: A torch device; `found_device` says which there is. Worker processes are used on "cpu" only.
        image_size: Side in pixels of the square the model sees; None takes the model's own, which can be far slower.
        isolation: How the product is found on a picture.
        colour: Put a descriptor of the product's colours beside the embedding, as a block of its own.
        threads: Threads of one encoder on a CPU. One is fastest where other work runs too: scale by processes.
    """

    name: str
    weights: Path | None = None
    device: str = "cpu"
    image_size: int | None = 224
    isolation: IsolationSpec = NO_ISOLATION
    colour: bool = False
    threads: int = 1
