"""Products that a person has withdrawn: they are not served any more, whatever photos there are of them.

Each word is a decision of the ledger, and the last one counts.
"""

from dataclasses import dataclass

from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.ledger import SubjectKind, decisions_for, record_decisions, subjects_standing
from warehouse.matches import product_identity
from warehouse.products import titles
from warehouse.session import Session

WITHDRAW, RESTORE = "withdraw product", "restore product"
_BY_HAND = "by_hand"


class UnknownProductError(Exception):
    """No product has that SKU."""


@dataclass(frozen=True)
class Withdrawal:
    """What was said of a product; `changed` is False where it was so already."""

    sku: str
    withdrawn: bool
    changed: bool


def withdraw_product(loop: Loop, sku: str, actor: str, *, restore: bool = False) -> Withdrawal:
    """Say that a product is not to be served any more, or is to be served again.

    Raises:
        UnknownProductError: no product has that SKU.
    """
    with loop.parts.warehouse.write() as db:
        if sku not in titles(db):
            raise UnknownProductError(
                f"no product has the SKU {sku!r}; the table `product` of the snapshot lists them all"
            )
        product = product_identity(db).get(sku, sku)
        if (product in withdrawn_products(db)) is not restore:
            return Withdrawal(product, withdrawn=not restore, changed=False)
        action = RESTORE if restore else WITHDRAW
        key = f"{product}|{len(decisions_for(db, SubjectKind.SKU, product))}"
        why = decision(loop.run_id, SubjectKind.SKU, product, action, _BY_HAND, key=key, by=actor)
        record_decisions(db, [why])
    return Withdrawal(product, withdrawn=not restore, changed=True)


def withdrawn_products(db: Session) -> set[str]:
    """The SKUs that a person has withdrawn, and nobody has restored."""
    return subjects_standing(db, SubjectKind.SKU, WITHDRAW, RESTORE)
