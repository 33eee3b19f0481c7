"""What does a pass through the encoder cost, in each precision and with each kind of attention?

    python -m benchmarks.encoder

CPU milliseconds a photo on one thread: the smallest of many rounds, each way in turns, of ViT-Tiny on squares of 224
pixels; and the smallest cosine of a class token to float32.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.grocery_vectors import ENCODER
from benchmarks.machine import this_machine
from recognition.encoders.spec import EncoderSpec
from recognition.encoders.timm_model import filled_model, fuse_attention
from skuloop.output import print_table
from tasks.settings import shared_data

_ROUNDS = 15
_SIDE = 224


def main() -> int:
    torch.set_num_threads(1)
    weights = shared_data() / "weights" / f"{ENCODER}.safetensors"
    fused, plain = (filled_model(EncoderSpec(ENCODER, weights), weights) for _ in range(2))
    fuse_attention(plain, fused=False)
    ways = {
        "float32, fused attention": _pass(fused, half=False),
        "float32, plain attention": _pass(plain, half=False),
        "bfloat16, fused attention": _pass(fused, half=True),
        "bfloat16, plain attention": _pass(plain, half=True),
    }
    machine = this_machine()
    for batch in (1, 8):
        pixels = torch.randn(batch, 3, _SIDE, _SIDE, generator=torch.Generator().manual_seed(1))
        costs, cosines = _measured(ways, pixels)
        most = next(iter(costs.values()))
        print_table(
            f"{batch} at a time ({machine.cpu}, one thread, load {machine.load:.1f})",
            ("way", "CPU ms a photo", "of the first", "smallest cosine"),
            [
                (name, f"{cost / batch * 1000:.1f}", f"{cost / most:.2f}", f"{cosines[name]:.5f}")
                for name, cost in costs.items()
            ],
        )
    return 0


def _pass(model: Any, *, half: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    def run(pixels: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            tokens: torch.Tensor = model.forward_features(pixels)[:, 0]
            return tokens.float()

    return run


def _measured(
    ways: dict[str, Callable[[torch.Tensor], torch.Tensor]], pixels: torch.Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    """The least seconds of each way, and its smallest cosine to the first."""
    rows = {name: run(pixels) for name, run in ways.items()}
    first = next(iter(rows.values()))
    cosines = {name: float(torch.nn.functional.cosine_similarity(row, first).min()) for name, row in rows.items()}
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(_ROUNDS):
        for name, run in ways.items():
            begun = time.process_time()
            run(pixels)
            least[name] = min(least[name], time.process_time() - begun)
    return least, cosines


if __name__ == "__main__":
    sys.exit(main())
