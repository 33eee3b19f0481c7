"""What a photo shows, when the shop, a folder and several people have each said something about it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from recognition.audit.consensus import Consensus, GoldenRecord, weigh_answers
from recognition.vocabulary import LabelKind, LabelOrigin

SETTLED = 0.9  # so probable must an answer be for people who disagree to be no conflict


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One statement about one photo. Events are only ever appended: a changed mind is a newer event.

    Statements that were taken back are not given to this module: whoever stores them knows which ones still stand.

    Attributes:
        sha256: the photo.
        kind: what is said of it.
        sku: the product it shows, when `kind` is SKU; None otherwise.
        origin: who speaks: the catalogue, a class folder, or a person.
        actor: the person, or the source that the claim comes from.
        at: when it was said, with time zone.
        seq: the order of appending, which decides between events of one instant.
    """

    sha256: str
    kind: LabelKind
    sku: str | None
    origin: LabelOrigin
    actor: str
    at: datetime
    seq: int

    def __post_init__(self) -> None:
        if (self.kind is LabelKind.SKU) != (self.sku is not None):
            raise ValueError(f"A label of kind {self.kind} with sku={self.sku!r}: exactly the kind 'sku' names a SKU.")


@dataclass(frozen=True, slots=True)
class ResolvedLabel:
    """What is believed of one photo after every statement was weighed.

    Attributes:
        sha256: the photo.
        kind: what is believed of it; under conflict, the newest opinion that counts.
        sku: the product it shows, None unless `kind` is SKU.
        origin: where that opinion comes from.
        conflict: whether the opinions that count disagree. Such a photo is never trained on, nor evaluated with.
        claims: every SKU that an opinion which counts names, in order: more than one only under conflict.
        weighed: whether people disagreed, and one answer was probable enough to settle it.
    """

    sha256: str
    kind: LabelKind
    sku: str | None
    origin: LabelOrigin
    conflict: bool
    claims: tuple[str, ...] = ()
    weighed: bool = False


def resolve_labels(
    events: Iterable[LabelEvent], tested: Mapping[str, GoldenRecord] | None = None
) -> dict[str, ResolvedLabel]:
    """Weigh all events, in any order, into one label for each photo.

    People outrank the catalogue and the folders: where a person has spoken, only people count. Of one person only the
    newest event counts, so people correct themselves and settle a conflict by agreeing. Where people still disagree,
    they are weighed by how often each is right, and an answer that is probable enough wins. Every claim of a shop or a
    folder counts, because one picture shown for two products (a placeholder, a family shot) is a label for neither.

    Args:
        events: of all photos.
        tested: how people did on golden questions.
    """
    opinions = {sha256: _opinions_that_count(of_photo) for sha256, of_photo in _by_photo(events).items()}
    consensus = people_weighed(opinions.values(), tested)
    return {sha256: _settled(_resolve(of_photo), of_photo, consensus) for sha256, of_photo in opinions.items()}


def people_weighed(
    opinions: Iterable[Iterable[LabelEvent]], tested: Mapping[str, GoldenRecord] | None = None
) -> Consensus:
    """The consensus about the photos of which several people have an opinion, and how often each person is right."""
    said = {
        opinion.sha256: {each.actor: (each.kind, each.sku) for each in of_photo if each.origin is LabelOrigin.ANNOTATOR}
        for of_photo in map(list, opinions)
        for opinion in of_photo[:1]
    }
    return weigh_answers({sha256: answers for sha256, answers in said.items() if len(answers) > 1}, tested)


def _by_photo(events: Iterable[LabelEvent]) -> dict[str, list[LabelEvent]]:
    by_photo: defaultdict[str, list[LabelEvent]] = defaultdict(list)
    for event in events:
        by_photo[event.sha256].append(event)
    return by_photo


def _resolve(opinions: list[LabelEvent]) -> ResolvedLabel:
    newest = opinions[-1]
    return ResolvedLabel(
        sha256=newest.sha256,
        kind=newest.kind,
        sku=newest.sku,
        origin=newest.origin,
        conflict=len({(opinion.kind, opinion.sku) for opinion in opinions}) > 1,
        claims=tuple(sorted({opinion.sku for opinion in opinions if opinion.sku is not None})),
    )


def _settled(label: ResolvedLabel, opinions: list[LabelEvent], consensus: Consensus) -> ResolvedLabel:
    """The label without its conflict, where people disagree and one answer is probable enough."""
    if not label.conflict or label.sha256 not in consensus.beliefs:
        return label
    beliefs = consensus.beliefs[label.sha256]
    best = max(opinions, key=lambda opinion: beliefs[opinion.kind, opinion.sku])
    if beliefs[best.kind, best.sku] < SETTLED:
        return label
    claims = () if best.sku is None else (best.sku,)
    return replace(label, kind=best.kind, sku=best.sku, conflict=False, claims=claims, weighed=True)


def _opinions_that_count(of_photo: Iterable[LabelEvent]) -> list[LabelEvent]:
    """The newest of each person, oldest first; where no person has spoken, all."""
    oldest_first = sorted(of_photo, key=_age_order)
    newest_of_person = {event.actor: event for event in oldest_first if event.origin is LabelOrigin.ANNOTATOR}
    return sorted(newest_of_person.values(), key=_age_order) or oldest_first


def _age_order(event: LabelEvent) -> tuple[datetime, int]:
    return event.at, event.seq
