"""Confidence against what came: the risk-coverage curve and the reliability of stated probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BINS = 10


@dataclass(frozen=True)
class RiskCoverage:
    """Answer the most confident photos first: how many are wrong so far?

    Source: El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", JMLR 2010.

    Attributes:
        coverage: [m] share of photos answered, rising, one step per distinct confidence.
        risk: [m] share of those that is wrong.
        area: mean of the risk over all photos in order of confidence; lower is better.
    """

    coverage: Floats
    risk: Floats
    area: float


@dataclass(frozen=True)
class Reliability:
    """What was said and what came, in bins of equally many photos.

    Attributes:
        said: [b] mean confidence of each bin.
        came: [b] share of it that was right.
        photos: [b] how many.
        error: expected calibration error: the mean distance of the two over all photos (Naeini et al., AAAI 2015;
            with equally full bins, Nixon et al., 2019).
    """

    said: Floats
    came: Floats
    photos: NDArray[np.int64]
    error: float


def risk_coverage(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> RiskCoverage:
    """The curve of n >= 1 answers; photos of equal confidence are answered together."""
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))
    answered = ends + 1
    risk = np.cumsum(~right[order])[ends] / answered
    steps = np.diff(answered, prepend=0)
    return RiskCoverage(answered / len(order), risk, float((risk * steps).sum() / len(order)))


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = _BINS) -> Reliability:
    """The reliability of n >= 1 stated probabilities."""
    order = np.argsort(confidence, kind="stable")
    edges = np.unique(np.linspace(0, len(order), min(bins, len(order)) + 1).round().astype(np.int64))
    photos = np.diff(edges)
    said = np.add.reduceat(confidence[order].astype(np.float64), edges[:-1]) / photos
    came = np.add.reduceat(right[order].astype(np.float64), edges[:-1]) / photos
    return Reliability(said, came, photos, float((np.abs(said - came) * photos).sum() / len(order)))
