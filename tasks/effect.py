"""What the answers since the last cycle changed: told to those who gave them, in figures, a page and a picture."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO

import numpy as np
from prefect import task
from prefect.cache_policies import NO_CACHE

from labelling.payloads import AnswerKind
from recognition.asking.effort import LONGEST
from recognition.asking.value import ArmValue, Labelled, value_of_arms
from recognition.audit.agreement import krippendorff_alpha
from recognition.audit.consensus import STRANGER, GoldenRecord, weigh_answers
from recognition.files import write_durably
from recognition.release.pointer import current_release_id, open_current
from recognition.release.recogniser import Recogniser
from recognition.vocabulary import LabelOrigin, Part, QuestionArm
from tasks.answers_page import write_answers_page
from tasks.effect_figures import EffectReport, PersonFigures
from tasks.loop import Loop, stage
from tasks.teaching import gather_teaching
from warehouse.answers import FreshAnswer, fresh_answers, golden_results, opinions
from warehouse.labels import labelled_by
from warehouse.ledger import decided_in
from warehouse.products import all_products
from warehouse.questions import waiting_by_arm

PAGE, FIGURES, PICTURE = "answers.md", "answers.json", "answers.png"
_MOST_LISTED = 20


@task(name="what the answers changed", cache_policy=NO_CACHE)
def tell_effect(loop: Loop) -> EffectReport | None:
    """Write `answers.md`, `answers.json` and a picture beside the reports of the cycle; None where nobody answered."""
    with stage(loop, "effect") as done:
        with loop.parts.warehouse.read() as db:
            fresh = fresh_answers(db)
        if not fresh:
            done.summary = "nobody has answered since the last cycle"
            return None
        report = _report(loop, fresh)
        write_durably(loop.reports / PAGE, _page(report).encode())
        write_durably(loop.reports / FIGURES, json.dumps(asdict(report), indent=2).encode())
        arms = _picture(report.arms) if report.arms else None
        if arms is not None:
            write_durably(loop.reports / PICTURE, arms)
        write_answers_page(loop, report, arms)
        done.summary = (
            f"{report.questions} questions answered in {report.minutes:.0f} minutes, {report.labels} photos named; "
            f"{len(report.reached)} SKUs became trained, {len(report.named)} new ones were named"
        )
    return report


def _report(loop: Loop, fresh: Sequence[FreshAnswer]) -> EffectReport:
    arm_of = {answer.annotation_id: answer.arm for answer in fresh}
    with loop.parts.warehouse.read() as db:
        named_photos = labelled_by(db, sorted(arm_of))
        every, golden, waiting = opinions(db), golden_results(db), waiting_by_arm(db)
        reached = decided_in(db, loop.run_id, "tier trained")
        by_people = {row.sku for row in all_products(db) if row.named_by is LabelOrigin.ANNOTATOR}
    said: defaultdict[str, dict[str, tuple[str, str | None]]] = defaultdict(dict)
    for annotator, question, opinion in every:
        said[question][annotator] = opinion
    accuracies = weigh_answers({key: of for key, of in said.items() if len(of) > 1}, golden).accuracies
    counts = Counter(answer.annotator for answer in fresh)
    return EffectReport(
        questions=len({answer.question_key for answer in fresh}),
        minutes=_minutes(fresh),
        labels=len(named_photos),
        reached=tuple(reached),
        named=tuple(sorted(by_people & {answer.sku for answer in fresh if answer.kind == AnswerKind.NEW_PRODUCT})),
        alpha=krippendorff_alpha(every),
        people=tuple(
            _person(who, [answer for answer in fresh if answer.annotator == who], golden, accuracies)
            for who, _ in counts.most_common()
        ),
        arms=_arm_values(loop, {sha256: arm_of[number] for sha256, number in named_photos.items()}),
        waiting=waiting,
    )


def _minutes(answers: Sequence[FreshAnswer]) -> float:
    return sum(min(answer.seconds or 0.0, LONGEST) for answer in answers) / 60


def _person(
    who: str, answers: Sequence[FreshAnswer], golden: Mapping[str, GoldenRecord], accuracies: Mapping[str, float]
) -> PersonFigures:
    tested = golden.get(who, GoldenRecord())
    right = accuracies.get(who, STRANGER)
    return PersonFigures(who, len(answers), tested.right, tested.wrong, right, _minutes(answers))


def _arm_values(loop: Loop, arm_of: Mapping[str, QuestionArm]) -> tuple[ArmValue, ...]:
    """What the labels of each arm brought, in the metric of the release that is in force now."""
    photos = gather_teaching(loop.parts).photos
    if not photos.sha256s or current_release_id(loop.parts.paths.releases) is None:
        return ()
    recogniser = Recogniser.of_bundle(open_current(loop.parts.paths.releases))
    if recogniser.fingerprint != loop.parts.fingerprint:
        return ()  # the encoder was changed and no release of the new one is in force: there is no metric to ask in
    row_of = {sku: row for row, sku in enumerate(sorted(set(photos.skus)))}

    def labelled(rows: Sequence[int]) -> Labelled:
        targets = np.array([row_of[photos.skus[row]] for row in rows], dtype=np.int64)
        return Labelled(recogniser.whiten(photos.vectors[list(rows)]), targets)

    def taught(arm: QuestionArm | None) -> list[int]:
        every = enumerate(zip(photos.sha256s, photos.parts, strict=True))
        return [row for row, (sha256, part) in every if part is Part.TRAIN and arm_of.get(sha256) is arm]

    held_out = [row for row, part in enumerate(photos.parts) if part is Part.HOLDOUT]
    arms = {arm: rows for arm in QuestionArm if (rows := taught(arm))}
    if not held_out or not arms:
        return ()
    by_arm = {arm: labelled(rows) for arm, rows in arms.items()}
    return tuple(value_of_arms(labelled(taught(None)), by_arm, labelled(held_out), len(row_of)))


def _page(report: EffectReport) -> str:
    """The page in markdown; the table of arms says what choosing was worth beside the control arm."""
    alpha = "no question has two answers yet" if report.alpha is None else f"{report.alpha:.2f}"
    lines = [
        "# What your answers changed",
        "",
        f"{report.questions} questions answered in {report.minutes:.0f} minutes. They named {report.labels} photos.",
        "",
        f"- Products that can be learned well now: {_listed(report.reached)}",
        f"- New products that you named: {_listed(report.named)}",
        f"- How far you agree where several answered (Krippendorff's alpha; 1 is always, 0 is chance): {alpha}",
        f"- Waiting for you next: {_listed([f'{count} {arm}' for arm, count in report.waiting.items()])}",
        "",
        "| why it was asked | photos named | right before | right with them | gained per 100 labels |",
        "|---|---|---|---|---|",
        *(
            f"| {of.arm} | {of.labels} | {of.before:.1%} | {of.after:.1%} | {100 * of.per_hundred:+.2f} points |"
            for of in report.arms
        ),
        *(["", f"![What a hundred labels of each kind brought]({PICTURE})"] if report.arms else []),
        "",
        "| who | answers | known ones right | how often right |",
        "|---|---|---|---|",
        *(
            f"| {_cell(who.annotator)} | {who.answers} | {who.golden_right} of {who.golden_right + who.golden_wrong} "
            f"| {who.accuracy:.0%} |"
            for who in report.people
        ),
    ]
    return "\n".join(lines) + "\n"


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(map(_cell, words[:_MOST_LISTED])) or "none"
    return shown if len(words) <= _MOST_LISTED else f"{shown} and {len(words) - _MOST_LISTED} more"


def _cell(text: str) -> str:
    """Names come from people and shops: none may end the cell of a table, or be read as HTML."""
    return text.replace("\n", " ").replace("|", "/").replace("<", "&lt;")


def _picture(arms: Sequence[ArmValue]) -> bytes:
    """A bar for each arm; the control arm is a line across all of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.5), layout="constrained")
    axes = figure.add_subplot()
    chosen = [of for of in arms if of.arm is not QuestionArm.RANDOM]
    axes.bar([of.arm for of in chosen], [100 * of.per_hundred for of in chosen], color="#1f4e79")
    for of in arms:
        if of.arm is QuestionArm.RANDOM:
            axes.axhline(100 * of.per_hundred, color="#c0392b", label="control arm: drawn by lot")
            axes.legend()
    axes.axhline(0.0, color="#9aa5b1", linewidth=0.8)
    axes.set_ylabel("points per 100 labels")
    axes.set_title("What your answers taught, by why they were asked")
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    return stream.getvalue()
