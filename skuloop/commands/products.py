"""Products: which SKUs are one, by the word of a person."""

import getpass
from collections.abc import Callable
from pathlib import Path

from recognition.vocabulary import MatchKind
from skuloop.exit_codes import ExitCode
from skuloop.output import print_json, print_table, say
from tasks.catalogue import CatalogueReport, follow_catalogue
from tasks.loop import Loop, finish, open_loop
from tasks.matching import Matched, merge_products, refuse_match, undo_match
from tasks.settings import load_settings
from tasks.wiring import Parts, today
from tasks.withdrawal import Withdrawal, withdraw_product
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


def publish(config: Path | None, *, as_json: bool) -> ExitCode:
    """Serve the products that came, and those no longer that went, without training."""
    report = _follow(config, lambda _: None)
    if as_json:
        print_json(report)
    else:
        say(report.explanation)
    return ExitCode.WITH_PROBLEMS if report.problem else ExitCode.DONE


def withdraw(sku: str, config: Path | None, *, restore: bool, as_json: bool) -> ExitCode:
    """Answer with a product no longer, or again, from now on."""
    said: list[Withdrawal] = []
    report = _follow(config, lambda loop: said.append(withdraw_product(loop, sku, getpass.getuser(), restore=restore)))
    if as_json:
        print_json({"said": said[0], "catalogue": report})
    else:
        now = "is withdrawn" if said[0].withdrawn else "is served again where it has photos"
        say(f"{said[0].sku} {now}. {report.explanation}.")
    return ExitCode.WITH_PROBLEMS if report.problem else ExitCode.DONE


def _follow(config: Path | None, first: Callable[[Loop], None]) -> CatalogueReport:
    """Do that first, then judge the classes anew and publish what follows."""
    from tasks.audit import audit_catalogue
    from tasks.embed import embed_new
    from tasks.snapshot import publish_tables

    settings = load_settings(config)
    with open_loop(settings, "products", f"products-{today(settings)}") as loop:
        first(loop)
        audit_catalogue.fn(loop)
        embed_new.fn(loop)
        report = follow_catalogue.fn(loop)
        finish(loop, tuple(filter(None, [report.problem])))
        publish_tables.fn(loop)
    return report


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
