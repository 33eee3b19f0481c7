"""Sources: let one out of quarantine."""

from pathlib import Path

from skuloop.output import complain, print_json, say
from tasks.settings import load_settings


def release(name: str, config: Path | None, *, as_json: bool) -> None:
    """Let in what is held of a source, now."""
    from tasks.ingest import ingest_feeds
    from tasks.loop import finish, open_loop
    from tasks.quarantine import release_source
    from tasks.snapshot import publish_tables
    from tasks.wiring import today

    settings = load_settings(config)
    with open_loop(settings, "release-source", f"source-{today(settings)}") as loop:
        released = release_source(loop, name)
        report = ingest_feeds.fn(loop)
        finish(loop, report.problems)
        publish_tables.fn(loop)
    if as_json:
        print_json({"released": released, "ingest": report})
        return
    for problem in report.problems:
        complain(problem)
    say(f"{released.source} is let in ({released.crawl_id}): {report.new_products} new products, ")
    say(f"{report.new_offers} offers, {report.new_images} new images. What it is now is usual from now on.")
