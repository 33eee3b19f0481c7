"""Return to the release before."""

from recognition.errors import NoReleaseError
from recognition.release.bundle import open_bundle
from recognition.vocabulary import ReleaseStatus
from tasks.ledger import decision
from tasks.loop import Loop
from tasks.train import follow_history
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.releases import current_release, release_history, set_release_status


def roll_back(loop: Loop) -> tuple[str, str]:
    """Withdraw the current release and return (withdrawn, now current).

    The release to return to is opened and verified before anything is changed.

    Raises:
        NoReleaseError: nothing is published, or nothing was before it.
        ReleaseDamagedError: the release before is damaged too.
    """
    parts = loop.parts
    with parts.warehouse.read() as db:
        current = current_release(db)
        published = [row.release_id for row in release_history(db) if row.status is ReleaseStatus.PUBLISHED]
    if current is None:
        raise NoReleaseError("nothing is published yet, so there is nothing to roll back. Run `skuloop cycle`.")
    earlier = published[: published.index(current.release_id)]
    if not earlier:
        raise NoReleaseError(f"{current.release_id} is the only published release: there is none to return to.")
    open_bundle(parts.paths.releases / earlier[-1])
    with parts.warehouse.write() as db:
        set_release_status(db, current.release_id, ReleaseStatus.ROLLED_BACK, "rolled_back_by_hand")
        record_decisions(
            db, [decision(loop.run_id, SubjectKind.RELEASE, current.release_id, "roll back", "by_hand", to=earlier[-1])]
        )
    follow_history(parts)
    return current.release_id, earlier[-1]
