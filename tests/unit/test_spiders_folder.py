import os
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from recognition.pictures.reading import PictureLimits
from spiders.feed import CrawlFiles, FeedWriter, read_failures, read_feed
from spiders.folder import collect_photos, listing_digest
from spiders.images import ImageStore
from spiders.items import PhotoItem
from spiders.known_files import KnownFiles
from spiders.sources import FolderSource, InboxSource
from tests.support.videos import write_video


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def collect(
    source: FolderSource | InboxSource, tmp_path: Path, crawl: str = "crawl"
) -> tuple[bool, list[PhotoItem], list[tuple[str, str]]]:
    files = CrawlFiles(tmp_path / crawl)
    writer = FeedWriter(files)
    store = ImageStore(tmp_path / "images", PictureLimits())
    with KnownFiles(tmp_path / "files.sqlite") as known:
        reached = collect_photos(source, store, writer, known, lambda: None)
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


def test_a_manifest_names_the_class_of_each_photo_and_its_faults_are_rows(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    photo(root / "a.png", 1)
    photo(root / "deep" / "b.png", 2)
    photo(tmp_path / "outside.png", 3)
    (root / "link.png").symlink_to(root / "a.png")
    rows = ["a.png;SKU 1", "deep/b.png;", "gone.png;SKU-2", "../outside.png;SKU-3", "link.png;SKU-4", ";SKU-5"]
    (root / "list.csv").write_text("\n".join(["Datei;Klasse", *rows]))
    source = FolderSource(name="shelf", path=root, manifest=Path("list.csv"), photo_column="datei", sku_column="klasse")
    _, photos, failures = collect(source, tmp_path)
    assert [(item.origin, item.sku) for item in photos] == [("a.png", "SKU-1"), ("deep/b.png", None)]
    assert [where for where, _ in failures] == ["gone.png", "../outside.png", "link.png", "list.csv, row 6"]
    assert {reason for _, reason in failures} == {"unreadable_file"}


def test_a_manifest_without_the_columns_names_those_that_it_has(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    photo(root / "a.png", 1)
    (root / "list.csv").write_text("file,class\na.png,SKU-1\n")
    files = CrawlFiles(tmp_path / "crawl")
    writer = FeedWriter(files)
    source = FolderSource(name="shelf", path=root, manifest=Path("list.csv"))
    store = ImageStore(tmp_path / "images", PictureLimits())
    with KnownFiles(tmp_path / "files.sqlite") as known:
        assert not collect_photos(source, store, writer, known, lambda: None)
    writer.close()
    (row,) = read_failures(files.failures)
    assert "file, class" in row.detail


def test_a_new_label_in_the_manifest_is_a_new_listing(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    photo(root / "a.png", 1)
    source = FolderSource(name="shelf", path=root, manifest=Path("list.csv"))
    digests = set()
    for label in ("SKU-1", "SKU-2", "SKU-2"):
        (root / "list.csv").write_text(f"photo,sku\na.png,{label}\n")
        digests.add(listing_digest(source))
    assert len(digests) == 2


def test_a_bucket_is_read_like_a_folder(tmp_path: Path) -> None:
    bucket = fsspec.filesystem("memory")
    photo(tmp_path / "a.png", 1)
    data = (tmp_path / "a.png").read_bytes()
    for name in ("b/cam/a.png", "b/cam/deep/b.png", "b/cam/.hidden/c.png", "b/other/d.png"):
        bucket.pipe(f"/{name}", data)
    bucket.pipe("/b/cam/cut.png", data[:500])
    source = InboxSource(name="cam", url="memory://b/cam")
    _, photos, failures = collect(source, tmp_path)
    assert [(item.origin, item.image.url) for item in photos] == [
        ("a.png", "memory://b/cam/a.png"), ("deep/b.png", "memory://b/cam/deep/b.png"),
    ]  # fmt: skip
    assert failures == [("cut.png", "unreadable_file")]
    before = listing_digest(source)
    bucket.pipe("/b/cam/e.png", data)
    assert listing_digest(source) != before


def test_a_bucket_that_is_not_there_is_an_unreached_source(tmp_path: Path) -> None:
    reached, photos, failures = collect(InboxSource(name="cam", url="memory://nowhere/at/all"), tmp_path)
    assert (reached, photos) == (False, [])
    assert failures == [("memory://nowhere/at/all", "unreadable_file")]


def test_a_bucket_on_the_web_is_refused_because_no_guard_stands_there() -> None:
    for url in ("http://169.254.169.254/latest", "https://shop.example/", "ssh://host/x", "no address"):
        with pytest.raises(ValidationError, match="not a bucket"):
            InboxSource(name="cam", url=url)


def clip(path: Path, colours: tuple[str, ...] = ("red", "green", "blue", "blue")) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [Image.new("RGB", (160, 96), colour) for colour in colours for _ in range(10)]
    return write_video(path, pictures)


def test_a_video_gives_a_frame_of_each_scene_named_by_its_second(tmp_path: Path) -> None:
    clip(tmp_path / "inbox" / "walk.mp4")
    photo(tmp_path / "inbox" / "a.png", 1)
    _, photos, failures = collect(InboxSource(name="cam", path=tmp_path / "inbox"), tmp_path)
    assert [item.origin for item in photos] == [
        "a.png", "walk.mp4#t=0.000", "walk.mp4#t=1.000", "walk.mp4#t=2.000",
    ]  # fmt: skip
    assert failures == []
    assert [item.image.format for item in photos] == ["PNG", "JPEG", "JPEG", "JPEG"]


def test_every_frame_is_taken_where_no_change_is_asked_for_and_the_number_is_bounded(tmp_path: Path) -> None:
    clip(tmp_path / "inbox" / "walk.mp4")
    inbox = InboxSource(name="cam", path=tmp_path / "inbox", frame_every=0.5, frame_change=0)
    assert len(collect(inbox, tmp_path / "1")[1]) == 8
    bounded = inbox.model_copy(update={"frames_per_video": 3})
    assert len(collect(bounded, tmp_path / "2")[1]) == 3
    assert listing_digest(inbox) != listing_digest(bounded)


def test_a_video_of_a_bucket_is_read_too_and_a_broken_one_is_a_row(tmp_path: Path) -> None:
    data = clip(tmp_path / "walk.mp4").read_bytes()
    bucket = fsspec.filesystem("memory")
    bucket.pipe("/v/walk.mp4", data)
    bucket.pipe("/v/broken.mp4", data[:200])
    bucket.pipe("/v/lies.mov", b"no video at all")
    _, photos, failures = collect(InboxSource(name="cam", url="memory://v"), tmp_path)
    assert len(photos) == 3
    assert sorted(failures) == [("broken.mp4", "unreadable_file"), ("lies.mov", "unreadable_file")]


def test_a_crawl_that_was_killed_in_a_video_takes_no_frame_twice(tmp_path: Path) -> None:
    clip(tmp_path / "inbox" / "walk.mp4")
    inbox = InboxSource(name="cam", path=tmp_path / "inbox")
    collect(inbox.model_copy(update={"frames_per_video": 2}), tmp_path)
    _, photos, _ = collect(inbox, tmp_path)
    assert [item.origin for item in photos] == ["walk.mp4#t=0.000", "walk.mp4#t=1.000", "walk.mp4#t=2.000"]


def swap_unseen(path: Path) -> None:
    """Other bytes, of which the file system says that nothing has changed: whoever reads them is found out."""
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_on_a_second_night_only_what_is_new_or_changed_is_read(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for name in ("same", "changed", "lost"):
        photo(root / "SKU-1" / f"{name}.png", len(name))
    source = FolderSource(name="shelf", path=root)
    _, first, _ = collect(source, tmp_path, "night-1")
    lost = next(item for item in first if "lost" in item.origin)
    swap_unseen(root / "SKU-1" / "same.png")
    photo(root / "SKU-1" / "changed.png", 99)
    photo(root / "SKU-1" / "new.png", 100)
    (tmp_path / "images" / lost.image.path).unlink()  # the store has it no more: the memory alone is not enough
    _, second, failures = collect(source, tmp_path, "night-2")
    before, after = ({item.origin: item.image.sha256 for item in night} for night in (first, second))
    assert failures == []
    assert {name for name in after if after[name] != before.get(name)} == {"SKU-1/changed.png", "SKU-1/new.png"}
    assert (tmp_path / "images" / lost.image.path).is_file()


def test_a_folder_that_has_moved_is_known_and_says_where_it_is_now(tmp_path: Path) -> None:
    photo(tmp_path / "old" / "SKU-1" / "a.png", 1)
    collect(FolderSource(name="shelf", path=tmp_path / "old"), tmp_path, "night-1")
    swap_unseen(tmp_path / "old" / "SKU-1" / "a.png")
    (tmp_path / "old").rename(tmp_path / "new")
    _, (item,), _ = collect(FolderSource(name="shelf", path=tmp_path / "new"), tmp_path, "night-2")
    assert item.image.url == (tmp_path / "new" / "SKU-1" / "a.png").as_uri()


def test_a_known_video_is_not_read_again_unless_it_is_sampled_in_another_way(tmp_path: Path) -> None:
    path = clip(tmp_path / "inbox" / "walk.mp4")
    inbox = InboxSource(name="cam", path=tmp_path / "inbox")
    _, first, _ = collect(inbox, tmp_path, "night-1")
    more = collect(inbox.model_copy(update={"frame_every": 0.5, "frame_change": 0}), tmp_path, "night-2")[1]
    collect(inbox, tmp_path, "night-3")
    swap_unseen(path)
    _, again, failures = collect(inbox, tmp_path, "night-4")
    assert (len(first), len(more), failures) == (3, 8, [])
    assert [(item.origin, item.image) for item in again] == [(item.origin, item.image) for item in first]


def test_a_damaged_memory_of_a_folder_costs_one_night_of_reading(tmp_path: Path) -> None:
    photo(tmp_path / "inbox" / "a.png", 1)
    inbox = InboxSource(name="cam", path=tmp_path / "inbox")
    _, first, _ = collect(inbox, tmp_path, "night-1")
    (tmp_path / "files.sqlite").write_bytes(b"no database" * 100)
    _, again, failures = collect(inbox, tmp_path, "night-2")
    assert ([item.image for item in again], failures) == ([item.image for item in first], [])
