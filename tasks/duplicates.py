"""Near duplicates, and placeholders among them: the part of the audit that compares pictures with each other."""

from recognition.errors import UnreadablePictureError
from recognition.pictures.duplicates import grow_groups
from recognition.pictures.flat import is_flat
from recognition.pictures.reading import read_picture
from recognition.vocabulary import PictureReason
from tasks.ledger import decision
from tasks.loop import Loop
from warehouse.images import (
    PictureEverywhere,
    hashed_images,
    pictures_everywhere,
    set_placeholders,
    store_duplicate_groups,
)
from warehouse.ledger import SubjectKind, record_decisions
from warehouse.session import Session

_FEWEST_FLAT = 3  # products at which a drawing of few colours is taken for a placeholder


def group_duplicates(db: Session) -> None:
    """Compare what is new with everything, and store the groups that changed."""
    images = hashed_images(db)
    groups = grow_groups(images.phashes, images.before)
    changed = groups != images.before
    store_duplicate_groups(
        db, dict(zip(images.sha256s[changed].tolist(), images.sha256s[groups[changed]].tolist(), strict=True))
    )


def drop_placeholders(loop: Loop, db: Session) -> int:
    """Keep pictures out that one source shows at many products; return how many files that are new.

    What is no longer shown everywhere (a shop put its SKUs into one product group) comes back.
    """
    many = loop.parts.settings.catalogue.placeholder_products
    everywhere = {
        found.group_id: found
        for found in pictures_everywhere(db, min(many, _FEWEST_FLAT))
        if found.products >= many or _is_flat(loop, found)
    }
    marked, unmarked = set_placeholders(db, everywhere)
    drops = [
        decision(
            loop.run_id,
            SubjectKind.IMAGE,
            sha256,
            "drop",
            PictureReason.PLACEHOLDER,
            source=everywhere[group].source,
            products=everywhere[group].products,
            group=group,
        )
        for sha256, group in sorted(marked.items())
    ]
    keeps = [decision(loop.run_id, SubjectKind.IMAGE, sha256, "keep", "not_everywhere") for sha256 in unmarked]
    record_decisions(db, [*drops, *keeps])
    return len(marked)


def _is_flat(loop: Loop, found: PictureEverywhere) -> bool:
    try:
        return is_flat(read_picture(loop.parts.paths.images / found.path))
    except UnreadablePictureError:
        return False
