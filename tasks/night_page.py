"""The report of a run as one page of HTML that needs nothing beside it: figures, plots, contact sheets, tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from recognition.files import write_durably
from tasks.loop import Loop
from tasks.night_plots import draw_drift, draw_promise, draw_shares, draw_stages, draw_tiers
from tasks.pages import Page, Shown, picture, sheet, table
from warehouse.session import Session, Table

LATEST = "report.html"
_SHOWN = 18
_ASKED = "Asked about"
_SHEETS: tuple[tuple[str, str, Mapping[str, str], str], ...] = (
    (
        "Sure",
        "photos_judged",
        {"verdict": "sure"},
        "Answered without a person. A wrong one here is worth a question: skuloop why IMAGE.",
    ),
    ("Unsure", "photos_judged", {"verdict": "unsure"}, "Taken for this product, with too little confidence to say so."),
    ("Unseen", "photos_judged", {"verdict": "unseen"}, "Like no known product."),
    (_ASKED, "photos_asked", {}, "The first photo of each question, the most worthwhile first."),
    ("Refused", "photos_refused", {}, "New photos that the quality rules keep out, with the reason."),
    ("New products", "photos_new", {}, "Products that no earlier night knew."),
)
_TABLES = (
    ("Stages", "stages", "Where the time went."),
    ("The gate", "checks", "Each check of the candidate of this cycle."),
    ("Held sources", "held", "What is not as on the nights before: skuloop source release lets it in."),
    ("Sources", "sources", "Whether they answer, and what cannot be had of them now."),
    ("Classes that lost their tier", "moved", "What fell out in this run, and why."),
    ("Next to be trained", "nearest", "Those nearest to 50 samples."),
    ("Prices and stock", "prices", "What changed since the crawl before, the largest changes first."),
    ("Commonest mistakes", "mistakes", "Of the current release, on its holdout and on photos that got a label since."),
    ("Decisions", "decisions", "How many of each kind; the view decision_ledger has every one with its figures."),
    ("Nights", "nights", "How much is left to people."),
)


@dataclass(frozen=True)
class Facts:
    """What the page is made of: answers to the queries of `warehouse/queries/report`, and photos with captions."""

    title: str
    run_id: str
    encoder: str
    at: datetime
    problems: Sequence[str]
    tables: Mapping[str, Table]
    photos: Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class Written:
    """The page that was written, and Markdown with its plots and the questions, for where no page can be opened."""

    path: Path
    in_brief: str


def write_page(loop: Loop, title: str, problems: Sequence[str], at: datetime) -> Written:
    """Write the page into the reports of this run, and beside the snapshot as the latest."""
    with loop.parts.warehouse.read() as db:
        facts = _facts(db, loop, title, problems, at)
    pictures = [*_plots(facts), *_sheets(facts, loop.parts.paths.images)]
    page = night_page(facts, pictures).encode()
    path = loop.reports / f"{loop.flow}.html"
    write_durably(path, page)
    write_durably(loop.parts.paths.snapshot / LATEST, page)
    return Written(path, _in_brief(title, path, pictures))


def night_page(facts: Facts, pictures: Sequence[Shown]) -> str:
    """The page."""
    sections = [*((of.name, of.html) for of in pictures), *_tables(facts)]
    lead = (
        f"<p>{facts.at:%Y-%m-%d %H:%M} UTC. Run <code>{escape(facts.run_id)}</code>, "
        f"encoder <code>{escape(facts.encoder)}</code>.</p>"
    )
    return Page(facts.title, lead, _figures(facts), facts.problems, sections).html


def _facts(db: Session, loop: Loop, title: str, problems: Sequence[str], at: datetime) -> Facts:
    known = {"run_id": loop.run_id, "label": loop.label, "flow": loop.flow}
    wanted = {"stages": ("run_id",), "decisions": ("label", "flow")}
    wanted |= dict.fromkeys(("moved", "prices", "checks"), ("label",))
    names = [name for _, name, _ in _TABLES] + ["tiers", "promise", "drift"]
    tables = {
        name: db.table(f"report/{name}", **{parameter: known[parameter] for parameter in wanted.get(name, ())})
        for name in names
    }
    photos = {
        name: [(str(path), str(caption)) for path, caption in _photos(db, query, loop.label, more)]
        for name, query, more, _ in _SHEETS
    }
    return Facts(title, loop.run_id, loop.parts.encoder.name, at, problems, tables, photos)


def _photos(db: Session, query: str, label: str, more: Mapping[str, str]) -> list[tuple[Any, ...]]:
    return db.tuples(f"report/{query}", label=label, most=_SHOWN, **more)


def _figures(facts: Facts) -> list[tuple[object, str]]:
    """The few that people ask for first."""
    shown: list[tuple[object, str]] = []
    tiers, nights = facts.tables["tiers"].rows, facts.tables["nights"].rows
    if tiers:
        _, trained, gallery, quarantined = tiers[-1]
        shown += [(trained, "classes trained"), (gallery, "gallery"), (quarantined, "quarantined")]
    if nights:
        _, night, judged, sure, _, _, asked, share = nights[-1]
        shown += [(judged, f"photos judged, {night}"), (sure, "sure"), (asked, "asked about")]
        shown += [("-" if share is None else f"{share:.0%}", "manual share")]
    return shown


def _in_brief(title: str, path: Path, pictures: Sequence[Shown]) -> str:
    lines = [f"# {title}", "", f"The whole page: `{path}` on the machine of the loop.", ""]
    for of in pictures:
        if of.in_brief:
            lines += [f"## {of.name}", "", of.note, "", f"![{of.name}]({of.address})", ""]
    return "\n".join(lines)


def _plots(facts: Facts) -> Iterator[Shown]:
    tables = facts.tables
    drawn = (
        (
            "Left to people",
            draw_shares(tables["nights"].rows),
            "What a night's photos were judged, and the manual share.",
        ),
        ("Classes", draw_tiers(tables["tiers"].rows), "Classes by tier after each audit that changed anything."),
        (
            "Promise",
            draw_promise(tables["promise"].rows),
            "Sure answers that got a label since: right, with its 95 % interval.",
        ),
        (
            "Drift",
            draw_drift(tables["drift"].rows),
            "Population stability index against the first nights; above 0.25 photos have moved.",
        ),
        ("Time", draw_stages(tables["stages"].rows), "Seconds of each stage of this run."),
    )
    for name, png, note in drawn:
        if png:
            yield picture(name, note, png)


def _sheets(facts: Facts, images: Path) -> Iterator[Shown]:
    for name, _, _, note in _SHEETS:
        if photos := facts.photos[name]:
            shown = [(images / path, caption) for path, caption in photos]
            yield sheet(name, note, shown, in_brief=name == _ASKED)


def _tables(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, query, note in _TABLES:
        if facts.tables[query].rows:
            yield name, table(facts.tables[query], note)
