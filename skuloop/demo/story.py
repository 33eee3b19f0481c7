"""The story of the demo: three nights, two cycles, a simulated annotator in between, and what was learned."""

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from flows.cycle import cycle
from flows.nightly import nightly
from labelling.payloads import new_sku
from labelling.server import LocalLabelStudio, ServerInfo
from recognition.files import sha256_of
from recognition.release.bundle import open_bundle
from recognition.release.evaluation import Evaluation, evaluate
from recognition.release.recogniser import Recogniser
from skuloop.demo.annotator import answer_open_questions
from skuloop.demo.shelf import shelf
from skuloop.demo.shop import LocalShop
from skuloop.demo.store import DemoStore, write_store
from skuloop.demo.tries import write_tries
from skuloop.demo.workspace import deliver, write_settings
from skuloop.output import console, percent, print_table, say
from skuloop.prefect_server import ensure_run_server
from skuloop.reports import print_cycle, print_night
from tasks.catalogue_map import MAP_NAME
from tasks.label_studio import connect, local_label_studio
from tasks.settings import load_settings
from tasks.wiring import Parts, build_parts
from warehouse.releases import ReleaseRow, release_history

_SEED = 7
_ERROR_RATE = 0.02  # people make mistakes, and the loop must live with them
_DEAD_LINKS, _BROKEN_IMAGES = 3, 3


@dataclass(frozen=True)
class Demo:
    """What the chapters of the story share."""

    parts: Parts
    config: str
    store: DemoStore
    inbox: Path
    shop: LocalShop

    @property
    def truth(self) -> Mapping[str, str]:
        """True SKU of each usable camera photo, as skuloop will call products that nobody has named yet."""
        names = self.store.names
        return {sha: new_sku(names[sku]) if sku in names else sku for sha, sku in self.store.truth.items()}


def tell(folder: Path, *, keep: bool) -> None:
    """Run the whole loop in the fresh workspace `folder` and print what was learned.

    Raises:
        LabelStudioServerError: the local Label Studio does not start.
        PrefectServerError: Prefect's temporary server does not start.
    """
    begun = time.monotonic()
    _chapter("A small shop, its labelled photos, and three nights of camera photos (all drawn by skuloop)")
    store = write_store(folder, _SEED, on_progress=_every(200, "photos drawn"))
    ensure_run_server(say)
    with LocalShop(shelf(store), "Corner Shop", dead_links=_DEAD_LINKS, broken_images=_BROKEN_IMAGES) as shop:
        inbox = folder / "inbox"
        config = write_settings(folder, shop.url, store.labelled_root, inbox)
        demo = Demo(build_parts(load_settings(config)), str(config), store, inbox, shop)
        label_studio = local_label_studio(demo.parts)
        with _starting(label_studio) as server:
            _nights_and_cycles(demo, server)
            _print_learned(demo)
            _print_where_to_look(demo, label_studio.info() if keep else None)
            say(f"\nThe whole story took {(time.monotonic() - begun) / 60:.1f} minutes.")
            if keep:
                _wait_for_ctrl_c(shop)


def _nights_and_cycles(demo: Demo, server: "Future[ServerInfo]") -> None:
    _night(demo, 1, "The first night: there is no release yet. The catalogue trains, camera photos wait.")
    _chapter("The first cycle: the first release")
    print_cycle(cycle(config=demo.config, label="cycle-1"))
    _change_prices(demo)
    say("waiting for Label Studio (its first start takes about a minute) ...")
    server.result()
    _night(demo, 2, "The second night: prices have changed, the release recognises, people are asked")
    _chapter("People answer. Here they are SIMULATED: a program answers through the Label Studio API")
    client, project = connect(demo.parts)
    report = answer_open_questions(
        client,
        project,
        demo.store.truth,
        demo.store.names,
        np.random.default_rng(_SEED),
        error_rate=_ERROR_RATE,
        on_progress=_every(20, "answers by the SIMULATED annotator"),
    )
    say(f"SIMULATED annotator: {report}")
    _chapter("The second cycle: the answers become a new release, if it is not worse")
    print_cycle(cycle(config=demo.config, label="cycle-2"))
    _change_prices(demo)
    _night(demo, 3, "The third night: the new release at work")


def _night(demo: Demo, number: int, what: str) -> None:
    _chapter(what)
    deliver(demo.store.inbox[number - 1], demo.inbox, f"night-{number}")
    print_night(nightly(config=demo.config, label=f"night-{number}"))


