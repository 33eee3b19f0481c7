"""The gate: a candidate is published only where it is not worse.

Each check compares two figures measured on the same holdout photos and says both. The first that fails is the reason.
"""

from dataclasses import dataclass

from recognition.index.building import LEAST_RECALL
from recognition.index.recall import COMPLETE, Recall
from recognition.release.comparison import PairedComparison
from recognition.vocabulary import GateReason


@dataclass(frozen=True)
class GatePolicy:
    """How much worse is not yet worse; the defaults leave room for the noise of a small holdout.

    Attributes:
        accuracy_loss: top-1 accuracy that a candidate may lose against incumbent or baseline.
        photos_lost: holdout photos that it may lose as long as they are few: on a small holdout one photo is already
            more than the share. Never more than `most_lost` of them.
        most_lost: see above.
        worse_luck: a candidate that loses more photos to the incumbent than it wins is worse, however small the share,
            once luck explains it with a smaller probability than this.
        class_loss: share of the incumbent's classes that may vanish in one cycle.
        promise_slack: how far the realised precision of sure answers may stay below the promised one.
        fewest_sure: below so many sure holdout photos the promise is not judged.
        least_recall: share of what an exact scan finds that the index must find.
    """

    accuracy_loss: float = 0.01
    photos_lost: int = 2
    most_lost: float = 0.05
    worse_luck: float = 0.01
    class_loss: float = 0.1
    promise_slack: float = 0.03
    fewest_sure: int = 50
    least_recall: float = LEAST_RECALL


@dataclass(frozen=True)
class GateEvidence:
    """What the checks look at; None means that there is nothing to compare with.

    Attributes:
        photos: labelled holdout photos behind the figures.
        candidate_top1: of the candidate on the whole holdout.
        baseline_top1: of the best flat baseline on the whole holdout.
        shared_candidate_top1: of the candidate on photos whose class the incumbent knows too.
        incumbent_top1: of the incumbent on those photos.
        candidate_classes: classes that the candidate serves.
        incumbent_classes: classes that the incumbent serves.
        kept_classes: incumbent classes that the candidate serves too.
        sure_photos: holdout photos that the candidate is sure of.
        sure_precision: how many of them are right, as a share.
        promised_precision: what the thresholds were calibrated to.
        paired: both on those photos, asked for the best class that both know.
        index_recall: of the index, against an exact scan.
        damaged_incumbent: the incumbent could not be opened, so there is nothing to be worse than.
    """

    photos: int
    candidate_top1: float | None
    baseline_top1: float | None
    shared_candidate_top1: float | None
    incumbent_top1: float | None
    candidate_classes: int
    incumbent_classes: int | None
    kept_classes: int | None
    sure_photos: int
    sure_precision: float | None
    promised_precision: float
    paired: PairedComparison | None = None
    index_recall: Recall = COMPLETE
    damaged_incumbent: bool = False


@dataclass(frozen=True)
class Check:
    """One comparison; `found` says both figures in words."""

    reason: GateReason
    passed: bool
    found: str


@dataclass(frozen=True)
class GateVerdict:
    """Whether to publish, why, and every check on the way."""

    publish: bool
    reason: GateReason
    explanation: str
    checks: tuple[Check, ...]


def judge_candidate(evidence: GateEvidence, policy: GatePolicy | None = None) -> GateVerdict:
    """Publish or refuse."""
    policy = policy or GatePolicy()
    checks = (
        _check_incumbent(evidence, policy),
        _check_baseline(evidence, policy),
        _check_classes(evidence, policy),
        _check_promise(evidence, policy),
        _check_index(evidence, policy),
    )
    failed = [check for check in checks if not check.passed]
    if failed:
        explanation = "; ".join(check.found for check in failed)
        return GateVerdict(publish=False, reason=failed[0].reason, explanation=explanation, checks=checks)
    reason = GateReason.FIRST_RELEASE if evidence.incumbent_classes is None else GateReason.NOT_WORSE
    if evidence.damaged_incumbent:
        reason = GateReason.REPLACES_DAMAGED
    return GateVerdict(publish=True, reason=reason, explanation=checks[0].found, checks=checks)


