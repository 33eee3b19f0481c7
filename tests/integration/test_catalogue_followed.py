"""Between two cycles: a product that came is answered without training, one that went is not answered any more."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from recognition.release.bundle import Bundle
from recognition.release.pointer import current_release_id, open_current
from recognition.vocabulary import GateReason, ReleaseStatus, Tier, Verdict
from serving.identifier import Identifier
from tasks.catalogue import CatalogueReport, follow_catalogue
from tasks.loop import finish, open_loop
from tasks.roll_back import roll_back
from tasks.settings import load_settings
from tasks.wiring import Parts
from tests.support.commands import CHECKOUT
from tests.support.in_process import call_skuloop, plain_cycle, plain_night
from tests.support.workspace import drawn_photo, small_workspace
from warehouse.ledger import SubjectKind, decisions_for
from warehouse.products import OfferRow, append_offers
from warehouse.releases import release_history

pytestmark = pytest.mark.slow

GREEN, COLOUR = "green-tea", (40, 170, 60)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after its first night and cycle, made once."""
    config = small_workspace(tmp_path_factory.mktemp("trained"))
    plain_night(config, "n1")
    plain_cycle(config, "c1")
    return config


@pytest.fixture
def config(trained: Path, tmp_path: Path) -> Path:
    """A copy that the test may spoil."""
    return shutil.copytree(trained.parent, tmp_path / "copy") / trained.name


def parts(config: Path) -> Parts:
    return Parts(load_settings(config))


def current(config: Path) -> Bundle:
    return open_current(parts(config).paths.releases)


def green_photo(seed: int) -> bytes:
    file = BytesIO()
    drawn_photo(np.random.default_rng([9, seed]), COLOUR).save(file, "JPEG", quality=92)
    return file.getvalue()


def bring(config: Path, photos: int = 4) -> None:
    """A product that the shelf did not have before, with a price."""
    folder = config.parent / "photos" / GREEN
    folder.mkdir(exist_ok=True)
    for place in range(photos):
        (folder / f"{place}.jpg").write_bytes(green_photo(place))


def set_price(config: Path, price: str) -> None:
    offer = OfferRow(GREEN, "shelf", Decimal(price), "EUR", "InStock", datetime(2026, 1, 2, tzinfo=UTC), "crawl9")
    with parts(config).warehouse.write() as db:
        append_offers(db, [offer])


def follow(config: Path) -> CatalogueReport:
    with open_loop(load_settings(config), "nightly", "follow") as loop:
        report = follow_catalogue.fn(loop)
        finish(loop, ())
    return report


def identify(config: Path, photo: bytes) -> tuple[Verdict, str, Decimal | None, str | None]:
    """Verdict, and SKU, price and availability of the best product, as the query path answers."""
    best = Identifier.open(parts(config).paths.releases).identify(photo).best
    product = best.alternatives[0].product
    return best.verdict, product.sku, product.price, product.availability


def test_a_product_that_came_is_answered_by_the_same_night_with_its_price(config: Path) -> None:
    before = current(config)
    assert identify(config, green_photo(77))[1] != GREEN
    bring(config)
    set_price(config, "4.20")
    plain_night(config, "n2")
    bundle = current(config)
    assert bundle.heads.classes == (*before.heads.classes, GREEN)
    assert bundle.heads.tiers[-1] is Tier.GALLERY
    verdict, *found = identify(config, green_photo(77))
    assert verdict is not Verdict.UNSEEN
    assert found == [GREEN, Decimal("4.20"), "InStock"]
    assert bundle.references.count(GREEN) == 3
    assert bundle.manifest.thresholds == before.manifest.thresholds
    np.testing.assert_array_equal(bundle.heads.prototypes[:-1], before.heads.prototypes)


def test_history_ledger_and_card_say_why_and_a_second_night_changes_nothing(config: Path) -> None:
    bring(config)
    plain_night(config, "n2")
    plain_night(config, "n3")
    with parts(config).warehouse.read() as db:
        first, grown = release_history(db)
        of_sku = decisions_for(db, SubjectKind.SKU, GREEN)
        of_release = decisions_for(db, SubjectKind.RELEASE, grown.release_id)
    assert (grown.status, grown.reason) == (ReleaseStatus.PUBLISHED, GateReason.CATALOGUE_CHANGED)
    assert (grown.incumbent, grown.classes_gallery) == (first.release_id, 3)
    assert [row.action for row in of_sku if row.reason == GateReason.CATALOGUE_CHANGED] == [
        f"serve in {grown.release_id}"
    ]
    assert f'"heads_of": "{first.release_id}"' in of_release[0].detail
    card = (current(config).path / "card.md").read_text(encoding="utf-8")
    assert f"Heads: those of {first.release_id}" in card
    assert f"- `{GREEN}`" in card


