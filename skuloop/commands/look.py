"""Commands that only look: status, why, identify."""

from decimal import Decimal
from pathlib import Path

from recognition.errors import UnreadablePictureError
from serving.answers import Found, Identification
from serving.identifier import Identifier
from skuloop.exit_codes import ExitCode
from skuloop.output import complain, console, percent, plain, print_json, print_table
from tasks.settings import load_settings
from tasks.wiring import Parts
from warehouse.status import LoopStatus, SkuStory, loop_status, sku_story


def show_status(config: Path | None, *, as_json: bool) -> None:
    """Print how the loop stands."""
    parts = Parts(load_settings(config))
    with parts.warehouse.read() as db:
        found = loop_status(db)
    if as_json:
        print_json(found)
    else:
        _print_status(found)


def show_why(sku: str, config: Path | None, *, as_json: bool) -> None:
    """Print the story of one SKU."""
    parts = Parts(load_settings(config))
    with parts.warehouse.read() as db:
        story = sku_story(db, sku)
    if story is None:
        complain(f"no product has the SKU {sku!r}; the table `product` of the snapshot lists them all.")
        raise SystemExit(ExitCode.NOT_FOUND)
    if as_json:
        print_json(story)
    else:
        _print_story(story)


def identify_photos(
    photos: list[Path], config: Path | None, bundle: Path | None, weights: Path | None, *, as_json: bool
) -> ExitCode:
    """Identify each photo; an unreadable one is said, and the others are answered."""
    if bundle is None:
        parts = Parts(load_settings(config))
        bundle, weights = parts.paths.releases, parts.encoder.weights
    identifier = Identifier.open(bundle, weights)
    answers: list[tuple[Path, Identification]] = []
    code = ExitCode.DONE
    for photo in photos:
        try:
            answers.append((photo, identifier.identify(photo)))
        except UnreadablePictureError as error:
            complain(f"{photo}: {error}")
            code = ExitCode.BAD_DATA
    if as_json:
        print_json([{"photo": photo, **plain(answer)} for photo, answer in answers])
    else:
        for photo, answer in answers:
            _print_answer(photo, answer)
    return code


def _print_status(found: LoopStatus) -> None:
    release = found.release
    print_table(
        "The loop",
        ("what", "how many"),
        [
            *((f"classes {tier}", count) for tier, count in found.tiers.items()),
            ("photos", found.images),
            ("photos without a label", found.unlabelled),
            ("questions open / waiting", f"{found.open_questions} / {found.pending_questions}"),
            ("release", f"{release.release_id} ({release.published_method})" if release else "none yet"),
        ],
    )
    print_table(
        "Last runs",
        ("run", "started", "status", "reason"),
        [(run.run_id, f"{run.started_at:%Y-%m-%d %H:%M}", run.status, run.reason) for run in found.last_runs],
    )
    if found.nights:
        print_table(
            "Nights",
            ("night", "judged", "sure", "unsure", "unseen", "asked", "manual share"),
            [
                (row.night_id, row.judged, row.sure, row.unsure, row.unseen, row.asked, percent(row.manual_share))
                for row in found.nights
            ],
        )
    if found.failures:
        print_table("Open crawl failures", ("reason", "count"), list(found.failures.items()))


def _print_story(story: SkuStory) -> None:
    product, offer, audit = story.product, story.offer, story.audit
    price = f"{_money(offer.price, offer.currency)}, {offer.availability}, {offer.seen_at:%Y-%m-%d}" if offer else "-"
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
        "Decisions, newest first",
        ("when", "action", "reason", "behind it"),
        [(f"{row.at:%Y-%m-%d %H:%M}", row.action, row.reason, row.detail) for row in story.decisions],
    )


def _print_answer(photo: Path, answer: Identification) -> None:
    for found in answer.found:
        _print_found(f"{photo}{_place(found, answer)}", found)


def _place(found: Found, answer: Identification) -> str:
    """Where on the photo, where it is one of several."""
    box = found.box
    return f" at {box.left:.0f},{box.top:.0f}" if len(answer.found) > 1 else ""


def _print_found(where: str, found: Found) -> None:
    match = found.match
    if match is None:
        _print_line(f"{where}: unseen, no known product is near enough")
    else:
        product = match.product
        seen = f" as of {product.offer_seen_at:%Y-%m-%d}" if product.offer_seen_at else ""
        offer = f"{_money(product.price, product.currency)}, {product.availability or 'availability unknown'}{seen}"
        _print_line(f"{where}: {found.verdict} {match.sku} {product.title} ({found.confidence:.0%}), {offer}")
    for other in found.alternatives[1 if match else 0 : 4]:
        _print_line(f"    or {other.sku} {other.product.title} ({other.score:.0%})")


def _print_line(line: str) -> None:
    """One line as it is: never wrapped, and scraped text in it is never taken for markup."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _money(price: Decimal | None, currency: str | None) -> str:
    """A price as people write it; the stored one has four decimals."""
    return "no price" if price is None else f"{price:.2f} {currency or ''}".strip()
