"""What every photo shows, as far as shops, folders and people have settled it."""

from collections.abc import Mapping

from recognition.audit.labels import ResolvedLabel, resolve_labels
from warehouse.answers import golden_results
from warehouse.labels import label_events
from warehouse.session import Session


def settled_labels(db: Session) -> dict[str, ResolvedLabel]:
    """The label of each photo of which anybody has said anything; people count by how well they answer."""
    return resolve_labels(label_events(db), golden_results(db))


def weighed_labels(labels: Mapping[str, ResolvedLabel]) -> dict[str, str | None]:
    """The SKU, or None, of each photo about which people disagreed, and one answer was probable enough."""
    return {sha256: label.sku for sha256, label in labels.items() if label.weighed}
