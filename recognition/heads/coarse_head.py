"""The coarse head: which superclass a photo belongs to.

A softmax regression on whitened vectors, trained in full view on this one screen: minibatch AdamW on float32, early
stopping on a group-aware validation share.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.heads.folds import group_folds
from recognition.heads.samples import Rows, Vectors

_LEAST_BATCH, _MOST_BATCH, _STEPS = 512, 4096, 50  # photos, photos, steps of an epoch once it has enough of both
_MOST_EPOCHS = 30
_PATIENCE = 3
_LOGIT_SCALE = 10.0  # whitened vectors have unit length: without a scale the softmax would start nearly flat


@dataclass(frozen=True)
class CoarseHead:
    """Linear scores of the superclasses.

    Attributes:
        weight: [s, d] float32.
        bias: [s] float32.
    """

    weight: Vectors
    bias: NDArray[np.float32]

    def log_probabilities(self, whitened: Vectors) -> NDArray[np.float32]:
        """[n, s] log-probability of each superclass; [n, d] whitened vectors."""
        logits = _LOGIT_SCALE * whitened @ self.weight.T + self.bias  # [n, s]
        logits -= logits.max(axis=1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), dtype=np.float32)


def fit_coarse_head(whitened: Vectors, superclasses: Rows, groups: Rows, count: int, seed: int = 0) -> CoarseHead:
    """The coarse head trained on [n, d] whitened vectors and their superclass rows."""
    if count < 2:
        return CoarseHead(np.zeros((1, whitened.shape[1]), dtype=np.float32), np.zeros(1, dtype=np.float32))
    import torch

    validating = group_folds(superclasses, groups, folds=10, seed=seed) == 0
    x, y = torch.from_numpy(whitened[~validating]), torch.from_numpy(superclasses[~validating])
    x_check, y_check = torch.from_numpy(whitened[validating]), torch.from_numpy(superclasses[validating])
    shuffle = torch.Generator().manual_seed(seed)
    size = min(max(_LEAST_BATCH, len(x) // _STEPS), _MOST_BATCH)
    head = torch.nn.Linear(whitened.shape[1], count)
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    optimiser = torch.optim.AdamW(head.parameters(), lr=0.02, weight_decay=1e-3, fused=True)

    def loss(vectors: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        logits = _LOGIT_SCALE * vectors @ head.weight.T + head.bias
        return torch.nn.functional.cross_entropy(logits, wanted)

    best, best_loss, patience = _copy(head), float("inf"), _PATIENCE
    for _ in range(_MOST_EPOCHS):
        for batch in torch.split(torch.randperm(len(x), generator=shuffle), size):
            optimiser.zero_grad()
            loss(x[batch], y[batch]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            check = float(loss(x_check, y_check)) if len(x_check) else float(loss(x, y))
        if check < best_loss - 1e-4:
            best, best_loss, patience = _copy(head), check, _PATIENCE
        else:
            patience -= 1
        if patience == 0:
            break
    return best


def _copy(head: "torch.nn.Linear") -> CoarseHead:  # type: ignore[name-defined]  # noqa: F821
    return CoarseHead(head.weight.detach().numpy().copy(), head.bias.detach().numpy().copy())
