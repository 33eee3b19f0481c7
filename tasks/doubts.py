"""Labelled photos that people are asked about all the same: contradictions, suspected errors, and golden questions."""

from collections.abc import Mapping, Sequence

import numpy as np

from recognition.asking.proposals import Doubt, Photo
from recognition.asking.suspects import find_suspects
from recognition.audit.labels import ResolvedLabel
from recognition.heads.scoring import rank
from recognition.heads.training import TrainedHeads
from recognition.release.candidate import LabelledPhotos
from recognition.release.recogniser import Recogniser
from recognition.triage.verdict import Recognition
from recognition.vocabulary import Part, QuestionArm, QuestionKind, Verdict
from tasks.labels import settled_labels
from tasks.ledger import decision
from tasks.loop import Loop
from tasks.teaching import taught_by
from tasks.wiring import Parts
from warehouse.audits import parts
from warehouse.images import duplicate_groups, usable_images
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.listings import families
from warehouse.questions import asked_about
from warehouse.session import Session
from warehouse.suspicions import SuspicionRow, add_suspicions, suspicions

_GOLDEN_TRIED = 4  # photos that are looked at for each question of the budget: only sure and right ones are golden


def doubts(db: Session, release_id: str, labels: Mapping[str, ResolvedLabel]) -> dict[str, Doubt]:
    """Every photo whose label is in doubt, asked about or not; `labels` are those that are settled."""
    same_family = families(db)
    found = {
        row.sha256: Doubt(QuestionArm.SUSPECT, (row.sku, row.rival), row.score)
        for row in suspicions(db, taught_by(release_id))
        if row.sha256 in labels and labels[row.sha256].sku == row.sku
    }
    return found | {
        label.sha256: Doubt(QuestionArm.CONFLICT, label.claims)
        for label in labels.values()
        if label.conflict and len({same_family.get(sku, sku) for sku in label.claims}) > 1
    }


def record_suspicions(loop: Loop, taught: str, photos: LabelledPhotos, trained: TrainedHeads) -> None:
    """Store which training photos are probably labelled wrong, with a decision on each.

    Args:
        loop: the run that trained.
        taught: digest of what was taught.
        photos: the training side.
        trained: what was trained with them.
    """
    evidence, heads = trained.out_of_fold, trained.heads
    if evidence.rows is None or not len(evidence.rows):
        return
    ranking = rank(evidence.candidates, heads.coarse_weight, heads.scale)
    found = find_suspects(ranking, evidence.targets, len(heads.classes))
    rows = [
        SuspicionRow(photos.sha256s[row], photos.skus[row], heads.classes[rival], score)
        for row, rival, score in zip(
            evidence.rows[found.rows].tolist(), found.rivals.tolist(), found.scores.tolist(), strict=True
        )
    ]
    with loop.parts.warehouse.write() as db:
        add_suspicions(db, taught, rows)
        record_decisions(db, [_why_suspected(loop, taught, row) for row in rows])


def _why_suspected(loop: Loop, taught: str, row: SuspicionRow) -> DecisionRow:
    subject = (SubjectKind.IMAGE, row.sha256)
    return decision(
        loop.run_id,
        *subject,
        "suspect label",
        "rival_more_probable",
        key=taught,
        sku=row.sku,
        rival=row.rival,
        score=row.score,
    )


def labels_in_doubt(
    loop_parts: Parts, release_id: str, recogniser: Recogniser, most_golden: int, random: np.random.Generator
) -> list[Photo]:
    """The labelled photos that may be asked about tonight.

    Args:
        loop_parts: of the installation.
        release_id: the release in force.
        recogniser: of it.
        most_golden: how many golden questions there may be.
        random: draws the golden photos.
    """
    with loop_parts.warehouse.read() as db:
        labels, sides = settled_labels(db), parts(db)
        found, groups = doubts(db, release_id, labels), duplicate_groups(db)
        usable = {image.sha256 for image in usable_images(db)}
        judged, ever_asked = asked_about(db, [QuestionKind.RIGHT_LABEL]), asked_about(db, list(QuestionKind))
    waiting = {sha256: doubt for sha256, doubt in found.items() if sha256 in usable - judged}
    held_out = sorted(sha256 for sha256, part in sides.items() if part is Part.HOLDOUT)
    free = [sha256 for sha256 in held_out if sha256 in usable - ever_asked and sha256 not in found]
    tried = random.permutation(np.array(free, dtype=object))[: most_golden * _GOLDEN_TRIED].tolist()
    beliefs = _beliefs(loop_parts, recogniser, [*waiting, *tried])
    known = {sha256: _golden(labels[sha256]) for sha256 in tried if _is_known(labels.get(sha256), beliefs.get(sha256))}
    return [
        _photo(sha256, beliefs[sha256], groups.get(sha256, ""), doubt)
        for sha256, doubt in (waiting | known).items()
        if sha256 in beliefs
    ]


def _beliefs(loop_parts: Parts, recogniser: Recogniser, sha256s: Sequence[str]) -> Mapping[str, Recognition]:
    found, vectors = loop_parts.vectors.load(recogniser.fingerprint, sha256s)
    return dict(zip(found, recogniser.recognise(vectors, recogniser.fingerprint), strict=True)) if found else {}


def _is_known(label: ResolvedLabel | None, belief: Recognition | None) -> bool:
    """Whether label and release agree on a photo that the release was never taught."""
    if label is None or belief is None or label.sku is None or label.conflict:
        return False
    return belief.verdict is Verdict.SURE and belief.sku == label.sku


def _golden(label: ResolvedLabel) -> Doubt:
    return Doubt(QuestionArm.GOLDEN, (label.sku or "",))


def _photo(sha256: str, belief: Recognition, group: str, doubt: Doubt) -> Photo:
    return Photo(sha256, belief.verdict, belief.confidence, belief.candidates, group, doubt=doubt)
