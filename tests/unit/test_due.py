"""When a cycle is worth its time."""

from datetime import UTC, datetime, timedelta

import pytest

from tasks.due import why_due
from tasks.settings import CycleSettings

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)
LIMITS = CycleSettings(answers=100, days=3)


@pytest.mark.parametrize(
    ("answers", "days", "why"),
    [
        (0, None, None),
        (99, 2.9, None),  # neither many nor old
        (100, 0.0, "enough_answers"),
        (1, 3.0, "waited_long"),  # nobody's only answer is forgotten over a quiet week
    ],
)
def test_a_cycle_is_due_by_many_answers_or_by_an_old_one(answers: int, days: float | None, why: str | None) -> None:
    since = None if days is None else NOW - timedelta(days=days)
    assert why_due(answers, since, NOW, LIMITS) == why
