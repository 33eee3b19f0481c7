"""Commands that only look: status, why."""

from pathlib import Path

from skuloop.exit_codes import ExitCode
from skuloop.output import complain, money, percent, print_json, print_table
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
        "Decisions, newest first",
        ("when", "action", "reason", "behind it"),
        [(f"{row.at:%Y-%m-%d %H:%M}", row.action, row.reason, row.detail) for row in story.decisions],
    )
