"""Return to the release before."""

from recognition.errors import NoReleaseError
from recognition.release.bundle import open_bundle
from recognition.vocabulary import ReleaseStatus
from tasks.ledger import decision
from tasks.loop import Loop
from tasks.published import follow_history
from tasks.teaching import changed_by, taught_by
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.releases import current_release, release_history, set_release_status


def roll_back(loop: Loop) -> tuple[str, str]:
    """Withdraw the current release and return (withdrawn, now current).

    Releases that differ from it in products and prices alone have the same heads and are withdrawn with it. Where the
    current one was changed for products that came or went, the heads as they were trained are what is returned to;
    trained heads that are withdrawn take every release with them that was made of them. The release to return to is
    opened and verified before anything is changed.

    Raises:
        NoReleaseError: nothing is published, or nothing was before it.
        ReleaseDamagedError: the release before is damaged too.
    """
    loop_parts = loop.parts
    with loop_parts.warehouse.read() as db:
        current = current_release(db)
        published = [row.release_id for row in release_history(db) if row.status is ReleaseStatus.PUBLISHED]
    if current is None:
        raise NoReleaseError("nothing is published yet, so there is nothing to roll back. Run `skuloop cycle`.")
    withdrawn = [release for release in published if _goes_with(release, current.release_id)]
    earlier = [release for release in published if release not in withdrawn]
    if not earlier:
        raise NoReleaseError(f"{current.release_id} has the only heads ever published: there is nothing to return to.")
    open_bundle(loop_parts.paths.releases / earlier[-1])
    with loop_parts.warehouse.write() as db:
        for release in withdrawn:
            set_release_status(db, release, ReleaseStatus.ROLLED_BACK, "rolled_back_by_hand")
        why = [
            decision(loop.run_id, SubjectKind.RELEASE, release, "roll back", "by_hand", to=earlier[-1])
            for release in withdrawn
        ]
        record_decisions(db, why)
    follow_history(loop_parts)
    return current.release_id, earlier[-1]


def _goes_with(release: str, current: str) -> bool:
    """Whether a release is withdrawn with the current one: it has the same heads, or heads that were made of them."""
    same_change = changed_by(release) == changed_by(current)
    return taught_by(release) == taught_by(current) and (same_change or not changed_by(current))
