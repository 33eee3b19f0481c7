"""The card of a release: what was measured, what was published and why, for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from textwrap import shorten

from recognition.heads.baselines import LINEAR
from recognition.heads.choice import Choice
from recognition.heads.metric import MetricKind
from recognition.heads.rehearsal import Rehearsal
from recognition.heads.training import TrainedHeads
from recognition.release.candidate import Candidate
from recognition.release.card_plots import CLASSES, RELIABILITY, RISK_COVERAGE
from recognition.release.gate import GateVerdict
from recognition.release.manifest import EncoderIdentity
from recognition.release.report import Report
from recognition.vocabulary import Tier

_MOST_ROWS = 10
_TITLE = 60  # characters of a title


def release_card(
    release_id: str,
    encoder: EncoderIdentity,
    candidate: Candidate,
    verdict: GateVerdict,
    titles: Mapping[str, str] | None = None,
) -> str:
    """Markdown; its plots are drawn by `recognition.release.card_plots`.

    Args:
        release_id: of the release.
        encoder: whose vectors it reads.
        candidate: what was trained and measured.
        verdict: of the gate.
        titles: SKU -> title; SKUs stand alone where there is none.
    """
    tiers = Counter(candidate.trained.heads.tiers)
    tried = _tried(candidate.trained.tried)
    lines = [
        f"# Release {release_id}",
        "",
        f"{'Published' if verdict.publish else 'Refused'}: `{verdict.reason}`. {verdict.explanation}.",
        "",
        f"- Encoder: `{encoder.name}` ({encoder.fingerprint})",
        f"- Method: {candidate.trained.chosen.method}, chosen out of fold among {len(tried)}",
        f"- Classes: {tiers[Tier.TRAINED]} trained, {tiers[Tier.GALLERY]} gallery",
        f"- Why: {_why(candidate.trained)}",
        f"- Trained on {candidate.training_photos} photos{_views(candidate.training_views)}",
        *_first_days(candidate.trained.rehearsal),
        "",
        *_holdout_table(candidate),
        "",
        *_verdict_lines(candidate),
        *(_report_lines(candidate.report, titles or {}) if candidate.report else []),
        "",
        "## Gate",
        "",
        *(f"- {'passed' if check.passed else 'FAILED'}: {check.found}" for check in verdict.checks),
        "",
        "## What validation chose from",
        "",
        "| method | coarse weight | out-of-fold top-1 |",
        "|---|---|---|",
        *(f"| {method} | {weight:g} | {accuracy:.3f} |" for (method, weight), accuracy in tried.items()),
    ]
    return "\n".join(lines) + "\n"


def _tried(tried: Mapping[Choice, float]) -> dict[tuple[str, float], float]:
    """Method and coarse weight, the best first; without weight it does not matter how superclasses were found."""
    best = sorted(tried.items(), key=lambda item: item[1])
    found = {(choice.method, choice.coarse_weight): accuracy for choice, accuracy in best}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _why(trained: TrainedHeads) -> str:
    """What the chosen method gains over the simpler ones, out of fold."""
    if not trained.tried:
        return "nothing could be held out, so nothing was chosen"
    chosen, tried = trained.chosen, trained.tried
    steps = {
        "the encoder's own cosine": Choice(MetricKind.PLAIN),
        "class means in the same metric": Choice(chosen.metric, chosen.colour_weight),
        "the same without superclasses": replace(chosen, coarse_weight=0.0),
    }
    gains = [f"{tried[chosen] - tried[other]:+.3f} over {name}" for name, other in steps.items() if other in tried]
    return f"out of fold {tried[chosen]:.3f}: {', '.join(gains)}"


def _views(count: int) -> str:
    return f" and on {count} composited views of catalogue photos" if count else ""


def _first_days(rehearsal: Rehearsal) -> list[str]:
    """How products are known that have catalogue photos alone."""
    rule = rehearsal.rule
    if rule is None:
        return []
    found, alone = rehearsal.played[rule], rehearsal.alone
    guess = "their mean" if rule.penalty is None else f"a ridge regression of penalty {rule.penalty:g}"
    return [
        (
            f"- Products that have catalogue photos alone are predicted by {guess}, at length {rule.length:g}. In a "
            f"rehearsal {found.new.share:.1%} of the camera photos of such products are named right, and "
            f"{found.others.share:.1%} of all others; {alone.share:.1%} where nothing is predicted."
        )
    ]


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
        *([] if LINEAR in candidate.baselines else [f"| {LINEAR} | not fitted: too many photos and classes |"]),
    ]


def _verdict_lines(candidate: Candidate) -> list[str]:
    thresholds, evaluation = candidate.thresholds, candidate.evaluation
    lines = [
        (
            f"- Sure answers are promised to be right {thresholds.promised_precision:.1%} of the time; calibration "
            f"expects {thresholds.expected_coverage:.1%} of known photos to be sure."
        ),
        f"- Behind the promise: photos worth {thresholds.evidence:.0f} independent ones.",
        (
            f"- Known against unseen products: AUROC {thresholds.unseen_auroc:.3f}; where 95 % of the known pass, "
            f"so do {thresholds.unseen_fpr:.1%} of the unseen ones (whole classes held out, look-alikes left)."
        ),
    ]
    if evaluation is not None and evaluation.sure_precision is not None:
        kept = f"{evaluation.coverage:.1%} are sure; {evaluation.sure_precision:.1%} of those are right"
        lines.insert(1, f"- On the holdout {kept}.")
    return lines


def _report_lines(report: Report, titles: Mapping[str, str]) -> list[str]:
    return [
        "",
        "## Accuracy",
        "",
        *_table(("photos", "how many", "top-1", "top-3"), _accuracy_rows(report)),
        "",
        *_interval_lines(report),
        "",
        *_stage_lines(report),
        "",
        "## Confidence",
        "",
        "The holdout shows no unseen products, and confidence allows for some: it should be a little low here.",
        "",
        f"![Risk and coverage]({RISK_COVERAGE})",
        "",
        f"![Reliability]({RELIABILITY})",
        "",
        "## Products",
        "",
        f"![Accuracy of the products]({CLASSES})",
        "",
        *_worst_classes(report, titles),
        *_confused_pairs(report, titles),
    ]


def _accuracy_rows(report: Report) -> list[tuple[str, ...]]:
    groups = [("all", report.overall), *((f"of {tier} classes", found) for tier, found in report.by_tier.items())]
    if report.look_alikes is not None:
        groups.append(("of look-alikes: the quarter of the classes nearest to another", report.look_alikes))
    return [(name, str(found.photos), f"{found.top1:.3f}", f"{found.top3:.3f}") for name, found in groups]


def _interval_lines(report: Report) -> list[str]:
    names = {"top1": "top-1", "macro_top1": "mean over the classes", "sure_precision": "right of the sure answers"}
    figures = report.overall.figures()
    return [
        f"- {names[name]}: {figures[name]:.3f}, with 95 % probability {interval.low:.3f} to {interval.high:.3f}"
        for name, interval in report.intervals.items()
    ]


def _stage_lines(report: Report) -> list[str]:
    found = report.stages
    if found is None:
        return []
    return [
        f"- The coarse head alone names the right superclass of {found.coarse_top1:.1%} of the photos.",
        f"- If that stage never erred, {found.fine_top1:.1%} would be right.",
        (
            f"- Lost by the coarse stage alone: {found.lost_by_coarse:.1%}; inside the right superclass: "
            f"{found.lost_by_fine:.1%}; by both: {found.lost_by_both:.1%}."
        ),
    ]


def _worst_classes(report: Report, titles: Mapping[str, str]) -> list[str]:
    worst = [of for of in report.classes if of.top1 < 1][:_MOST_ROWS]
    if not worst:
        return ["Every product is recognised on every holdout photo."]
    rows = [(_named(of.sku, titles), str(of.photos), f"{of.top1:.2f}") for of in worst]
    return [*_table(("worst products", "holdout photos", "top-1"), rows), ""]


def _confused_pairs(report: Report, titles: Mapping[str, str]) -> list[str]:
    rows = [
        (_named(of.sku, titles), _named(of.taken_for, titles), str(of.photos)) for of in report.confused[:_MOST_ROWS]
    ]
    return _table(("product", "taken for", "photos"), rows) if rows else []


def _named(sku: str, titles: Mapping[str, str]) -> str:
    title = " ".join(titles.get(sku, "").split())
    return f"{sku} ({shorten(title, _TITLE, placeholder='...')})" if title else sku


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Markdown; a bar inside a cell would end it."""
    cells = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in cells)]
