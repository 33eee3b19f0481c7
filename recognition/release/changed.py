"""A release for a catalogue that changed since its heads were trained: further classes, fewer classes, same heads.

It is always made of the heads as they were trained, never of a release that was changed before. So it depends on what
is in the catalogue now, and not on the order in which products came and went.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recognition.heads.changed_classes import changed_heads
from recognition.heads.scoring import Heads
from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.index.recall import Recall, recall_queries
from recognition.release.bundle import Bundle
from recognition.release.candidate import RECALL_QUERIES, Incumbent, LabelledPhotos, on_shared_classes
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.gate import GateEvidence, GateVerdict
from recognition.release.recogniser import Recogniser
from recognition.release.report import Report, report_on
from recognition.vocabulary import GateReason, Part

CHANGE_VERSION = 1
"""Raise it whenever the same change would make another release."""

_NAMED = 200  # products that a card names


@dataclass(frozen=True)
class CatalogueChange:
    """What came and went since heads were trained.

    Attributes:
        came: photos of both sides, of the classes to add alone; each class has one that teaches.
        gone: SKUs that are to be left out, sorted.
    """

    came: LabelledPhotos
    gone: tuple[str, ...] = ()

    @property
    def skus(self) -> tuple[str, ...]:
        """What came, sorted."""
        return tuple(sorted(set(self.came.skus)))

    def __bool__(self) -> bool:
        return bool(self.came.skus or self.gone)

    def digest(self) -> str:
        """Hex digest of the change: the same one on the same heads makes the same release; empty for no change."""
        if not self:
            return ""
        content = f"{CHANGE_VERSION}|{self.came.where(Part.TRAIN).digest()}|" + "|".join(self.gone)
        return hashlib.sha256(content.encode()).hexdigest()[:6]


@dataclass(frozen=True)
class ChangedRelease:
    """Trained heads brought to another catalogue, and what was measured of them.

    Attributes:
        report: on the holdout photos of every class that is served; None where there are none.
        came: on those of the classes that came; None where there are none.
    """

    base: Bundle
    change: CatalogueChange
    heads: Heads
    index: Index
    recall: Recall
    report: Report | None
    came: Evaluation | None

    @property
    def recogniser(self) -> Recogniser:
        """Ready to answer, by exact scan."""
        return _recogniser(self.base, self.heads)


def change_release(base: Bundle, change: CatalogueChange, holdout: LabelledPhotos) -> ChangedRelease:
    """The trained release `base` for a catalogue that changed.

    The index of the base is changed where that finds enough, and built anew where it does not.

    Args:
        base: a release whose heads are as they were trained.
        change: what came and went since.
        holdout: held-out photos of every class.
    """
    heads = changed_heads(base.heads, change.came.where(Part.TRAIN).samples(), change.gone)
    asked = heads.metric.apply(holdout.vectors[:RECALL_QUERIES]) if holdout.skus else heads.prototypes[:0]
    queries = recall_queries(asked, heads.prototypes, RECALL_QUERIES)
    index, recall = index_for(Embeddings.of_prototypes(heads.prototypes), queries, base.index)
    recogniser = _recogniser(base, heads)
    served = _of(holdout, set(heads.classes))
    new = _of(holdout, set(change.skus))
    return ChangedRelease(
        base=base,
        change=change,
        heads=heads,
        index=index,
        recall=recall,
        report=report_on(recogniser, served.vectors, served.skus, served.groups) if served.skus else None,
        came=evaluate(recogniser.recognise(new.vectors, recogniser.fingerprint), new.skus),
    )


def change_evidence(
    changed: ChangedRelease, holdout: LabelledPhotos, incumbent: Incumbent | None, product_of: Mapping[str, str]
) -> GateEvidence:
    """What the gate needs to know; `recognition.release.candidate.gate_evidence` has the words.

    No baseline stands beside it: the heads were compared with all of them when they were trained.
    """
    classes, found = set(changed.heads.classes), changed.report.overall if changed.report else None
    shared = on_shared_classes(changed.recogniser, holdout, incumbent)
    return GateEvidence(
        photos=found.photos if found else 0,
        candidate_top1=found.top1 if found else None,
        baseline_top1=None,
        shared_candidate_top1=shared.candidate_top1 if shared else None,
        incumbent_top1=shared.incumbent_top1 if shared else None,
        paired=shared.paired if shared else None,
        candidate_classes=len(classes),
        incumbent_classes=len(incumbent.classes) if incumbent else None,
        kept_classes=sum(product_of.get(sku, sku) in classes for sku in incumbent.classes) if incumbent else None,
        damaged_incumbent=incumbent is None,
        sure_photos=round(found.coverage * found.photos) if found else 0,
        sure_precision=found.sure_precision if found else None,
        promised_precision=changed.base.manifest.thresholds.promised_precision,
        index_recall=changed.recall,
    )


def changed_card(release_id: str, changed: ChangedRelease, verdict: GateVerdict, titles: Mapping[str, str]) -> str:
    """The card of a changed release, in markdown, for people."""
    base, index, change = changed.base.manifest, changed.index, changed.change
    kind = "changed" if index.codes is not None and index.codes.ntotal > index.built else index.variant.name
    lines = [
        f"# Release {release_id}",
        "",
        f"{'Published' if verdict.publish else 'Refused'}: `{verdict.reason}`. {verdict.explanation}.",
        "",
        f"- Heads: those of {base.release_id}, as they were trained; nothing was learned since",
        f"- Products: {len(change.skus)} came, {len(change.gone)} went, {len(changed.heads.classes)} are served",
        f"- Index: {kind}, {len(index.embeddings)} rows; {_found_by(changed.recall)}",
        f"- All products, held-out photos: {_measured(changed.report.overall if changed.report else None)}",
        f"- Products that came, held-out photos: {_measured(changed.came)}",
        "",
        "## Gate",
        "",
        *(
            f"- {'passed' if check.passed else 'FAILED'}: {check.found}"
            for check in verdict.checks
            if check.reason is not GateReason.WORSE_THAN_BASELINE  # nothing was trained that one could stand beside
        ),
        *_named("Products that came", change.skus, titles),
        *_named("Products that went", change.gone, titles),
    ]
    return "\n".join(lines) + "\n"


def _recogniser(base: Bundle, heads: Heads) -> Recogniser:
    return Recogniser.of_heads(heads, base.manifest.thresholds, base.manifest.encoder.fingerprint)


def _of(photos: LabelledPhotos, skus: set[str]) -> LabelledPhotos:
    return photos.take([row for row, sku in enumerate(photos.skus) if sku in skus])


def _found_by(recall: Recall) -> str:
    if not recall.queries:
        return "it compares every row"
    return f"recall@1 {recall.at_1:.4f}, recall@10 {recall.at_10:.4f} of an exact scan on {recall.queries} vectors"


def _measured(found: Evaluation | None) -> str:
    if found is None:
        return "none"
    precision = "" if found.sure_precision is None else f", of those {found.sure_precision:.3f} right"
    return f"{found.photos}, top-1 {found.top1:.3f}, sure {found.coverage:.3f}{precision}"


def _named(heading: str, skus: Sequence[str], titles: Mapping[str, str]) -> list[str]:
    if not skus:
        return []
    more = [f"- and {len(skus) - _NAMED} more"] if len(skus) > _NAMED else []
    named = [f"- `{sku}` {titles.get(sku, '')}".rstrip() for sku in skus[:_NAMED]]
    return ["", f"## {heading}", "", *named, *more]
