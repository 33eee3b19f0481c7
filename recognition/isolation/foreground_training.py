"""Teaching a foreground head: tokens of composites, each with how much of every cell is product."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.errors import NotEnoughDataError
from recognition.isolation.foreground_head import CELLS, ForegroundHead, logits, standardised
from recognition.isolation.masks import PRODUCT
from recognition.isolation.protocol import Floats

EPOCHS = 8
_HIDDEN = 128
_HELD_OUT = 0.1  # of the groups
_BATCH = 32  # composites
_SEEN_PATCHES = 0.5  # of each composite in each epoch: neighbours say nearly the same
_TOP_STEP = 4e-3  # of a rate that rises and falls once: Smith, Topin, "Super-Convergence", 2018


@dataclass(frozen=True, slots=True, eq=False)
class FittedHead:
    """A foreground head, and what it is worth on composites of groups that it was not taught.

    Attributes:
        head: The head.
        patch_iou: Intersection over union of patches.
        cell_iou: The same of cells, CELLS * CELLS to a patch.
        held_out: How many composites that is.
    """

    head: ForegroundHead
    patch_iou: float
    cell_iou: float
    held_out: int


def fit_foreground_head(
    tokens: NDArray[np.floating],
    masks: NDArray[np.floating],
    groups: Sequence[str],
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> FittedHead:
    """Fit a head by cross-entropy with soft targets, AdamW and one cycle of the learning rate.

    Args:
        tokens: [n, g * g, 3, d] of n composites, see `recognition.encoders.PatchReader`; float16 will do.
        masks: [n, CELLS g, CELLS g] how much of each cell is product, 0 to 1.
        groups: [n] composites of one group are held out together: the class, so that the measure is of new products.
        seed: Of the split, the start and the order.
        on_progress: Called with (epochs done, EPOCHS) after each.

    Raises:
        NotEnoughDataError: there are fewer than two groups.
    """
    rng = np.random.default_rng(seed)
    taught, held_out = _split(groups, rng)
    targets = by_patch(masks)
    learner = _Learner(tokens.shape[2] * tokens.shape[3], steps=EPOCHS * -(-len(taught) // _BATCH), rng=rng)
    for epoch in range(EPOCHS):
        for rows in _batches(rng.permutation(taught)):
            patches = rng.permutation(tokens.shape[1])[: max(1, round(_SEEN_PATCHES * tokens.shape[1]))]
            learner.learn(tokens[rows][:, patches], targets[rows][:, patches])
        if on_progress is not None:
            on_progress(epoch + 1, EPOCHS)
    head = learner.head()
    guesses = by_patch(np.concatenate([head.masks(tokens[rows]) for rows in _batches(held_out)]))
    patch_iou = iou(guesses.mean(axis=2), targets[held_out].mean(axis=2))
    return FittedHead(head, patch_iou, iou(guesses, targets[held_out]), len(held_out))


def by_patch(masks: NDArray[np.floating]) -> Floats:
    """[n, CELLS g, CELLS g] -> [n, g * g, CELLS * CELLS] the same cells, patch by patch."""
    grid = masks.shape[1] // CELLS
    blocks = masks.reshape(-1, grid, CELLS, grid, CELLS).transpose(0, 1, 3, 2, 4)
    return np.asarray(blocks.reshape(-1, grid * grid, CELLS * CELLS), dtype=np.float32)


def iou(guesses: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Intersection over union, over all composites, of the cells that reach PRODUCT in either."""
    guessed, true = guesses >= PRODUCT, truth >= PRODUCT
    return float((guessed & true).sum() / max((guessed | true).sum(), 1))


class _Learner:
    """Parameters, their optimiser, and what one batch does to them."""

    def __init__(self, width: int, steps: int, rng: np.random.Generator) -> None:
        import torch

        starts = (
            rng.normal(size=(width, _HIDDEN)) / np.sqrt(width),
            np.zeros(_HIDDEN),
            rng.normal(size=(_HIDDEN, CELLS * CELLS)) / np.sqrt(_HIDDEN),
            np.zeros(CELLS * CELLS),
        )
        self._weights = [torch.from_numpy(start.astype(np.float32)).requires_grad_() for start in starts]
        self._optimiser = torch.optim.AdamW(self._weights, lr=_TOP_STEP)
        self._rate = torch.optim.lr_scheduler.OneCycleLR(self._optimiser, max_lr=_TOP_STEP, total_steps=steps)

    def learn(self, tokens: NDArray[np.floating], targets: Floats) -> None:
        """Take one step on a batch [b, p, 3, d] with targets [b, p, CELLS * CELLS]."""
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits

        guesses = logits(torch.from_numpy(standardised(tokens)), *self._weights)
        loss = binary_cross_entropy_with_logits(guesses, torch.from_numpy(targets))
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._rate.step()

    def head(self) -> ForegroundHead:
        """Give the head as it is now."""
        return ForegroundHead(*(part.detach().numpy().copy() for part in self._weights))


def _split(groups: Sequence[str], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that are taught, and rows of the groups that are held out."""
    names, group_of = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise NotEnoughDataError(
            f"A foreground head is measured on products that it was not taught, and there is only {', '.join(names)}: "
            f"give catalogue photos of at least two."
        )
    out = np.isin(group_of, rng.permutation(len(names))[: max(1, round(_HELD_OUT * len(names)))])
    return np.flatnonzero(~out), np.flatnonzero(out)


def _batches(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH))
