"""What a photo shows, when the shop, a folder and several people have each said something about it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import LabelKind, LabelOrigin


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
    """

    sha256: str
    kind: LabelKind
    sku: str | None
    origin: LabelOrigin
    conflict: bool
    claims: tuple[str, ...] = ()


def resolve_labels(events: Iterable[LabelEvent]) -> dict[str, ResolvedLabel]:
    """Weigh all events, in any order, into one label for each photo.

    People outrank the catalogue and the folders: where a person has spoken, only people count. Of one person only the
    newest event counts, so people correct themselves and settle a conflict by agreeing. Every claim of a shop or a
    folder counts, because one picture shown for two products (a placeholder, a family shot) is a label for neither.
    """
    by_photo: defaultdict[str, list[LabelEvent]] = defaultdict(list)
    for event in events:
        by_photo[event.sha256].append(event)
    return {sha256: _resolve(of_photo) for sha256, of_photo in by_photo.items()}


def _resolve(events: list[LabelEvent]) -> ResolvedLabel:
    opinions = _opinions_that_count(sorted(events, key=_age_order))
    newest = opinions[-1]
    return ResolvedLabel(
        sha256=newest.sha256,
        kind=newest.kind,
        sku=newest.sku,
        origin=newest.origin,
        conflict=len({(opinion.kind, opinion.sku) for opinion in opinions}) > 1,
        claims=tuple(sorted({opinion.sku for opinion in opinions if opinion.sku is not None})),
    )


def _opinions_that_count(oldest_first: list[LabelEvent]) -> list[LabelEvent]:
    newest_of_person = {event.actor: event for event in oldest_first if event.origin is LabelOrigin.ANNOTATOR}
    return sorted(newest_of_person.values(), key=_age_order) or oldest_first


def _age_order(event: LabelEvent) -> tuple[datetime, int]:
    return event.at, event.seq
