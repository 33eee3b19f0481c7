"""The card of a release: what was measured, what was published and why, for people."""

from collections import Counter

from recognition.release.candidate import Candidate
from recognition.release.gate import GateVerdict
from recognition.release.manifest import EncoderIdentity
from recognition.vocabulary import Tier


def release_card(release_id: str, encoder: EncoderIdentity, candidate: Candidate, verdict: GateVerdict) -> str:
    """Markdown."""
    tiers = Counter(candidate.trained.heads.tiers)
    lines = [
        f"# Release {release_id}",
        "",
        f"{'Published' if verdict.publish else 'Refused'}: `{verdict.reason}`. {verdict.explanation}.",
        "",
        f"- Encoder: `{encoder.name}` ({encoder.fingerprint})",
        f"- Method: {candidate.trained.chosen.method}, chosen out of fold among {len(candidate.trained.tried)}",
        f"- Classes: {tiers[Tier.TRAINED]} trained, {tiers[Tier.GALLERY]} gallery",
        f"- Trained on {candidate.training_photos} photos",
        "",
        *_holdout_table(candidate),
        "",
        *_verdict_lines(candidate),
        "",
        "## Gate",
        "",
        *(f"- {'passed' if check.passed else 'FAILED'}: {check.found}" for check in verdict.checks),
        "",
        "## What validation chose from",
        "",
        "| method | coarse weight | out-of-fold top-1 |",
        "|---|---|---|",
        *(
            f"| {choice.method} | {choice.coarse_weight:g} | {accuracy:.3f} |"
            for choice, accuracy in sorted(candidate.trained.tried.items(), key=lambda item: -item[1])
        ),
    ]
    return "\n".join(lines) + "\n"


def _holdout_table(candidate: Candidate) -> list[str]:
    evaluation = candidate.evaluation
    if evaluation is None:
        return [
            "No photo is held out yet: classes need five distinct photos before one of them is. Nothing was measured."
        ]
    return [
        f"Top-1 on the {evaluation.photos} photos of the holdout, same embeddings:",
        "",
        "| method | top-1 |",
        "|---|---|",
        f"| **this release** | **{evaluation.top1:.3f}** |",
        *(f"| {name} | {accuracy:.3f} |" for name, accuracy in candidate.baselines.items()),
    ]


def _verdict_lines(candidate: Candidate) -> list[str]:
    thresholds, evaluation = candidate.thresholds, candidate.evaluation
    promise = (
        f"- Sure answers are promised to be right {thresholds.promised_precision:.1%} of the time; "
        f"calibration expects {thresholds.expected_coverage:.1%} of known photos to be sure."
    )
    unseen = (
        f"- Known against unseen products: AUROC {thresholds.unseen_auroc:.3f} "
        "(each class left out in turn; its look-alikes stay)."
    )
    if evaluation is None or evaluation.sure_precision is None:
        return [promise, unseen]
    kept = f"- On the holdout {evaluation.coverage:.1%} are sure; {evaluation.sure_precision:.1%} of those are right."
    return [promise, kept, unseen]
