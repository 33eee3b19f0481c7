"""What the things on one photo say of each other: unknown products come in company.

A release expects a share of unknown products among all photos. Who photographs another shop's shelf shows nothing else,
and one in four of those things looks enough like something known to be called it surely. So the share on a photo of
several things is estimated from all of them: expectation maximisation, as in Saerens, Latinne and Decaestecker,
"Adjusting the outputs of a classifier to new a priori probabilities", Neural Computation 2002, with what is expected of
all photos as one more thing that was seen. It only ever comes to more unknown ones than expected: the thresholds were
calibrated with that share, and known things lend no trust to a stranger among them.
"""

import numpy as np
from numpy.typing import NDArray

from recognition.triage.thresholds import odds_before_looking

_EXPECTED_COUNTS_AS = 1.0  # things on the photo
_STEPS = 50
_LEAST = 1e-12  # a probability of exactly 0 or 1 could not be moved

Probabilities = NDArray[np.float64]


def known_in_company(alone: Probabilities, unseen_share: float) -> Probabilities:
    """Probabilities that each of the things on one photo is known, given all of them; none is larger than before.

    Args:
        alone: [n] probabilities of the things, each judged as if it had been photographed alone.
        unseen_share: of unknown products that these expect.
    """
    if len(alone) < 2:
        return alone
    before = odds_before_looking(unseen_share)
    alone = np.clip(alone, _LEAST, 1 - _LEAST)
    evidence = alone / (1 - alone) / before  # likelihood ratios, whatever the share
    expected = before / (1 + before)
    share, together = expected, alone
    for _ in range(_STEPS):
        seen = (_EXPECTED_COUNTS_AS * expected + together.sum()) / (_EXPECTED_COUNTS_AS + len(alone))
        share = min(float(seen), expected)
        odds = evidence * share / (1 - share)
        together = odds / (1 + odds)
    return together
