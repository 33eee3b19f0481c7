"""What the answers of each arm were worth."""

import numpy as np
import pytest

from recognition.asking.value import Labelled, value_of_arms
from recognition.vocabulary import QuestionArm

NORTH, EAST, SOUTH = np.eye(3, dtype=np.float32)


def labelled(*pairs: tuple[np.ndarray, int]) -> Labelled:
    vectors = np.array([vector for vector, _ in pairs], dtype=np.float32).reshape(-1, 3)
    return Labelled(vectors, np.array([row for _, row in pairs], dtype=np.int64))


def test_an_arm_is_credited_with_what_its_labels_alone_bring():
    before = labelled((NORTH, 0))
    holdout = labelled((NORTH, 0), (EAST, 1), (EAST, 1), (SOUTH, 2))
    arms = {
        QuestionArm.UNSEEN: labelled((EAST, 1), (EAST, 1)),
        QuestionArm.RANDOM: labelled((NORTH, 0), (SOUTH, 2)),
        QuestionArm.CONFLICT: labelled(),
    }
    unseen, random = value_of_arms(before, arms, holdout, 3)
    assert (unseen.arm, unseen.labels, unseen.before, unseen.after) == (QuestionArm.UNSEEN, 2, 0.25, 0.75)
    assert unseen.per_hundred == pytest.approx(25.0)
    assert (random.after, random.per_hundred) == (0.5, pytest.approx(12.5))


def test_wrong_labels_cost_what_they_cost():
    before, holdout = labelled(((NORTH + SOUTH) / np.sqrt(2), 0), (EAST, 1)), labelled((NORTH, 0), (EAST, 1))
    (wrong,) = value_of_arms(before, {QuestionArm.UNSURE: labelled((NORTH, 1), (NORTH, 1))}, holdout, 2)
    assert (wrong.before, wrong.after) == (1.0, 0.5)
    assert wrong.per_hundred == pytest.approx(-25.0)


def test_without_a_holdout_nothing_is_claimed():
    assert value_of_arms(labelled((NORTH, 0)), {QuestionArm.RANDOM: labelled((EAST, 1))}, labelled(), 2) == []
