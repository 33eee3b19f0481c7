"""Rows for the decision ledger."""

import hashlib
import json
from datetime import UTC, datetime

from warehouse.ledger import DecisionRow, SubjectKind


def decision(
    run_id: str, kind: SubjectKind, subject: str, action: str, reason: str, *, key: str = "", **detail: object
) -> DecisionRow:
    """One decision; the same decision of the same run is the same row.

    Args:
        run_id: the run that decided.
        kind: what kind of thing was decided on.
        subject: which one.
        action: what was decided.
        reason: a closed reason code.
        key: what tells this decision from a later one of the same kind, if not the run.
        detail: figures and versions behind it.
    """
    content = "|".join([key or run_id, kind, subject, action, reason])
    return DecisionRow(
        decision_id=hashlib.sha256(content.encode()).hexdigest()[:32],
        run_id=run_id,
        at=datetime.now(UTC),
        subject_kind=kind,
        subject=subject,
        action=action,
        reason=reason,
        detail=json.dumps(detail, default=str, sort_keys=True),
    )
