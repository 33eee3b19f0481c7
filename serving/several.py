"""From what is believed of a whole photo and of its parts to the answer.

The promise of "sure" was calibrated on whole photos of one product, as the encoder sees them. So a photo on which at
most one product stands out keeps exactly that answer. Only where several stand out are their crops judged, each as if
it had been photographed alone, by the same thresholds: the promise is not calibrated there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from recognition.isolation.protocol import Box
from recognition.triage.verdict import Recognition
from recognition.vocabulary import Verdict

_ORDER = {Verdict.SURE: 0, Verdict.UNSURE: 1, Verdict.UNSEEN: 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """What is believed of one part of a photo."""

    box: Box
    recognition: Recognition


def settled(whole: Judged, regions: Sequence[Judged]) -> list[Judged]:
    """What is on a photo, the likeliest first: at least one thing.

    Args:
        whole: what is believed of the whole photo; its box is the photo.
        regions: what is believed of its parts, the most prominent first.
    """
    if len(regions) < 2:
        return [whole]
    if whole.recognition.sku is not None and all(region.recognition.sku is None for region in regions):
        return [whole]
    if whole.recognition.verdict is Verdict.SURE:
        regions = _with_answer_of(whole, regions)
    return sorted(regions, key=_likelihood)


def _with_answer_of(whole: Judged, regions: Sequence[Judged]) -> list[Judged]:
    """The regions, where the one that looks most like the sure answer to the whole photo carries that answer."""
    agreeing = [at for at, region in enumerate(regions) if region.recognition.sku == whole.recognition.sku]
    shown = agreeing[0] if agreeing else 0
    return [Judged(region.box, whole.recognition) if at == shown else region for at, region in enumerate(regions)]


def _likelihood(judged: Judged) -> tuple[int, float]:
    return _ORDER[judged.recognition.verdict], -judged.recognition.confidence
