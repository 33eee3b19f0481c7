"""What a person has to decide is told once, as an event of Prefect; an automation of `skuloop deploy` passes it on.

Nothing is told of nights that are well, nor a second time of what was told. The ledger remembers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from prefect.events import emit_event

from recognition.vocabulary import Attention, ReleaseStatus
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.judgements import held_crawls
from warehouse.ledger import DecisionRow, SubjectKind, decisions_for, record_decisions
from warehouse.releases import broken_promises, release_history
from warehouse.session import Session

ATTENTION_EVENT = "skuloop.attention"
_TELL = "tell"


@dataclass(frozen=True)
class Message:
    """One thing to be told; the same `key` is told once."""

    about: Attention
    kind: SubjectKind
    subject: str
    key: str
    title: str
    text: str


def tell_people(loop: Loop) -> list[Message]:
    """Tell what is new of held sources, refused releases and broken promises; return what was told."""
    with loop.parts.warehouse.read() as db:
        new = [
            (message, row) for message in _messages(loop, db) if not _was_told(db, row := _remembered(loop, message))
        ]
    for message, _ in new:
        emit_event(
            event=f"{ATTENTION_EVENT}.{message.about}",
            resource={
                "prefect.resource.id": f"skuloop.{message.kind}.{message.subject}",
                "prefect.resource.name": message.subject,
            },
            payload={"subject": message.title, "message": message.text, "store": str(loop.parts.paths.store)},
        )
    if new:
        with loop.parts.warehouse.write() as db:
            record_decisions(db, [row for _, row in new])
    return [message for message, _ in new]


def _messages(loop: Loop, db: Session) -> Iterator[Message]:
    for held in held_crawls(db):
        page = loop.parts.paths.reports / loop.label / f"quarantine-{held.source}.md"
        text = (
            f"{held.source} is not what it was ({', '.join(held.reasons)}). Nothing of its last crawl was let in: see "
            f"{page}. `skuloop source release {held.source}` lets it in; a crawl that is normal again does so too."
        )
        title = f"{held.source} is in quarantine"
        yield Message(Attention.SOURCE_QUARANTINED, SubjectKind.SOURCE, held.source, held.crawl_id, title, text)
    for row in release_history(db):
        if row.status is ReleaseStatus.REFUSED and row.cycle_id == loop.label:
            card = loop.parts.paths.reports / loop.label / f"{row.release_id}.md"
            text = f"{row.release_id} was refused ({row.reason}); the release before it stays. Its card: {card}"
            title = "a release was refused"
            yield Message(Attention.GATE_REFUSED, SubjectKind.RELEASE, row.release_id, row.release_id, title, text)
    for broken in broken_promises(db):
        text = (
            f"Of {broken.checked} sure answers of {broken.release_id} that people have looked at since, "
            f"{broken.realised:.1%} were right; {broken.promised:.1%} were promised. `skuloop rollback` withdraws it."
        )
        title = "sure answers do not keep their promise"
        yield Message(Attention.PROMISE_BROKEN, SubjectKind.RELEASE, broken.release_id, broken.release_id, title, text)


def _remembered(loop: Loop, message: Message) -> DecisionRow:
    return decision(
        loop.run_id,
        message.kind,
        message.subject,
        _TELL,
        message.about,
        key=f"{_TELL}|{message.key}",
        title=message.title,
    )


def _was_told(db: Session, row: DecisionRow) -> bool:
    return any(known.decision_id == row.decision_id for known in decisions_for(db, row.subject_kind, row.subject))
