"""Whether a cycle is due: enough answers wait to be taught, or some have waited long enough.

That it is due is an event; an automation of `skuloop deploy` starts the deployed cycle upon it. Said twice, it starts
two runs, of which the lock of the store lets one work.
"""

from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from tasks.ledger import decision
from tasks.loop import Loop, stage
from tasks.settings import CycleSettings
from warehouse.answers import untaught_answers
from warehouse.ledger import SubjectKind, record_decisions

DUE_EVENT = "skuloop.cycle.due"


def why_due(answers: int, since: datetime | None, now: datetime, limits: CycleSettings) -> str | None:
    """Why a cycle should run now; None where it need not.

    Args:
        answers: that no release was taught.
        since: when the first of them was given; None where there is none.
        now: the present.
        limits: of the settings.
    """
    if since is None or not answers:
        return None
    if answers >= limits.answers:
        return "enough_answers"
    return "waited_long" if now - since >= timedelta(days=limits.days) else None


@task(name="is a cycle due", cache_policy=NO_CACHE)
def announce_due_cycle(loop: Loop) -> str | None:
    """Emit the event if a cycle is due, with a row in the ledger; return why."""
    with stage(loop, "due") as done:
        with loop.parts.warehouse.read() as db:
            answers, since = untaught_answers(db)
        reason = why_due(answers, since, datetime.now(UTC), loop.parts.settings.cycle)
        done.summary = f"{answers} answers wait to be taught; a cycle is {'due' if reason else 'not due'}"
        if reason:
            with loop.parts.warehouse.write() as db:
                record_decisions(
                    db, [decision(loop.run_id, SubjectKind.RUN, loop.run_id, "start cycle", reason, answers=answers)]
                )
            emit_event(
                event=DUE_EVENT,
                resource={"prefect.resource.id": "skuloop.cycle", "prefect.resource.name": "cycle"},
                payload={"reason": reason, "answers": answers, "store": str(loop.parts.paths.store)},
            )
    return reason
