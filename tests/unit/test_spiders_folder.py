from pathlib import Path

import numpy as np
from PIL import Image

from recognition.pictures.reading import PictureLimits
from spiders.feed import CrawlFiles, FeedWriter, read_failures, read_feed
from spiders.folder import collect_photos
from spiders.images import ImageStore
from spiders.items import PhotoItem
from spiders.sources import FolderSource, InboxSource


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def collect(source: FolderSource | InboxSource, tmp_path: Path) -> tuple[bool, list[PhotoItem], list[tuple[str, str]]]:
    files = CrawlFiles(tmp_path / "crawl")
    writer = FeedWriter(files)
    reached = collect_photos(source, ImageStore(tmp_path / "images", PictureLimits()), writer, lambda: None)
    writer.close()
    photos = [item for item in read_feed(files.feed) if isinstance(item, PhotoItem)]
    return reached, photos, [(row.url, row.reason) for row in read_failures(files.failures)]


def test_a_folder_s_name_is_the_label_of_its_photos(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    photo(root / "SKU 1" / "a.png", 1)
    photo(root / "SKU-2" / "deep" / "b.jpg", 2)
    photo(root / "loose.png", 3)
    _, photos, failures = collect(FolderSource(name="shelf", path=root), tmp_path)
    assert [(item.origin, item.sku) for item in photos] == [
        ("loose.png", None), ("SKU 1/a.png", "SKU-1"), ("SKU-2/deep/b.jpg", "SKU-2"),
    ]  # fmt: skip
    assert failures == []
    assert all((tmp_path / "images" / item.image.path).is_file() for item in photos)


def test_an_inbox_labels_nothing(tmp_path: Path) -> None:
    photo(tmp_path / "inbox" / "SKU-1" / "a.png", 1)
    _, photos, _ = collect(InboxSource(name="cam", path=tmp_path / "inbox"), tmp_path)
    assert [item.sku for item in photos] == [None]


def test_a_broken_photo_is_a_row_and_the_others_are_taken(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    photo(root / "good.png", 1)
    (root / "cut.png").write_bytes((root / "good.png").read_bytes()[:900])
    (root / "notes.jpg").write_text("no picture")
    (root / "readme.txt").write_text("left alone")
    (root / ".DS_Store").write_bytes(b"left alone")
    _, photos, failures = collect(InboxSource(name="cam", path=root), tmp_path)
    assert [item.origin for item in photos] == ["good.png"]
    assert sorted(failures) == [("cut.png", "unreadable_file"), ("notes.jpg", "unreadable_file")]


def test_a_link_to_somewhere_else_on_this_machine_is_not_followed(tmp_path: Path) -> None:
    photo(tmp_path / "private" / "secret.png", 1)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "link.png").symlink_to(tmp_path / "private" / "secret.png")
    (tmp_path / "inbox" / "dir").symlink_to(tmp_path / "private")
    _, photos, _ = collect(InboxSource(name="cam", path=tmp_path / "inbox"), tmp_path)
    assert photos == []


def test_a_folder_that_is_not_there_is_an_unreached_source(tmp_path: Path) -> None:
    reached, photos, failures = collect(InboxSource(name="cam", path=tmp_path / "nowhere"), tmp_path)
    assert (reached, photos) == (False, [])
    assert failures == [(str(tmp_path / "nowhere"), "unreadable_file")]


def test_the_same_bytes_under_two_names_are_stored_once(tmp_path: Path) -> None:
    root = tmp_path / "inbox"
    photo(root / "a.png", 1)
    (root / "b.jpg").write_bytes((root / "a.png").read_bytes())
    _, photos, _ = collect(InboxSource(name="cam", path=root), tmp_path)
    assert len(photos) == 2
    assert len(list((tmp_path / "images").rglob("*.png"))) == 1
    assert not list((tmp_path / "images").rglob("*.jpg"))
