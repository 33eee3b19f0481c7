"""The pages of HTML that stand alone: figures, pictures and tables in one file, whoever opens it, and wherever."""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from io import BytesIO
from pathlib import Path

from recognition.pictures.contact_sheet import Tile, contact_sheet
from warehouse.session import Table

_COLUMNS = 6


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
class Page:
    """A page.

    Attributes:
        title: as text.
        lead: HTML under it.
        figures: the few that people ask for first, each with its name.
        problems: as text.
        sections: name as text, and HTML.
    """

    title: str
    lead: str
    figures: Sequence[tuple[object, str]]
    problems: Sequence[str]
    sections: Sequence[tuple[str, str]]

    @property
    def html(self) -> str:
        """The page as it is written to a file."""
        links = " ".join(f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name, _ in self.sections)
        problems = "".join(f'<p class="problem"><b>Problem.</b> {escape(problem)}</p>' for problem in self.problems)
        return (
            f"<!doctype html>\n<html lang=en><meta charset=utf-8>"
            f'<meta name=viewport content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style><h1>{escape(self.title)}</h1>"
            f"{self.lead}{figures(self.figures)}{problems}<nav>{links}</nav>"
            + "".join(
                f'<section id="{_anchor(name)}"><h2>{escape(name)}</h2>{body}</section>' for name, body in self.sections
            )
            + "</html>\n"
        )


def figures(shown: Iterable[tuple[object, str]]) -> str:
    """A few figures side by side, each with its name."""
    tiles = (f"<div><dd>{escape(str(value))}</dd><dt>{escape(name)}</dt></div>" for value, name in shown)
    return f"<dl>{''.join(tiles)}</dl>"


def side_by_side(shown: Iterable[Shown]) -> str:
    """Pictures with their names, as many beside each other as have room."""
    return "".join(
        ["<div class=beside>", *(f"<div><h3>{escape(each.name)}</h3>{each.html}</div>" for each in shown), "</div>"]
    )


def picture(name: str, note: str, png: bytes, *, in_brief: bool = True) -> Shown:
    """A drawing."""
    return Shown(name, note, _address(png, "png"), note, in_brief)


def sheet(name: str, note: str, photos: Iterable[tuple[Path, str]], *, lines: int = 1, in_brief: bool = False) -> Shown:
    """Photos with their captions of so many lines, on one contact sheet."""
    tiles = [Tile.of_photo(path, caption) for path, caption in photos]
    stream = BytesIO()
    contact_sheet(tiles, columns=_COLUMNS, lines=lines).save(stream, format="JPEG", quality=85)
    shown = ", ".join(tile.caption for tile in tiles)
    return Shown(name, note, _address(stream.getvalue(), "jpeg"), shown, in_brief)


def table(found: Table, note: str = "") -> str:
    """A table with its note."""
    head = "".join(map(_heading, found.columns, zip(*found.rows, strict=True)))
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in found.rows)
    told = f"<p>{escape(note)}</p>" if note else ""
    return f"{told}<div class=table><table><tr>{head}</tr>{body}</table></div>"


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
    """Names come from people too: nothing in it can end an attribute."""
    return re.sub(r"\W+", "-", name.lower()).strip("-")


_STYLE = """\
:root{color-scheme:light dark;--ink:#20242a;--paper:#fff;--line:#d5dae0;--pale:#f3f5f7}
@media(prefers-color-scheme:dark){:root{--ink:#e4e7eb;--paper:#16191d;--line:#3a4048;--pale:#1f2429}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:auto}
body{padding:1rem}
h1{margin:.5rem 0 0}h2{margin:2rem 0 0;font-size:1.15rem}h3{margin:1.25rem 0 0;font-size:1rem}
section p{margin:.25rem 0 .5rem}
nav{display:flex;flex-wrap:wrap;gap:.25rem .9rem;margin:1rem 0}a{color:inherit}
dl{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}
dl div{background:var(--pale);border-radius:8px;padding:.5rem .9rem}
dd{margin:0;font-size:1.5rem;font-weight:600;font-variant-numeric:tabular-nums}dt{font-size:.8rem}
.problem{border-left:4px solid #c0392b;background:var(--pale);padding:.5rem .8rem;overflow-wrap:anywhere}
.table{overflow:auto;max-height:32rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;font-size:.85rem;width:100%}th,td{padding:.3rem .6rem;text-align:left}
th,td{border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:break-word}
.beside{display:flex;flex-wrap:wrap;gap:0 1.5rem}.beside>div{width:min-content;min-width:20rem}
.beside img{max-width:calc(100vw - 2rem)}
th{position:sticky;top:0;background:var(--pale)}
th.n,td.n{text-align:right;font-variant-numeric:tabular-nums}.none{opacity:.5}img{max-width:100%;border-radius:6px}"""