def _allowed_loss(evidence: GateEvidence, policy: GatePolicy) -> float:
    few = min(policy.photos_lost / max(evidence.photos, 1), policy.most_lost)
    return max(policy.accuracy_loss, few)


def _why_not_compared(evidence: GateEvidence) -> str:
    if evidence.damaged_incumbent:
        return "the incumbent cannot be opened: it is damaged, or another version of skuloop wrote it"
    return "no incumbent to compare with" if evidence.incumbent_classes is None else "no holdout photo to compare on"


def _check_incumbent(evidence: GateEvidence, policy: GatePolicy) -> Check:
    ours, theirs = evidence.shared_candidate_top1, evidence.incumbent_top1
    if ours is None or theirs is None:
        return Check(GateReason.WORSE_THAN_INCUMBENT, passed=True, found=_why_not_compared(evidence))
    found = f"top-1 on the classes that both know: candidate {ours:.3f}, incumbent {theirs:.3f}"
    passed = ours >= theirs - _allowed_loss(evidence, policy)
    if (paired := evidence.paired) is not None:
        luck = paired.luck_of_losing
        found += (
            f" ({paired.gained} photos won, {paired.lost} lost; luck would lose as many with probability {luck:.3f})"
        )
        passed = passed and luck >= policy.worse_luck
    return Check(GateReason.WORSE_THAN_INCUMBENT, passed=passed, found=found)


def _check_baseline(evidence: GateEvidence, policy: GatePolicy) -> Check:
    ours, theirs = evidence.candidate_top1, evidence.baseline_top1
    if ours is None or theirs is None:
        return Check(GateReason.WORSE_THAN_BASELINE, passed=True, found="no holdout photo to compare with a baseline")
    found = f"top-1: candidate {ours:.3f}, best flat baseline {theirs:.3f} on {evidence.photos} photos"
    return Check(GateReason.WORSE_THAN_BASELINE, passed=ours >= theirs - _allowed_loss(evidence, policy), found=found)


def _check_classes(evidence: GateEvidence, policy: GatePolicy) -> Check:
    if evidence.incumbent_classes is None or evidence.kept_classes is None:
        return Check(GateReason.CLASSES_LOST, passed=True, found=f"{evidence.candidate_classes} classes")
    lost = evidence.incumbent_classes - evidence.kept_classes
    found = f"{lost} of the incumbent's {evidence.incumbent_classes} classes are no longer served"
    return Check(GateReason.CLASSES_LOST, passed=lost <= policy.class_loss * evidence.incumbent_classes, found=found)


def _check_promise(evidence: GateEvidence, policy: GatePolicy) -> Check:
    if evidence.sure_precision is None or evidence.sure_photos < policy.fewest_sure:
        found = f"{evidence.sure_photos} sure holdout photos: too few to judge the promise"
        return Check(GateReason.PROMISE_BROKEN, passed=True, found=found)
    found = f"sure answers: {evidence.sure_precision:.3f} right, {evidence.promised_precision:.3f} promised"
    kept = evidence.sure_precision >= evidence.promised_precision - policy.promise_slack
    return Check(GateReason.PROMISE_BROKEN, passed=kept, found=found)


def _check_index(evidence: GateEvidence, policy: GatePolicy) -> Check:
    recall = evidence.index_recall
    if not recall.queries:
        return Check(GateReason.INDEX_MISSES, passed=True, found="the index compares every prototype")
    found = (
        f"index: recall@1 {recall.at_1:.4f}, recall@10 {recall.at_10:.4f} of an exact scan on {recall.queries} vectors"
    )
    return Check(GateReason.INDEX_MISSES, passed=recall.least >= policy.least_recall, found=found)
