"""The report of a run as one page of HTML that needs nothing beside it: figures, plots, contact sheets, tables."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from recognition.files import write_durably
from recognition.pictures.contact_sheet import Tile, contact_sheet
from tasks.loop import Loop
from tasks.night_plots import draw_drift, draw_promise, draw_shares, draw_stages, draw_tiers
from warehouse.session import Session, Table

LATEST = "report.html"
_SHOWN, _COLUMNS = 18, 6
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
class Shown:
    """A picture with what it shows: its address holds all of it; `alternative` is for who cannot see it."""

    name: str
    note: str
    address: str
    alternative: str
    in_brief: bool

    @property
    def html(self) -> str:
        """Note and picture."""
        return f'<p>{escape(self.note)}</p><img src="{self.address}" alt="{escape(self.alternative)}">'


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
    links = " ".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name, _ in sections)
    problems = "".join(f'<p class="problem"><b>Problem.</b> {escape(problem)}</p>' for problem in facts.problems)
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8>"
        f'<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(facts.title)}</title><style>{_STYLE}</style><h1>{escape(facts.title)}</h1>"
        f"<p>{facts.at:%Y-%m-%d %H:%M} UTC. Run <code>{escape(facts.run_id)}</code>, "
        f"encoder <code>{escape(facts.encoder)}</code>.</p>{_tiles(facts)}{problems}<nav>{links}</nav>"
        + "".join(f'<section id="{_anchor(name)}"><h2>{escape(name)}</h2>{body}</section>' for name, body in sections)
        + "</html>\n"
    )


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


def _tiles(facts: Facts) -> str:
    """The few figures that people ask for first."""
    shown: list[tuple[str, str]] = []
    tiers, nights = facts.tables["tiers"].rows, facts.tables["nights"].rows
    if tiers:
        _, trained, gallery, quarantined = tiers[-1]
        shown += [("classes trained", trained), ("gallery", gallery), ("quarantined", quarantined)]
    if nights:
        _, night, judged, sure, _, _, asked, share = nights[-1]
        shown += [(f"photos judged, {night}", judged), ("sure", sure), ("asked about", asked)]
        shown += [("manual share", "-" if share is None else f"{share:.0%}")]
    tiles = (f"<div><dd>{escape(str(value))}</dd><dt>{escape(name)}</dt></div>" for name, value in shown)
    return f"<dl>{''.join(tiles)}</dl>"


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
    for name, picture, note in drawn:
        if picture:
            yield Shown(name, note, _address(picture, "png"), note, in_brief=True)


def _sheets(facts: Facts, images: Path) -> Iterator[Shown]:
    for name, _, _, note in _SHEETS:
        if photos := facts.photos[name]:
            sheet = contact_sheet([Tile.of_photo(images / path, caption) for path, caption in photos], columns=_COLUMNS)
            stream = BytesIO()
            sheet.save(stream, format="JPEG", quality=85)
            shown = ", ".join(caption for _, caption in photos)
            yield Shown(name, note, _address(stream.getvalue(), "jpeg"), shown, in_brief=name == _ASKED)


def _tables(facts: Facts) -> Iterator[tuple[str, str]]:
    for name, query, note in _TABLES:
        table = facts.tables[query]
        if table.rows:
            head = "".join(map(_heading, table.columns, zip(*table.rows, strict=True)))
            body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
            yield name, f"<p>{escape(note)}</p><div class=table><table><tr>{head}</tr>{body}</table></div>"


def _heading(name: str, values: tuple[object, ...]) -> str:
    known = [value for value in values if value is not None]
    is_number = bool(known) and all(isinstance(value, int | float) for value in known)
    return f"<th scope=col{' class=n' if is_number else ''}>{escape(name.replace('_', ' '))}</th>"


def _cell(value: object) -> str:
    if value is None:
        return "<td class=none>-</td>"
    if isinstance(value, datetime):
        return f"<td>{value:%Y-%m-%d %H:%M}</td>"
    if isinstance(value, int | float):
        return f"<td class=n>{value if isinstance(value, int) else f'{value:.4g}'}</td>"
    return f"<td>{escape(str(value))}</td>"


def _address(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


_STYLE = """\
:root{color-scheme:light dark;--ink:#20242a;--paper:#fff;--line:#d5dae0;--pale:#f3f5f7}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7eb;--paper:#16191d;--line:#3a4048;--pale:#1f2429}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:auto}
body{padding:1rem}
h1{margin:.5rem 0 0}h2{margin:2rem 0 0;font-size:1.15rem}section p{margin:.25rem 0 .5rem}
nav{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin:1rem 0}a{color:inherit}
dl{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
dl div{background:var(--pale);border-radius:8px;padding:.5rem .9rem}
dd{margin:0;font-size:1.5rem;font-weight:600;font-variant-numeric:tabular-nums}dt{font-size:.8rem}
.problem{border-left:4px solid #c0392b;background:var(--pale);padding:.5rem .8rem;overflow-wrap:anywhere}
.table{overflow:auto;max-height:32rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{padding:.3rem .6rem;text-align:left}
th,td{border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
th{position:sticky;top:0;background:var(--pale)}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}.none{opacity:.5}img{max-width:100%;border-radius:6px}"""
