"""`skuloop why`: the story of a SKU, a photo or a release, in words and pictures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from recognition.errors import RecognitionError
from recognition.files import sha256_of, write_durably
from recognition.pictures.contact_sheet import Tile, contact_sheet
from recognition.release.neighbours import nearest_products
from recognition.release.pointer import open_current
from skuloop.exit_codes import ExitCode
from skuloop.output import complain, money, print_json, print_line, print_table
from tasks.paths import Paths
from tasks.settings import load_settings
from tasks.wiring import Parts
from warehouse.ledger import DecisionRow
from warehouse.session import Session
from warehouse.status import SkuStory, sku_story
from warehouse.stories import (
    CountRow,
    ImageStory,
    ReleaseStory,
    Rival,
    ShownPhoto,
    counts_over_time,
    image_story,
    photos_of,
    release_story,
    rivals_of,
)

_SHOWN, _OF_RIVAL, _COLUMNS = 24, 3, 6
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Alike:
    """A product whose prototype is near in the current release: cosine in its metric."""

    sku: str
    title: str
    cosine: float


@dataclass(frozen=True)
class SkuTale:
    """A SKU with its counts over time, its rivals, and its contact sheet."""

    story: SkuStory
    counts: tuple[CountRow, ...]
    rivals: tuple[Rival, ...]
    alike: tuple[Alike, ...]
    sheet: Path


@dataclass(frozen=True)
class ImageTale:
    """A photo with its file and a sheet of it and its near duplicates."""

    story: ImageStory
    file: Path
    sheet: Path


@dataclass(frozen=True)
class ReleaseTale:
    """A release with its folder, where its card is."""

    story: ReleaseStory
    folder: Path


def show_why(subject: str, config: Path | None, *, as_json: bool) -> None:
    """Print the story of a SKU, of a photo (by SHA-256, its beginning, or a file) or of a release."""
    parts = Parts(load_settings(config))
    with parts.warehouse.read() as db:
        finish = _tale(db, parts.paths, subject)
    if finish is None:
        complain(
            f"{subject!r} is no SKU, no photo and no release of this store. `skuloop sql` asks for all of them: "
            "the tables are `product`, `image` (its SHA-256, six digits of it, or a file will do) and `release`."
        )
        raise SystemExit(ExitCode.NOT_FOUND)
    tale = finish()  # pictures are drawn when the warehouse is free again: a night may wait for it
    if as_json:
        print_json(tale)
        return
    if isinstance(tale, SkuTale):
        _print_sku(tale)
    elif isinstance(tale, ImageTale):
        _print_image(tale)
    else:
        _print_release(tale)


def _tale(db: Session, paths: Paths, subject: str) -> Callable[[], SkuTale | ImageTale | ReleaseTale] | None:
    story = sku_story(db, subject)
    if story is not None:
        return _sku_tale(db, paths, story)
    release = release_story(db, subject)
    if release is not None:
        return partial(ReleaseTale, release, paths.releases / subject)
    file = Path(subject)
    image = image_story(db, sha256_of(file) if file.is_file() else subject)
    return None if image is None else partial(_image_tale, paths, image)


def _sku_tale(db: Session, paths: Paths, story: SkuStory) -> Callable[[], SkuTale]:
    sku = story.product.sku
    counts, rivals, alike = counts_over_time(db, sku), rivals_of(db, sku), _alike(paths, sku)
    shown = [(photo, photo.part or photo.said_by or "taken for it") for photo in photos_of(db, sku, _SHOWN)]
    beside = list(dict.fromkeys([*(rival.sku for rival in rivals), *(other.sku for other in alike)]))[:_COLUMNS]
    for rival in beside:
        shown += [(photo, f"rival {rival}") for photo in photos_of(db, rival, _OF_RIVAL)]

    def finish() -> SkuTale:
        tiles = [_tile(paths, photo, caption) for photo, caption in shown]
        sheet = _draw(paths, sku, tiles, f"{story.product.title}: its photos, then its rivals'")
        return SkuTale(story, tuple(counts), tuple(rivals), alike, sheet)

    return finish


def _image_tale(paths: Paths, story: ImageStory) -> ImageTale:
    facts = story.facts
    this = ShownPhoto(facts.sha256, facts.path, facts.reason, None, facts.part)
    tiles = [
        _tile(paths, this, "this photo"),
        *(_tile(paths, twin, twin.said_by or "no label") for twin in story.twins),
    ]
    sheet = _draw(paths, facts.sha256[:16], tiles[:_SHOWN], "The photo and its near duplicates")
    return ImageTale(story, paths.images / facts.path, sheet)


def _alike(paths: Paths, sku: str) -> tuple[Alike, ...]:
    """The nearest prototypes of the current release; none before the first, or where it does not know the product."""
    try:
        bundle = open_current(paths.releases)
    except RecognitionError:
        return ()
    near = nearest_products(bundle, sku)
    return tuple(Alike(other, title, round(cosine, 4)) for other, title, cosine in near)


def _tile(paths: Paths, photo: ShownPhoto, caption: str) -> Tile:
    trouble = f"{photo.reason}: " if photo.reason not in (None, "ok") else ""
    return Tile.of_photo(paths.images / photo.path, f"{trouble}{caption}")


def _draw(paths: Paths, name: str, tiles: Sequence[Tile], title: str) -> Path:
    path = paths.reports / "why" / f"{_NO_NAME.sub('_', name)}.jpg"
    stream = BytesIO()
    contact_sheet(tiles, columns=_COLUMNS, title=title).save(stream, format="JPEG", quality=88)
    write_durably(path, stream.getvalue())
    return path


def _print_sku(tale: SkuTale) -> None:
    story = tale.story
    product, offer, audit = story.product, story.offer, story.audit
    price = f"{money(offer.price, offer.currency)}, {offer.availability}, {offer.seen_at:%Y-%m-%d}" if offer else "-"
    print_table(
        f"{product.sku}: {product.title}",
        ("what", "how it is"),
        [
            ("brand / category", f"{product.brand or '-'} / {product.category or '-'}"),
            ("named by", product.named_by),
            ("price", price),
            ("tier", f"{audit.tier}: {audit.reason}" if audit else "not audited yet"),
            ("samples", f"{audit.samples} distinct of {audit.images} photos" if audit else "-"),
            ("set aside", f"{audit.conflicts} in conflict, {audit.unusable} unusable" if audit else "-"),
            ("photos by quality", ", ".join(f"{count} {reason}" for reason, count in story.images.items()) or "-"),
            ("labels by origin", ", ".join(f"{count} {origin}" for origin, count in story.labels.items()) or "-"),
            ("recognised as this", story.predictions),
            ("open questions", story.open_questions),
        ],
    )
    print_table(
        "Its count over time",
        ("when", "run", "samples", "photos", "tier", "reason"),
        [(_time(row.at), row.run_id, _bar(row.samples), row.images, row.tier, row.reason) for row in tale.counts],
    )
    print_table(
        "Confused with, in either direction",
        ("SKU", "title", "photos mistaken", "photos where both were the best two"),
        [(row.sku, row.title, row.mistaken, row.beside) for row in tale.rivals],
    )
    print_table(
        "Nearest products in the current release",
        ("SKU", "title", "cosine"),
        [(row.sku, row.title, row.cosine) for row in tale.alike],
    )
    _print_decisions(story.decisions)
    print_line(f"Photos: {tale.sheet}")


def _print_image(tale: ImageTale) -> None:
    story, facts = tale.story, tale.story.facts
    size = f"{facts.width} x {facts.height} {facts.format}" if facts.width else f"never measured, {facts.format}"
    print_table(
        f"Photo {facts.sha256}",
        ("what", "how it is"),
        [
            ("file", tale.file),
            ("size", size),
            ("quality", f"{facts.reason or 'not measured yet'}{_measured(facts.sharpness, facts.contrast)}"),
            ("first seen in", facts.first_seen_run),
            ("near duplicates", len(story.twins)),
            ("side of the split", facts.part or "none: it has no label, or a contradicted one"),
        ],
    )
    print_table(
        "Where it was found",
        ("when", "source", "place", "as", "kind"),
        [(_time(row.seen_at), row.source, row.origin, row.sku, row.kind) for row in story.origins],
    )
    print_table(
        "What was said of it",
        ("when", "by", "who", "what", "stands"),
        [(_time(row.at), row.origin, row.actor, row.sku or row.kind, row.stands) for row in story.statements],
    )
    print_table(
        "What it was taken for",
        ("when", "release", "night", "verdict", "SKU", "confidence", "similarity"),
        [
            (
                _time(of.at),
                of.release_id,
                of.night_id,
                of.verdict,
                of.sku,
                f"{of.confidence:.3f}",
                f"{of.similarity:.3f}",
            )
            for of in story.judgements
        ],
    )
    print_table("Questions about it", ("key", "kind", "why", "status"), story.questions)
    _print_decisions(story.decisions)
    print_line(f"Photos: {tale.sheet}")


def _print_release(tale: ReleaseTale) -> None:
    facts = tale.story.facts
    print_table(
        f"Release {facts.release_id}",
        ("what", "how it is"),
        [
            ("status", f"{facts.status}: {facts.reason}"),
            ("trained", _time(facts.created_at)),
            ("compared with", facts.incumbent or "nothing: it was the first"),
            ("encoder", f"{facts.encoder} ({facts.fingerprint})"),
            ("method", facts.published_method),
            ("classes", f"{facts.classes_trained} trained, {facts.classes_gallery} gallery"),
            ("kept out", f"{facts.classes_quarantined} quarantined"),
            ("photos", facts.samples),
        ],
    )
    print_table(
        "The gate",
        ("check", "passed", "found"),
        [(check.about, "yes" if check.passed else "NO", check.found) for check in tale.story.checks],
    )
    print_table(
        "What was measured on its holdout",
        ("figure", "method", "value"),
        [(metric, method, f"{value:.4f}") for metric, method, value in tale.story.metrics],
    )
    print_table(
        "Its commonest mistakes",
        ("on", "shows", "taken for", "photos", "superclass", "superclass taken for"),
        [
            (row.seen_on, row.sku, row.taken_for, row.photos, row.superclass, row.taken_for_superclass)
            for row in tale.story.mistakes
        ],
    )
    _print_decisions(tale.story.decisions)
    if tale.folder.is_dir():
        print_line(f"Card with plots: {tale.folder / 'card.md'}")


def _print_decisions(rows: Sequence[DecisionRow]) -> None:
    print_table(
        "Decisions, newest first",
        ("when", "run", "action", "reason", "behind it"),
        [(_time(row.at), row.run_id, row.action, row.reason, row.detail) for row in rows],
    )


def _time(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _bar(samples: int) -> str:
    return f"{samples:>4} {'█' * min(samples // 5, 10)}{'░' * max(10 - samples // 5, 0)}"  # ten blocks are 50 samples


def _measured(sharpness: float | None, contrast: float | None) -> str:
    return "" if sharpness is None or contrast is None else f" (sharpness {sharpness:.0f}, contrast {contrast:.0f})"