def _print_learned(demo: Demo) -> None:
    """Both releases on the photos of the last night, which neither was trained on."""
    with demo.parts.warehouse.read() as db:
        releases = [row for row in release_history(db) if row.status == "published"]
    before, after = releases[0], releases[-1]
    left, right = _measure(demo, before), _measure(demo, after)
    _chapter("What was learned")
    print_table(
        f"{left.photos} camera photos of the third night, encoder: handcrafted (the demo's own, not for production)",
        ("", f"before: {before.release_id}", f"after: {after.release_id}"),
        [
            ("accuracy (top-1, unnamed products count as wrong)", percent(left.top1), percent(right.top1)),
            ("coverage (answered sure)", percent(left.coverage), percent(right.coverage)),
            ("right among the sure", percent(left.sure_precision), percent(right.sure_precision)),
            ("manual share", percent(left.manual_share), percent(right.manual_share)),
            ("classes trained", before.classes_trained, after.classes_trained),
            ("classes gallery", before.classes_gallery, after.classes_gallery),
            ("classes quarantined", before.classes_quarantined, after.classes_quarantined),
        ],
    )


def _measure(demo: Demo, release: ReleaseRow) -> Evaluation:
    bundle = open_bundle(demo.parts.paths.releases / release.release_id)
    truth = demo.truth
    wanted = [sha for sha in _shas(demo.store.inbox[-1]) if sha in truth]
    sha256s, vectors = demo.parts.vectors.load(demo.parts.fingerprint, wanted)
    recognitions = Recogniser.of_bundle(bundle).recognise(vectors, demo.parts.fingerprint)
    found = evaluate(recognitions, [truth[sha] for sha in sha256s])
    if found is None:
        raise RuntimeError("the third night brought no photo that could be measured")
    return found


def _print_where_to_look(demo: Demo, running: ServerInfo | None) -> None:
    paths = demo.parts.paths
    rows = [
        ("the catalogue as the release sees it", paths.reports / "cycle-2" / MAP_NAME),
        ("tables for the data team (DuckDB, read-only copy)", paths.snapshot / "skuloop.duckdb"),
        ("the same as Parquet", paths.snapshot / "parquet"),
        ("reports of nights and cycles", paths.reports),
        ("settings", demo.config),
    ]
    if running is not None:
        login = f"{running.url}  login {running.username}  password {running.password.get_secret_value()}"
        rows = [("Label Studio", login), ("the shop", demo.shop.url), *rows]
    _chapter("Where to look")
    for what, where in rows:
        console.print(f"  {what}:\n    {where}", highlight=False, markup=False, soft_wrap=True)
    tries = write_tries(Path(demo.config).parent, demo.store.products, _SEED)
    sku = demo.store.products[0].sku
    say("\nNext:")
    for command in (["identify", *map(str, sorted(tries.iterdir()))], ["serve"], ["why", sku], ["status"]):
        line = shlex.join([sys.argv[0], *command, "--config", demo.config])
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    say(f"`serve` says where it listens: open that address, and give it the pictures and the film in {tries}.")


def _change_prices(demo: Demo) -> None:
    """Every third product becomes a little dearer, every tenth sells out: as shops do between two nights."""
    offers = {}
    for place, product in enumerate(demo.shop.products):
        price = product.price * Decimal("1.05") if place % 3 == 0 else product.price
        availability = "OutOfStock" if place % 10 == 0 else product.availability
        offers[product.sku] = (price.quantize(Decimal("0.01")), availability)
    demo.shop.set_offers(offers)


@contextmanager
def _starting(label_studio: LocalLabelStudio) -> "Iterator[Future[ServerInfo]]":
    """Label Studio on its way up while the first night runs, and down again however the story ends."""
    try:
        with ThreadPoolExecutor(1) as pool:  # leaving it waits for the start: what is not up yet cannot be stopped
            yield pool.submit(label_studio.start)
    finally:
        label_studio.stop()


def _wait_for_ctrl_c(shop: LocalShop) -> None:
    say(f"\nThe shop ({shop.url}) and Label Studio stay up until you press Ctrl-C.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("Stopping.")


def _shas(photos: tuple[Path, ...]) -> list[str]:
    return [sha256_of(photo) for photo in photos]


def _chapter(title: str) -> None:
    console.rule(f"[bold]{title}", align="left")


def _every(step: int, what: str) -> Callable[[int, int], None]:
    """Progress that speaks up every `step` and at the end."""

    def show(done: int, total: int) -> None:
        if done % step == 0 or done == total:
            say(f"{done} of {total} {what}")

    return show
