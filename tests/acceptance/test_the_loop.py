"""The whole loop on a small store: a real crawl, a real Label Studio, real flows, and answers that change the release.

The story runs once; each test looks at one thing that must have come of it. Its answers are SIMULATED.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from labelling.payloads import picture_url
from recognition.files import sha256_of
from recognition.vocabulary import ReleaseStatus, RunStatus, Verdict
from serving.identifier import Identification, Identifier
from skuloop.demo.annotator import AnnotatorReport, answer_open_questions
from skuloop.demo.nights import StorePlan
from skuloop.demo.shelf import shelf
from skuloop.demo.shop import LocalShop, ShopProduct
from skuloop.demo.store import DemoStore, write_store
from skuloop.demo.workspace import deliver, write_settings
from tasks.label_studio import connect
from tasks.report import CycleReport, NightReport
from tests.conftest import LabelStudioUnderTest
from tests.support.in_process import Said, call_skuloop
from tests.support.loops import LoopUnderTest, Tables

pytestmark = pytest.mark.slow

SEED = 7
PLAN = StorePlan(
    shop_photos=1,
    full=(8, 9),
    nearly_classes=3,
    nearly=(5, 6),
    few_classes=3,
    few=(2, 3),
    nights=2,
    night_photos=26,
    unnamed_share=0.3,
)
_NAMED_BY_PEOPLE = """
SELECT sku, min(sha256) FROM label_event JOIN product USING (sku)
WHERE source = 'label-studio' AND origin = 'annotator' GROUP BY sku ORDER BY sku
"""  # one photo that taught each: of a product with a single photo, no other can be expected to be recognised
SPOILT = PLAN.blurred + PLAN.blank + PLAN.truncated  # photos of a night that nobody could use


@dataclass(frozen=True)
class Story:
    """What happened, in order."""

    loop: LoopUnderTest
    store: DemoStore
    label_studio: LabelStudioUnderTest
    first_night: NightReport
    asked_before_a_release: int
    first_cycle: CycleReport
    night_without_label_studio: NightReport
    second_night: NightReport
    after_second_night: Tables
    second_night_again: NightReport
    after_second_night_again: Tables
    shown: Mapping[str, httpx.Response]
    answers: AnnotatorReport
    second_cycle: CycleReport
    after_second_cycle: Tables
    second_cycle_again: CycleReport
    after_second_cycle_again: Tables
    identified: Mapping[str, Identification]
    named_later: Mapping[str, Identification]
    shelf: Mapping[str, ShopProduct]
    rolled_back: Said
    current_after_rollback: str | None
    cycle_after_rollback: CycleReport


@pytest.fixture(scope="module")
def patched(prefect_api: str) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def story(
    patched: pytest.MonkeyPatch,
    label_studio: LabelStudioUnderTest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("loop")
    store = write_store(folder, SEED, PLAN)
    with LocalShop(shelf(store), "Corner Shop", dead_links=2, broken_images=2) as shop:
        loop = LoopUnderTest(write_settings(folder, shop.url, store.labelled_root, folder / "inbox"))
        loop.configure(
            store=str(label_studio.images_root.parent),  # what the shared Label Studio may show
            label_studio={"url": label_studio.url},
            audit={"trained_minimum": 7, "hysteresis": 1},
            promise={"sure_precision": 0.6},
            gate={"accuracy_loss": 0.2},  # one photo of a holdout this small is four percent
        )
        patched.setenv("SKULOOP_LABEL_STUDIO__TOKEN", label_studio.token.get_secret_value())
        yield _tell(loop, store, shop, label_studio, patched)


def _tell(
    loop: LoopUnderTest,
    store: DemoStore,
    shop: LocalShop,
    label_studio: LabelStudioUnderTest,
    patched: pytest.MonkeyPatch,
) -> Story:
    inbox = loop.folder / "inbox"
    deliver(store.inbox[0], inbox, "night-1")
    first_night = loop.night("night-1")
    ((asked_before_a_release,),) = loop.query("SELECT count(*) FROM question")
    first_cycle = loop.cycle("cycle-1")
    _change_offers(shop)
    deliver(store.inbox[1], inbox, "night-2")
    with pytest.MonkeyPatch.context() as down:
        down.setenv("SKULOOP_LABEL_STUDIO__URL", "http://127.0.0.1:9")  # the port that discards
        night_without_label_studio = loop.night("night-2")
    second_night = loop.night("night-2")
    after_second_night = loop.tables()
    second_night_again = loop.night("night-2")
    after_second_night_again = loop.tables()
    client, project = connect(loop.parts)
    pictures = [task.data[name] for task in client.open_tasks(project) for name in ("sheet", "references")]
    shown = {picture: label_studio.request("GET", picture) for picture in pictures[:6]}
    answers = answer_open_questions(client, project, store.truth, store.names, np.random.default_rng(SEED))
    second_cycle = loop.cycle("cycle-2")
    after_second_cycle = loop.tables()
    second_cycle_again = loop.cycle("cycle-2")
    after_second_cycle_again = loop.tables()
    identifier = Identifier.open(loop.parts.paths.releases)
    identified = {sku: identifier.identify(_labelled(store, sku)) for sku in store.shop_images}
    named = loop.query(_NAMED_BY_PEOPLE)
    named_later = {sku: identifier.identify(_delivered(store, sha256)) for sku, sha256 in named}
    rolled_back = call_skuloop("rollback", "--config", str(loop.config), "--json")
    return Story(
        loop=loop,
        store=store,
        label_studio=label_studio,
        first_night=first_night,
        asked_before_a_release=asked_before_a_release,
        first_cycle=first_cycle,
        night_without_label_studio=night_without_label_studio,
        second_night=second_night,
        after_second_night=after_second_night,
        second_night_again=second_night_again,
        after_second_night_again=after_second_night_again,
        shown=shown,
        answers=answers,
        second_cycle=second_cycle,
        after_second_cycle=after_second_cycle,
        second_cycle_again=second_cycle_again,
        after_second_cycle_again=after_second_cycle_again,
        identified=identified,
        named_later=named_later,
        shelf={product.sku: product for product in shop.products},
        rolled_back=rolled_back,
        current_after_rollback=loop.release_id,
        cycle_after_rollback=loop.cycle("cycle-3"),
    )


# --- before the first release


def test_before_the_first_release_camera_photos_wait_and_nobody_is_asked(story: Story) -> None:
    assert story.first_night.status is RunStatus.COMPLETED
    assert story.first_night.recognise is not None
    assert story.first_night.recognise.release_id is None
    assert story.asked_before_a_release == 0


def test_dead_links_and_broken_pictures_of_the_shop_are_rows_and_not_problems(story: Story) -> None:
    shop = next(crawl for crawl in story.first_night.crawls if crawl.source == "shop")
    assert (shop.products, shop.problem) == (len(story.store.shop_images), None)
    found = dict(story.loop.query("SELECT reason, count(*) FROM crawl_failure WHERE source = 'shop' GROUP BY reason"))
    assert (found["http_4xx"], found["bad_image"]) == (2, 2)


def test_photos_that_nobody_could_use_are_kept_out_with_their_reason(story: Story) -> None:
    assert story.first_night.audit is not None
    assert story.first_night.audit.refused == SPOILT - PLAN.truncated  # a torn one is never stored
    found = dict(story.loop.query("SELECT reason, count(*) FROM image GROUP BY reason"))
    assert (found["blurred"], found["blank"]) == (2 * PLAN.blurred, 2 * PLAN.blank)


def test_the_first_cycle_publishes_the_first_release(story: Story) -> None:
    train = story.first_cycle.train
    assert train is not None
    assert (train.status, train.reason) == (ReleaseStatus.PUBLISHED, "first_release")
    assert train.top1 is not None
    assert train.top1 > 0.6


# --- the second night


def test_questions_wait_while_label_studio_is_down_and_the_night_says_so(story: Story) -> None:
    night = story.night_without_label_studio
    assert night.status is RunStatus.DEGRADED
    assert night.problems[0].startswith("Label Studio: no answer")
    assert night.review is not None
    assert night.review.waiting == night.review.chosen > 0


def test_the_waiting_questions_are_pushed_once_label_studio_is_back(story: Story) -> None:
    assert story.second_night.status is RunStatus.COMPLETED
    assert story.second_night.review is not None
    assert story.night_without_label_studio.review is not None
    assert story.second_night.review.pushed == story.night_without_label_studio.review.waiting
    assert story.second_night.review.chosen == 0
    open_then = [row for row in story.after_second_night["question"] if "open" in row]
    assert len(open_then) == story.second_night.review.pushed


def test_every_photo_gets_a_verdict_those_that_waited_too(story: Story) -> None:
    found = story.second_night.recognise
    assert found is not None
    usable = {sha256_of(photo) for night in story.store.inbox for photo in night} & story.store.truth.keys()
    assert found.sure + found.unsure + found.unseen == len(usable)
    assert found.sure > 0
    assert found.unseen > 0


def test_the_same_night_again_changes_nothing(story: Story) -> None:
    assert story.after_second_night_again == story.after_second_night
    assert all(crawl.skipped for crawl in story.second_night_again.crawls)


def test_label_studio_shows_the_photo_and_the_likenesses_of_every_candidate(story: Story) -> None:
    assert story.shown
    for picture, reply in story.shown.items():
        assert (reply.status_code, reply.headers["content-type"]) == (200, "image/jpeg"), picture


def test_label_studio_shows_nothing_of_the_store_but_pictures(story: Story) -> None:
    reply = story.label_studio.request("GET", picture_url("../../warehouse.duckdb"))
    assert reply.status_code != httpx.codes.OK
    assert b"DUCK" not in reply.content


# --- what the answers changed


def test_a_product_that_a_person_named_is_in_the_next_release(story: Story) -> None:
    assert story.answers.new_products > 0
    assert story.named_later
    served = set(story.loop.query("SELECT release_id, sku FROM superclass"))
    assert {(_id(story.second_cycle), sku) for sku in story.named_later} <= served
    for sku, found in story.named_later.items():
        assert sku in [match.sku for match in found.best.alternatives[:3]]


def test_the_second_release_is_published_over_the_first_and_says_how_they_compare(story: Story) -> None:
    train = story.second_cycle.train
    assert train is not None
    assert (train.status, train.reason) == (ReleaseStatus.PUBLISHED, "not_worse")
    assert "incumbent" in train.explanation


def test_every_answer_became_labels_and_closed_its_question(story: Story) -> None:
    assert story.second_cycle.answers is not None
    assert story.second_cycle.answers.answers == story.answers.answered
    assert story.second_cycle.answers.rejected == 0
    statuses = {row for (row,) in story.loop.query("SELECT DISTINCT status FROM question")}
    assert statuses == {"answered"}


def test_the_same_cycle_again_publishes_nothing_new(story: Story) -> None:
    assert story.second_cycle_again.train is not None
    assert story.second_cycle_again.train.unchanged
    assert _id(story.second_cycle_again) == _id(story.second_cycle)
    assert story.after_second_cycle_again == story.after_second_cycle


def test_a_photo_is_identified_with_the_price_and_availability_of_the_new_night(story: Story) -> None:
    right = [sku for sku, found in story.identified.items() if found.best.alternatives[0].sku == sku]
    assert len(right) >= 0.8 * len(story.identified)
    for sku in right:
        product = story.identified[sku].best.alternatives[0].product
        offered = story.shelf[sku]
        assert (product.price, product.availability) == (offered.price, offered.availability)
        assert (product.currency, product.title) == ("EUR", offered.title)
    assert any(found.best.verdict is Verdict.SURE for found in story.identified.values())
    assert {found.release_id for found in story.identified.values()} == {_id(story.second_cycle)}


# --- going back


def test_rolling_back_returns_to_the_first_release(story: Story) -> None:
    assert story.rolled_back.code == 0, story.rolled_back.err
    first, second = _id(story.first_cycle), _id(story.second_cycle)
    assert json.loads(story.rolled_back.out) == {"withdrawn": second, "current": first}
    assert story.current_after_rollback == first


def test_a_cycle_without_new_labels_does_not_bring_the_withdrawn_release_back(story: Story) -> None:
    assert story.cycle_after_rollback.status is RunStatus.COMPLETED
    now = Identifier.open(story.loop.parts.paths.releases)
    assert now.release.release_id != _id(story.second_cycle)
    assert not set(story.named_later) & set(now.release.recogniser.heads.classes)
    assert dict(story.loop.query("SELECT release_id, status FROM release"))[_id(story.second_cycle)] == "rolled_back"


# --- what the data team reads


def test_every_table_and_view_of_the_snapshot_can_be_read_both_ways(story: Story) -> None:
    snapshot = story.loop.parts.paths.snapshot
    names = {name for (name,) in story.loop.query("SELECT table_name FROM information_schema.tables")}
    assert len(names) > 30
    assert {path.stem for path in (snapshot / "parquet").glob("*.parquet")} == names
    for name in names:
        rows = story.loop.query(f'FROM "{name}"')
        assert pq.read_table(snapshot / "parquet" / f"{name}.parquet").num_rows == len(rows)


def test_reports_cards_and_the_map_lie_beside_their_run(story: Story) -> None:
    reports = story.loop.parts.paths.reports
    assert "| review |" in (reports / "night-2" / "nightly.md").read_text()
    for label, cycle in (("cycle-1", story.first_cycle), ("cycle-2", story.second_cycle)):
        assert (reports / label / f"{_id(cycle)}.md").exists()
        assert (reports / label / "catalogue-map.png").stat().st_size > 10_000


def _id(cycle: CycleReport) -> str:
    assert cycle.train is not None
    return cycle.train.release_id


def _change_offers(shop: LocalShop) -> None:
    """Everything becomes dearer, and every other product sells out."""
    shop.set_offers(
        {
            product.sku: (product.price + Decimal("0.10"), "OutOfStock" if place % 2 else product.availability)
            for place, product in enumerate(shop.products)
        }
    )


def _labelled(store: DemoStore, sku: str) -> Path:
    return store.labelled_root / sku / "IMG_0001.jpg"


def _delivered(store: DemoStore, sha256: str) -> Path:
    """A camera photo by its content."""
    return next(photo for night in store.inbox for photo in night if sha256_of(photo) == sha256)
