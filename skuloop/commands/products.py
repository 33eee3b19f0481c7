"""Products: which SKUs are one, by the word of a person."""

import getpass
from collections.abc import Callable
from pathlib import Path

from recognition.vocabulary import MatchKind
from skuloop.output import print_json, print_table, say
from tasks.loop import Loop, finish, open_loop
from tasks.matching import Matched, merge_products, refuse_match, undo_match
from tasks.settings import load_settings
from tasks.wiring import Parts, today
from warehouse.matches import open_suggestions

_SAID = {
    MatchKind.MERGE: "{0} is a name of {1} from now on; `skuloop products undo {0} {1}` takes that back.",
    MatchKind.REFUSE: "{0} and {1} are two products; they are not suggested again.",
    MatchKind.UNDO: "taken back: nothing is said of {0} and {1} any more.",
}


def show_suggestions(config: Path | None, *, as_json: bool) -> None:
    """Print the pairs that wait for a person."""
    parts = Parts(load_settings(config))
    with parts.warehouse.read() as db:
        found = open_suggestions(db)
    if as_json:
        print_json(found)
        return
    print_table(
        "May be one product",
        ("merge", "called", "into", "called", "because", "title", "picture"),
        [
            (
                row.sku,
                row.title,
                row.into_sku,
                row.into_title,
                row.reason,
                *_likeness(row.title_likeness, row.picture_likeness),
            )
            for row in found
        ],
    )


def merge(sku: str, into_sku: str, config: Path | None, *, as_json: bool) -> None:
    """Make one SKU a name of another."""
    _decide(config, lambda loop, actor: merge_products(loop, sku, into_sku, actor), as_json=as_json)


def refuse(sku: str, into_sku: str, config: Path | None, *, as_json: bool) -> None:
    """Say that two SKUs are two products."""
    _decide(config, lambda loop, actor: refuse_match(loop, sku, into_sku, actor), as_json=as_json)


def undo(sku: str, into_sku: str, config: Path | None, *, as_json: bool) -> None:
    """Take the last word on two SKUs back."""
    _decide(config, lambda loop, actor: undo_match(loop, sku, into_sku, actor), as_json=as_json)


def _decide(config: Path | None, word: Callable[[Loop, str], Matched], *, as_json: bool) -> None:
    from tasks.snapshot import publish_tables

    settings = load_settings(config)
    with open_loop(settings, "products", f"products-{today(settings)}") as loop:
        said = word(loop, getpass.getuser())
        finish(loop, ())
        publish_tables.fn(loop)
    if as_json:
        print_json(said)
    else:
        say(
            _SAID[said.kind].format(said.sku, said.into_sku)
            if said.changed
            else "that was said before; nothing changed."
        )


def _likeness(title: float, picture: float) -> tuple[str, str]:
    return f"{title:.2f}", f"{picture:.2f}" if picture else "-"
