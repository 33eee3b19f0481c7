"""How well a score tells known from unseen photos, whatever threshold is chosen later."""

import numpy as np
from numpy.typing import NDArray


def auroc(higher: NDArray[np.floating], lower: NDArray[np.floating]) -> float:
    """Probability that a value of the first kind exceeds one of the second (ties count half); 0.5 without values."""
    from scipy.stats import mannwhitneyu

    if not len(higher) or not len(lower):
        return 0.5
    return float(mannwhitneyu(higher, lower).statistic / (len(higher) * len(lower)))


def false_positive_rate(
    higher: NDArray[np.floating], lower: NDArray[np.floating], true_positive_rate: float = 0.95
) -> float:
    """Share of the second kind that passes the strictest threshold at which that share of the first kind does.

    The usual figure beside AUROC for unseen classes (Hendrycks and Gimpel, ICLR 2017); 1 without values.
    """
    if not len(higher) or not len(lower):
        return 1.0
    kept = int(np.ceil(true_positive_rate * len(higher)))
    threshold = np.sort(higher)[len(higher) - kept]
    return float((lower >= threshold).mean())
