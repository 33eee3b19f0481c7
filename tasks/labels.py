"""What every photo shows, as far as shops, folders and people have settled it."""

from labelling.payloads import AnswerKind
from recognition.audit.labels import ResolvedLabel, resolve_labels
from recognition.vocabulary import LabelKind
from warehouse.answers import golden_results
from warehouse.labels import SettledRow, disputed_events, store_settled, undisputed_labels
from warehouse.session import Session

KIND_OF_LABEL = {
    AnswerKind.SKU: LabelKind.SKU,
    AnswerKind.NEW_PRODUCT: LabelKind.SKU,
    AnswerKind.NOT_A_PRODUCT: LabelKind.NOT_A_PRODUCT,
    AnswerKind.BAD_PHOTO: LabelKind.BAD_PHOTO,
    AnswerKind.SEVERAL_PRODUCTS: LabelKind.SEVERAL_PRODUCTS,
}
"""What an answer says of each photo of its question; a group that is taken apart says nothing."""


def settled_labels(db: Session) -> dict[str, ResolvedLabel]:
    """The label of each photo of which anybody has said anything."""
    return undisputed_labels(db) | disputed_labels(db)


def settle_disputes(db: Session) -> None:
    """Store what is believed of the photos about which people disagree, where one answer is probable enough."""
    weighed = [label for label in disputed_labels(db).values() if label.weighed]
    store_settled(db, [SettledRow(label.sha256, label.kind, label.sku) for label in weighed])


def disputed_labels(db: Session) -> dict[str, ResolvedLabel]:
    """The labels of the few photos about which there is something to weigh; people count by how well they answer."""
    return resolve_labels(disputed_events(db), golden_results(db))
