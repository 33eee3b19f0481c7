"""How far several annotators agree beyond chance: Krippendorff's alpha for nominal answers.

Source: Krippendorff, "Content Analysis", 4th edition, 2019, chapter 12.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable

Opinion = tuple[str, str, Hashable]
"""Who, about what, says what."""


def krippendorff_alpha(opinions: Iterable[Opinion]) -> float | None:
    """1 where everybody agrees, 0 where agreement is chance, below where they agree less than that.

    Of one annotator about one thing the last opinion counts. Things that only one annotator judged say nothing. None
    where nothing was judged twice, or where only one answer was ever given: then there is no disagreement to expect.
    """
    by_thing: defaultdict[str, dict[str, Hashable]] = defaultdict(dict)
    for annotator, thing, said in opinions:
        by_thing[thing][annotator] = said
    units = [Counter(said.values()) for said in by_thing.values() if len(said) > 1]
    totals = sum(units, Counter())
    expected = _disagreeing_pairs(totals) / max(1, totals.total() - 1)
    if not expected:
        return None
    observed = sum(_disagreeing_pairs(unit) / (unit.total() - 1) for unit in units)
    return 1.0 - observed / expected


def _disagreeing_pairs(said: Counter[Hashable]) -> int:
    """Ordered pairs of opinions that differ."""
    return said.total() ** 2 - sum(count**2 for count in said.values())
