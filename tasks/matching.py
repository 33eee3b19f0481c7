"""Which SKUs are one product: keys decide at night, people the rest. Every word is an event and can be undone."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from recognition.catalogue.matching import Match, match_by_keys
from recognition.vocabulary import MatchKind, MatchReason
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.ledger import DecisionRow, SubjectKind, record_decisions
from warehouse.listings import listings_with_a_key_of_two_products
from warehouse.matches import (
    MatchEventRow,
    SuggestionRow,
    add_suggestions,
    append_match_events,
    match_events,
    product_identity,
)
from warehouse.products import titles
from warehouse.session import Session

_LOOP = "skuloop"


class MatchError(Exception):
    """Two SKUs about which that cannot be said; the message says why."""


@dataclass(frozen=True)
class Matched:
    """What was said of two SKUs; `changed` is False where it was so already."""

    kind: MatchKind
    sku: str
    into_sku: str
    changed: bool


def match_products(loop: Loop, db: Session) -> int:
    """Merge products that shops list under one key; return how many. What a key must not decide alone is suggested."""
    listings = listings_with_a_key_of_two_products(db)
    if not listings:
        return 0
    events = match_events(db)
    found = match_by_keys(listings, {_pair(event.sku, event.into_sku) for event in events})
    sure = [match for match in found if match.sure]
    append_match_events(db, [_event(MatchKind.MERGE, match, events, _LOOP) for match in sure])
    record_decisions(db, [_why(loop, MatchKind.MERGE, match, len(events), _LOOP) for match in sure])
    doubtful = [SuggestionRow(match.sku, match.into_sku, match.reason, 0.0, 0.0) for match in found if not match.sure]
    add_suggestions(db, doubtful, loop.run_id)
    return len(sure)


def merge_products(loop: Loop, sku: str, into_sku: str, actor: str) -> Matched:
    """Make a SKU a name of another product: its labels and offers follow.

    Raises:
        MatchError: there is no such product, or both are one SKU.
    """
    with loop.parts.warehouse.write() as db:
        _require(db, sku, into_sku)
        identity = product_identity(db)
        product, into = identity.get(sku, sku), identity.get(into_sku, into_sku)
        if product == into:
            return Matched(MatchKind.MERGE, sku, into, changed=False)
        return _say(loop, db, MatchKind.MERGE, Match(product, into, MatchReason.REVIEWED, sure=True), actor)


def refuse_match(loop: Loop, sku: str, into_sku: str, actor: str) -> Matched:
    """Say that two SKUs are two products: the pair is neither merged nor suggested any more.

    Raises:
        MatchError: there is no such product, or the two are merged (undo that first).
    """
    with loop.parts.warehouse.write() as db:
        _require(db, sku, into_sku)
        identity = product_identity(db)
        if identity.get(sku, sku) == identity.get(into_sku, into_sku):
            raise MatchError(
                f"{sku} and {into_sku} are one product: `skuloop products undo` takes the merge back first"
            )
        last = _last_word(match_events(db), sku, into_sku)
        if last is not None and last.kind is MatchKind.REFUSE:
            return Matched(MatchKind.REFUSE, sku, into_sku, changed=False)
        return _say(loop, db, MatchKind.REFUSE, Match(sku, into_sku, MatchReason.REVIEWED, sure=True), actor)


def undo_match(loop: Loop, sku: str, into_sku: str, actor: str) -> Matched:
    """Take back the last merge or refusal of two SKUs. Keys do not merge them again: only a person does.

    Raises:
        MatchError: nothing stands between the two.
    """
    with loop.parts.warehouse.write() as db:
        events = match_events(db)
        last = _last_word(events, sku, into_sku)
        if last is None or last.kind is MatchKind.UNDO:
            standing = sorted(
                {f"{event.sku} {event.into_sku}" for event in events if sku in (event.sku, event.into_sku)}
            )
            known = f"; of {sku} there was said: {', '.join(standing)}" if standing else ""
            raise MatchError(f"there is nothing to undo between {sku} and {into_sku}{known}")
        return _say(loop, db, MatchKind.UNDO, Match(last.sku, last.into_sku, last.reason, sure=True), actor)


def _say(loop: Loop, db: Session, kind: MatchKind, match: Match, actor: str) -> Matched:
    events = match_events(db)
    append_match_events(db, [_event(kind, match, events, actor)])
    record_decisions(db, [_why(loop, kind, match, len(events), actor)])
    return Matched(kind, match.sku, match.into_sku, changed=True)


def _event(kind: MatchKind, match: Match, events: Iterable[MatchEventRow], actor: str) -> MatchEventRow:
    """The same word again, with nothing said of the pair in between, is the same event."""
    said = sum(_pair(event.sku, event.into_sku) == _pair(match.sku, match.into_sku) for event in events)
    content = "|".join([kind, *sorted((match.sku, match.into_sku)), str(said)])
    event_id = hashlib.sha256(content.encode()).hexdigest()[:32]
    return MatchEventRow(event_id, kind, match.sku, match.into_sku, match.reason, actor, datetime.now(UTC))


def _why(loop: Loop, kind: MatchKind, match: Match, place: int, actor: str) -> DecisionRow:
    key = f"{match.sku}|{match.into_sku}|{place}"
    subject = (SubjectKind.SKU, match.sku)
    return decision(loop.run_id, *subject, f"{kind} product", match.reason, key=key, into=match.into_sku, by=actor)


def _last_word(events: Iterable[MatchEventRow], sku: str, into_sku: str) -> MatchEventRow | None:
    on_pair = [event for event in events if _pair(event.sku, event.into_sku) == _pair(sku, into_sku)]
    return on_pair[-1] if on_pair else None


def _pair(left: str, right: str) -> frozenset[str]:
    return frozenset({left, right})


def _require(db: Session, *skus: str) -> None:
    known = titles(db)
    for sku in skus:
        if sku not in known:
            raise MatchError(f"no product has the SKU {sku!r}; the table `product` of the snapshot lists them all")
    if len(set(skus)) < len(skus):
        raise MatchError(f"{skus[0]} is one SKU: name two")
