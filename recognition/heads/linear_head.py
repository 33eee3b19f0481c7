"""A linear head: one prototype for each class, learned by a softmax over scaled cosines.

It starts from the class means and stops when photos that it does not learn from are named no better: with few photos
that is at once, and the class means stay. Served like class means, by the nearest prototype. It stands beside every
release as a flat baseline, and validation may choose it.

Source: Wang et al., "NormFace", ACM MM 2017 (softmax regression with weights and inputs of length 1).
"""

import numpy as np

from recognition.heads.folds import group_folds
from recognition.heads.half_precision import half_precision
from recognition.heads.prototypes import class_prototypes
from recognition.heads.samples import Rows, Vectors

MOST_CELLS = 2_000_000_000
"""Photos times classes, each of which is a product of two vectors in every epoch: 100,000 photos of 2,000 classes are a
tenth of it, and take a linear head 20 s of one core, a refinement 40 s. Above it neither is tried."""

_SCALE = 20.0  # of the softmax over cosines
_RATE = 1e-3
_MOST_EPOCHS, _PATIENCE, _BATCH = 10, 2, 1024
_CHECK_FOLDS = 10  # one of them is not learned from
_CHECKED = 4096  # photos at once, so that memory does not grow with the holdout


def affordable(photos: int, classes: int) -> bool:
    """Whether heads of so many photos and classes are learned at all."""
    return photos * classes <= MOST_CELLS


def fit_linear_head(whitened: Vectors, targets: Rows, groups: Rows, class_count: int, seed: int = 0) -> Vectors:
    """[c, k] float32 rows of length 1; all zeros for a class without photos.

    Args:
        whitened: [n, k] rows of length 1.
        targets: [n] class rows.
        groups: [n] near-duplicate groups, which are not divided between what is learned and what is checked.
        class_count: c.
        seed: of what is checked, and of the order.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    means = class_prototypes(whitened, targets, class_count)
    checked = group_folds(targets, groups, _CHECK_FOLDS, seed) == 0
    if not checked.any():
        return means
    x, y = torch.from_numpy(whitened[~checked]), torch.from_numpy(targets[~checked])
    asked, wanted = torch.from_numpy(whitened[checked]), torch.from_numpy(targets[checked])
    centres = torch.from_numpy(class_prototypes(whitened[~checked], targets[~checked], class_count)).requires_grad_()
    random = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW([centres], lr=_RATE, weight_decay=0.0, fused=True)

    def loss(vectors: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        with half_precision():
            cosines = vectors @ normalize(centres, dim=1).T  # [b, c]
        return cross_entropy(_SCALE * cosines.float(), rows)

    def check() -> float:
        with torch.no_grad():
            parts = zip(torch.split(asked, _CHECKED), torch.split(wanted, _CHECKED), strict=True)
            return sum(float(loss(*part)) * len(part[1]) for part in parts) / len(wanted)

    best, least, patience = None, check(), _PATIENCE
    for _ in range(_MOST_EPOCHS):
        for batch in torch.split(torch.randperm(len(x), generator=random), _BATCH):
            optimiser.zero_grad()
            loss(x[batch], y[batch]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        if (found := check()) < least:
            best, least, patience = centres.detach().clone(), found, _PATIENCE
        else:
            patience -= 1
        if patience == 0:
            break
    if best is None:
        return means
    learned = normalize(best, dim=1).numpy()
    taught = np.bincount(targets, minlength=class_count) > 0
    return np.asarray(learned * taught[:, None], dtype=np.float32)
