"""Which SKUs are one product: what was said of pairs, append-only, and the pairs that wait for a person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from recognition.vocabulary import MatchKind, MatchReason
from warehouse.session import Session


@dataclass(frozen=True, slots=True)
class MatchEventRow:
    """One word on two SKUs; `event_id` is a key of its content, so saying it twice is saying it once."""

    event_id: str
    kind: MatchKind
    sku: str
    into_sku: str
    reason: MatchReason
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """Two SKUs that may be one product, and how alike they are (0 to 1)."""

    sku: str
    into_sku: str
    reason: MatchReason
    title_likeness: float
    picture_likeness: float


@dataclass(frozen=True, slots=True)
class OpenSuggestion:
    """A suggestion that waits for a person."""

    sku: str
    title: str | None
    into_sku: str
    into_title: str | None
    reason: MatchReason
    title_likeness: float
    picture_likeness: float
    suggested_at: datetime


def append_match_events(db: Session, rows: Sequence[MatchEventRow]) -> int:
    """Append the events not known yet, in the given order; return how many."""
    return db.run_over("matches/append", rows)


def match_events(db: Session) -> list[MatchEventRow]:
    """Return everything that was ever said of pairs, in the order in which it was said."""
    return db.rows(MatchEventRow, "matches/events")


def product_identity(db: Session) -> dict[str, str]:
    """Return SKU -> the product that it is a name of, for the SKUs that were merged."""
    return dict(db.tuples("matches/identity"))


def add_suggestions(db: Session, rows: Sequence[SuggestionRow], run_id: str) -> int:
    """Store suggestions and return how many are new; a pair that was suggested before, either way round, stays."""
    return db.run_over("matches/suggest", rows, run_id=run_id)


def open_suggestions(db: Session) -> list[OpenSuggestion]:
    """Return the suggestions that wait for a person, the likeliest first."""
    return db.rows(OpenSuggestion, "matches/suggestions")


def compared_products(db: Session, fingerprint: str) -> set[str]:
    """Return the products whose pictures were compared with all others by this encoder."""
    return {sku for (sku,) in db.tuples("matches/compared", fingerprint=fingerprint)}


def mark_compared(db: Session, skus: Collection[str], fingerprint: str) -> None:
    """Record that the pictures of these products were compared with all others by this encoder."""
    db.run_over_pairs("matches/mark_compared", dict.fromkeys(sorted(skus), fingerprint))
