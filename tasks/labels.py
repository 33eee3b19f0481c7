"""What every photo shows, as far as shops, folders and people have settled it."""

from recognition.audit.labels import ResolvedLabel, resolve_labels
from warehouse.answers import golden_results
from warehouse.labels import label_events
from warehouse.session import Session


def settled_labels(db: Session) -> dict[str, ResolvedLabel]:
    """The label of each photo of which anybody has said anything; people count by how well they answer."""
    return resolve_labels(label_events(db), golden_results(db))
