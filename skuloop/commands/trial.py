"""Try a source: its first items as a table and a contact sheet."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from recognition.pictures.contact_sheet import Tile, contact_sheet
from recognition.pictures.reading import read_picture
from skuloop.exit_codes import ExitCode
from skuloop.output import complain, percent, print_json, print_table, say
from spiders.crawl import CrawlJob, files_of, run_crawl
from spiders.feed import read_failures, read_feed
from spiders.items import FailureRow, ImageRef, PhotoItem, ProductItem
from spiders.sources import Source, with_absolute_path
from tasks.settings import Settings, load_settings
from tasks.wiring import Parts

_SHOWN_PAGES = 60
_SECONDS = 600
_FIELDS = ("title", "price", "currency", "availability", "brand", "gtin", "mpn", "category", "group", "description")


def try_out(config: Path | None, name: str, products: int, *, as_json: bool) -> ExitCode:
    """Read the first items of a source into a folder that is thrown away, and show them."""
    settings = load_settings(config)
    source = next((each for each in settings.source if each.name == name), None)
    if source is None:
        names = ", ".join(each.name for each in settings.source) or "none yet"
        complain(f"there is no source {name!r} in the settings; there are: {names}")
        return ExitCode.NOT_FOUND
    with tempfile.TemporaryDirectory(prefix="skuloop-try-") as folder:
        job = _job(settings, source, Path(folder), products)
        say(f"{name}: reading the first {products} items...")
        summary = run_crawl(job)
        failures = list(read_failures(files_of(job).failures))
        items = list(read_feed(files_of(job).feed)) if files_of(job).feed.exists() else []
        sheet = Parts(settings).paths.reports / "sources" / f"{name}.png"
        _draw(items[:products], job.images_root, sheet, name)
    if as_json:
        told = {"items": [item.model_dump(mode="json") for item in items[:products]]}
        told |= {"failures": [row.model_dump(mode="json") for row in failures]}
        print_json({"source": name, "reached": summary.reached, "sheet": sheet, **told})
    else:
        _show(items[:products], failures)
        say(f"Pictures: {sheet}")
    return ExitCode.DONE if items and summary.reached else ExitCode.WITH_PROBLEMS


def _job(settings: Settings, source: Source, folder: Path, products: int) -> CrawlJob:
    few = {"max_pages": min(source.max_pages, _SHOWN_PAGES)} if hasattr(source, "max_pages") else {}
    tried = with_absolute_path(source, settings.home).model_copy(update=few)
    return CrawlJob(tried, "try", folder / "feeds", folder / "images", _SECONDS, most_products=products)


def _show(items: list[ProductItem | PhotoItem], failures: list[FailureRow]) -> None:
    products = [item for item in items if isinstance(item, ProductItem)]
    photos = [item for item in items if isinstance(item, PhotoItem)]
    if products or not photos:
        print_table("First products", ("sku", "title", "price", "availability", "group", "variant", "images"), [
            (item.sku, item.title[:60], _money(item), item.availability, item.group, item.variant, len(item.images))
            for item in products
        ])  # fmt: skip
        print_table("Fields", ("field", "filled"), [
            (name, percent(sum(getattr(item, name) is not None for item in products) / max(len(products), 1)))
            for name in _FIELDS
        ] + [("images", percent(sum(bool(item.images) for item in products) / max(len(products), 1)))])  # fmt: skip
    if photos:
        print_table(
            "First photos", ("photo", "class"), [(item.origin, item.sku or "nobody has named it") for item in photos]
        )
    if failures:
        first = {row.reason: row for row in reversed(failures)}
        counts = Counter(row.reason for row in failures)
        told = [(reason, count, first[reason].url, first[reason].detail) for reason, count in counts.most_common()]
        print_table("Not taken", ("reason", "how many", "the first", "why"), told)


def _money(item: ProductItem) -> str:
    return "" if item.price is None else f"{item.price} {item.currency or '?'}"


def _draw(items: list[ProductItem | PhotoItem], images: Path, sheet: Path, name: str) -> None:
    tiles = [Tile(read_picture(images / image.path), caption) for image, caption in _pictures(items)]
    sheet.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet(tiles, title=f"{name}: the first {len(items)} items").save(sheet)


def _pictures(items: list[ProductItem | PhotoItem]) -> Iterator[tuple[ImageRef, str]]:
    for item in items:
        if isinstance(item, PhotoItem):
            yield item.image, item.sku or item.origin
        elif item.images:
            yield item.images[0], f"{item.sku} {item.title}"