def test_a_withdrawn_product_is_answered_no_more_until_it_is_restored(config: Path) -> None:
    bring(config)
    plain_night(config, "n2")
    plain_cycle(config, "c2")
    assert GREEN in current(config).heads.classes
    said = call_skuloop("products", "withdraw", GREEN, "-c", str(config))
    assert said.code == 0, said.err
    assert GREEN not in current(config).heads.classes
    assert GREEN not in identify(config, green_photo(77))
    again = call_skuloop("products", "withdraw", GREEN, "-c", str(config))
    assert again.code == 0
    assert plain_cycle(config, "c3").status is ReleaseStatus.PUBLISHED  # it is not lost, it was taken out on purpose
    assert GREEN not in current(config).heads.classes
    assert call_skuloop("products", "restore", GREEN, "-c", str(config)).code == 0
    assert identify(config, green_photo(77))[1] == GREEN
    assert call_skuloop("products", "withdraw", "no-tea", "-c", str(config)).code == 66


def test_what_came_and_went_again_leaves_the_heads_as_they_were_trained(config: Path) -> None:
    trained = current(config)
    bring(config)
    plain_night(config, "n2")
    call_skuloop("products", "withdraw", GREEN, "-c", str(config))
    bundle = current(config)
    assert bundle.heads.classes == trained.heads.classes
    np.testing.assert_array_equal(bundle.heads.prototypes, trained.heads.prototypes)
    assert bundle.manifest.release_id.split("-")[1] == trained.manifest.release_id.split("-")[1]


def test_the_next_cycle_trains_what_came_instead_of_taking_it_for_taught(config: Path) -> None:
    bring(config)
    plain_night(config, "n2")
    trained = plain_cycle(config, "c2")
    assert not trained.unchanged
    assert trained.reason == GateReason.NOT_WORSE
    plain_night(config, "n3")
    assert current_release_id(parts(config).paths.releases) == trained.release_id


def test_a_rollback_returns_to_the_trained_heads_and_the_change_stays_away(config: Path) -> None:
    first = current(config).manifest.release_id
    bring(config)
    plain_night(config, "n2")
    with open_loop(load_settings(config), "rollback", "r") as loop:
        assert roll_back(loop)[1] == first
        finish(loop, ())
    assert "rolled back" in follow(config).explanation
    assert current(config).manifest.release_id == first


def test_classes_that_fall_out_unasked_are_not_taken_out_and_the_night_says_so_once(config: Path) -> None:
    first = current(config).manifest.release_id
    shutil.copytree(config.parent / "photos" / "blue-tea", config.parent / "photos" / "violet-tea")
    plain_night(config, "n2")  # every photo of the class has two names now
    with parts(config).warehouse.read() as db:
        refused = release_history(db)[-1]
    assert (refused.status, refused.reason) == (ReleaseStatus.REFUSED, GateReason.CLASSES_LOST)
    assert refused.release_id.split("-")[3]
    again = follow(config)
    assert (again.unchanged, again.problem) == (True, None)
    assert current(config).manifest.release_id == first


@pytest.mark.parametrize(
    "killed_in", ["recognition.release.bundle.write_heads", "tasks.catalogue.record_change", "tasks.published.publish"]
)
def test_a_run_that_is_killed_is_finished_by_the_next_one(config: Path, killed_in: str) -> None:
    bring(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.in_process.follow_catalogue.fn", lambda _: None)
        plain_night(config, "n2")
    first = current(config).manifest.release_id
    module, _, name = killed_in.rpartition(".")
    script = (
        "import importlib, os, signal, sys\n"
        "from tests.integration.test_catalogue_followed import follow\n"
        "from pathlib import Path\n"
        f"module = importlib.import_module({module!r})\n"
        f"setattr(module, {name!r}, lambda *_: os.kill(os.getpid(), signal.SIGKILL))\n"
        "follow(Path(sys.argv[1]))\n"
    )
    argv = [sys.executable, "-c", script, str(config)]
    killed = subprocess.run(argv, cwd=CHECKOUT, env=dict(os.environ), timeout=120, check=False)  # noqa: S603 - ourselves
    assert killed.returncode == -signal.SIGKILL
    assert current(config).manifest.release_id == first  # what was half made answers nobody
    follow(config)
    assert GREEN in current(config).heads.classes
    with parts(config).warehouse.read() as db:
        assert len(release_history(db)) == 2
