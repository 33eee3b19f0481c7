"""`skuloop source`: added by its address, listed, and tried, against real shops on this machine."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from skuloop.cli import app
from skuloop.exit_codes import ExitCode
from spiders.errors import UnknownSourceError
from spiders.sources import FeedSource, FolderSource, InboxSource, ShopifySource, SiteSource, WooCommerceSource
from tasks.settings import load_settings
from tests.support.shops import Shop, fill_listings, fill_shopify, fill_woocommerce, merchant_feed, open_shop

SETTINGS = '# my shop\ntimezone = "UTC"  # keep me\n\n[encoder]\nname = "handcrafted"\n'


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "skuloop.toml"
    path.write_text(SETTINGS)
    return path


def source(config: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["source", *arguments, "--config", str(config)], catch_exceptions=False)
    assert result.exit_code == ExitCode.DONE, result.output
    return result.stdout + ("" if "--json" in arguments else result.stderr)


def test_a_csv_of_photos_beside_it_is_a_folder_with_a_manifest_and_not_a_feed_without_pictures(
    config: Path, tmp_path: Path
) -> None:
    (tmp_path / "shots").mkdir()
    for number in range(2):
        Image.fromarray(np.full((64, 64, 3), number, np.uint8)).save(tmp_path / "shots" / f"{number}.jpg")
    (tmp_path / "labels.csv").write_text("file,product,title\nshots/0.jpg,MUG,Mug\nshots/1.jpg,CUP,Cup\n")
    source(config, "add", str(tmp_path / "labels.csv"), "--name", "shelf")
    assert "MUG" in source(config, "test", "shelf")
    (folder,) = load_settings(config).source
    assert isinstance(folder, FolderSource)
    assert (folder.manifest, folder.photo_column, folder.sku_column) == (Path("labels.csv"), "file", "product")


def test_each_kind_of_shop_is_told_by_what_it_answers_and_its_block_can_be_loaded(shop: Shop, config: Path) -> None:
    fill_shopify(shop, 3, "GBP")
    source(config, "add", f"{shop.url}/", "--allow-private", "--name", "a", "--contact", "me@x.example")
    del shop.pages["/products.json"]
    fill_woocommerce(shop, 3)
    source(config, "add", f"{shop.url}/?woo", "--allow-private", "--name", "b")
    del shop.pages["/wp-json/wc/store/v1/products"]
    fill_listings(shop)
    source(config, "add", f"{shop.url}/c/mugs", "--allow-private", "--name", "c")
    shop.add("/feed.gz", gzip.compress(merchant_feed(shop).encode()), "application/gzip")
    source(config, "add", f"{shop.url}/feed.gz", "--allow-private", "--name", "d")
    shopify, woocommerce, site, feed = load_settings(config).source
    assert isinstance(shopify, ShopifySource)
    assert (shopify.currency, shopify.contact, shopify.allow_private) == ("GBP", "me@x.example", True)
    assert isinstance(woocommerce, WooCommerceSource)
    assert isinstance(site, SiteSource)
    assert isinstance(feed, FeedSource)
    assert config.read_text().startswith(SETTINGS), "comments and order stay"


def test_a_place_is_added_once_and_a_name_is_made_that_is_free(tmp_path: Path, config: Path) -> None:
    for folder in ("cam", "other/cam"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(np.zeros((64, 64, 3), dtype=np.uint8)).save(tmp_path / folder / "a.png")
        source(config, "add", str(tmp_path / folder))
        assert "nothing was changed" in source(config, "add", str(tmp_path / folder))
    found = load_settings(config).source
    assert [(each.name, isinstance(each, InboxSource)) for each in found] == [("cam", True), ("cam-2", True)]


def test_a_folder_is_found_again_wherever_the_command_was_given(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("kept", config.parent / "beside"):
        (tmp_path / folder).mkdir(parents=True)
        Image.fromarray(np.zeros((64, 64, 3), dtype=np.uint8)).save(tmp_path / folder / "a.png")
    elsewhere = tmp_path / "kept"
    monkeypatch.chdir(elsewhere)
    source(config, "add", ".", "--name", "kept")
    source(config, "add", str(config.parent / "beside"))
    assert "nothing was changed" in source(config, "add", str(elsewhere))
    settings = load_settings(config)
    found = [settings.resolve(each.path) for each in settings.source if isinstance(each, InboxSource) and each.path]
    assert [path.resolve() for path in found] == [elsewhere, config.parent / "beside"]


def test_a_folder_with_folders_of_photos_is_labelled_and_a_missing_settings_file_is_made(tmp_path: Path) -> None:
    (tmp_path / "photos" / "SKU-1").mkdir(parents=True)
    Image.fromarray(np.zeros((64, 64, 3), dtype=np.uint8)).save(tmp_path / "photos" / "SKU-1" / "a.png")
    config = tmp_path / "skuloop.toml"
    source(config, "add", str(tmp_path / "photos"))
    assert json.loads(source(config, "list", "--json"))[0]["kind"] == "folder"


def test_a_shop_in_a_private_network_is_refused_unless_it_is_allowed(shop: Shop, config: Path) -> None:
    with pytest.raises(UnknownSourceError, match="--allow-private"):
        source(config, "add", f"{shop.url}/")
    assert shop.requests == []
    assert config.read_text() == SETTINGS


def test_what_is_neither_page_nor_feed_nor_path_changes_nothing(shop: Shop, config: Path) -> None:
    shop.add("/odd", b"\x00\x01\x02 nothing that anyone knows", "application/octet-stream")
    with pytest.raises(UnknownSourceError, match="feed or table"):
        source(config, "add", f"{shop.url}/odd", "--allow-private")
    result = CliRunner().invoke(app, ["source", "add", "nowhere/at/all", "--config", str(config)])
    assert result.exit_code == ExitCode.USAGE
    assert config.read_text() == SETTINGS


@pytest.mark.slow
def test_trying_a_source_shows_its_first_items_with_a_picture_sheet_and_keeps_nothing_else(
    shop: Shop, config: Path
) -> None:
    fill_shopify(shop, 30)
    source(config, "add", f"{shop.url}/", "--allow-private", "--name", "kiln")
    told = json.loads(source(config, "test", "kiln", "--items", "4", "--json"))
    assert [item["sku"] for item in told["items"]] == ["M0-S", "M0-L", "M1-S", "M1-L"]
    with Image.open(told["sheet"]) as sheet:
        assert sheet.width > 300
    assert [path.name for path in (config.parent / "store").rglob("*") if path.is_file()] == ["kiln.png"]
    assert "M0-S" in source(config, "test", "kiln", "--items", "2")
