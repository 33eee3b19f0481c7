import hashlib
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.isolation.plain_ground import things_on_plain_ground
from recognition.pictures.frames import Sampling, read_frames
from recognition.pictures.reading import read_picture
from skuloop.demo.catalogue import DemoProduct, demo_products
from skuloop.demo.drawing import draw_product
from skuloop.demo.nights import StorePlan
from skuloop.demo.photos import PHOTO_SIDE, camera_photo, catalogue_photo
from skuloop.demo.showcase import write_catalogue_picture
from skuloop.demo.store import DemoStore, DemoStoreError, class_sizes, write_store
from skuloop.demo.tries import write_tries

SMALL = StorePlan(shop_photos=1, full=(3, 4), nearly=(2, 2), few=(1, 1), nights=2, night_photos=24)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoStore]:
    root = tmp_path_factory.mktemp("demo")
    return root, write_store(root, seed=7, plan=SMALL)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(store: DemoStore) -> dict[str, str]:
    home = store.labelled_root.parent
    return {str(path.relative_to(home)): _sha256(path) for path in sorted(home.rglob("*")) if path.is_file()}


def _product(sku: str) -> DemoProduct:
    return next(product for product in demo_products() if product.sku == sku)


def _opens(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.load()
    except OSError:
        return False
    return True


def test_the_shop_names_26_of_30_products_and_no_sku_or_title_is_used_twice() -> None:
    products = demo_products()
    assert sum(product.in_shop for product in products) == 26
    assert len({product.sku for product in products}) == 30
    assert len({product.title for product in products}) == 30


def test_another_seed_changes_offers_and_never_the_products() -> None:
    ours, others = demo_products(7), demo_products(8)
    assert [product.sku for product in ours] == [product.sku for product in others]
    assert [product.price for product in ours] != [product.price for product in others]
    assert all(product.price > 0 for product in ours)
    assert {product.availability for product in ours} <= {"InStock", "OutOfStock"}


@pytest.mark.parametrize("product", demo_products(), ids=lambda product: product.sku)
def test_no_pack_is_cut_off_by_its_picture_or_left_empty(product: DemoProduct) -> None:
    alpha = np.asarray(draw_product(product, 96).getchannel("A"))
    rim = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert rim.max() == 0
    assert 0.2 < (alpha > 128).mean() < 0.9


def test_flavours_of_one_brand_share_their_outline_and_differ_in_colour() -> None:
    lemon, orange = (np.asarray(draw_product(_product(sku), 96), float) for sku in ("SOL-LEM-330", "SOL-BLO-330"))
    assert np.array_equal(lemon[..., 3], orange[..., 3])
    assert np.abs(lemon[..., :3] - orange[..., :3]).mean() > 3


@pytest.mark.parametrize("make", [catalogue_photo, camera_photo])
def test_a_photo_is_the_same_for_the_same_chance_and_another_for_other_chance(make: object) -> None:
    assert callable(make)
    product = _product("TAM-CHA-020")
    first, again, other = (make(product, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.size == (PHOTO_SIDE, PHOTO_SIDE)
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_a_photo_does_not_depend_on_the_photos_made_before_it() -> None:
    product = _product("FJE-PIN-250")
    alone = camera_photo(product, np.random.default_rng(5))
    for other in demo_products()[:6]:
        camera_photo(other, np.random.default_rng(6))
    assert camera_photo(product, np.random.default_rng(5)).tobytes() == alone.tobytes()


def test_class_sizes_leave_some_classes_below_fifty_so_that_the_loop_has_something_to_learn() -> None:
    sizes = sorted(class_sizes(demo_products(), 7, StorePlan()).values())
    assert len(sizes) == 26
    assert all(12 <= size <= 30 for size in sizes[:4])
    assert all(44 <= size <= 49 for size in sizes[4:8])
    assert all(52 <= size <= 58 for size in sizes[8:])


def test_the_store_holds_every_photo_that_was_planned(written: tuple[Path, DemoStore]) -> None:
    _, store = written
    sizes = class_sizes(store.products, 7, SMALL)
    assert {folder.name: len(list(folder.iterdir())) for folder in store.labelled_root.iterdir()} == sizes
    assert set(store.shop_images) == set(sizes)
    assert all(len(images) == 1 for images in store.shop_images.values())
    assert [len(night) for night in store.inbox] == [24, 24]


def test_truth_knows_every_usable_camera_photo_and_none_that_is_spoilt(written: tuple[Path, DemoStore]) -> None:
    _, store = written
    labelled = {_sha256(path): path.parent.name for path in store.labelled_root.rglob("*.jpg")}
    assert labelled.items() <= store.truth.items()
    for night in store.inbox:
        unknown = [path for path in night if _sha256(path) not in store.truth]
        assert len(unknown) == SMALL.blurred + SMALL.blank + SMALL.truncated
        assert sum(not _opens(path) for path in unknown) == SMALL.truncated


def test_every_night_brings_products_that_no_one_has_named_and_the_labels_never_do(
    written: tuple[Path, DemoStore],
) -> None:
    _, store = written
    assert set(store.names) == {product.sku for product in store.products if not product.in_shop}
    for night in store.inbox:
        shown = [store.truth.get(_sha256(path)) for path in night]
        assert sum(sku in store.names for sku in shown) >= round(SMALL.unnamed_share * SMALL.night_photos)
    assert not set(store.names) & {folder.name for folder in store.labelled_root.iterdir()}


def test_every_night_repeats_some_files_byte_for_byte(written: tuple[Path, DemoStore]) -> None:
    _, store = written
    for night in store.inbox:
        assert len(night) - len({_sha256(path) for path in night}) == SMALL.duplicates


def test_photos_are_jpegs_of_the_promised_size(written: tuple[Path, DemoStore]) -> None:
    _, store = written
    for path in [
        *store.labelled_root.rglob("*.jpg"),
        *(path for paths in store.shop_images.values() for path in paths),
    ]:
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            assert (picture.format, picture.size) == ("JPEG", (224, 224))


def test_a_second_call_reuses_a_complete_store_and_writes_nothing(written: tuple[Path, DemoStore]) -> None:
    root, store = written
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    seen: list[tuple[int, int]] = []
    assert write_store(root, seed=7, plan=SMALL, on_progress=lambda *step: seen.append(step)) == store
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    assert not seen


def test_a_store_interrupted_half_way_is_made_anew_and_ends_the_same(
    written: tuple[Path, DemoStore], tmp_path: Path
) -> None:
    class PulledPlugError(Exception):
        pass

    def pull_the_plug(done: int, in_all: int) -> None:
        if done > in_all // 2:
            raise PulledPlugError

    with pytest.raises(PulledPlugError):
        write_store(tmp_path, seed=7, plan=SMALL, on_progress=pull_the_plug)
    steps: list[tuple[int, int]] = []
    store = write_store(tmp_path, seed=7, plan=SMALL, on_progress=lambda *step: steps.append(step))
    assert _files(store) == _files(written[1])
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]
    assert steps[-1][0] == steps[-1][1] == len(steps)


def test_another_plan_replaces_the_old_photos_and_leaves_none_behind(tmp_path: Path) -> None:
    tiny = replace(SMALL, full=(1, 1), nearly=(1, 1), nights=1)
    write_store(tmp_path, plan=tiny)
    store = write_store(tmp_path, plan=replace(tiny, night_photos=12))
    assert [len(night) for night in store.inbox] == [12]


def test_a_folder_that_the_demo_did_not_make_is_never_deleted(tmp_path: Path) -> None:
    holiday = tmp_path / "pictures" / "holiday.jpg"
    holiday.parent.mkdir()
    holiday.write_bytes(b"mine")
    with pytest.raises(DemoStoreError, match="move it away"):
        write_store(tmp_path, plan=SMALL)
    assert holiday.read_bytes() == b"mine"


def test_the_catalogue_picture_is_light_enough_for_a_readme(tmp_path: Path) -> None:
    path = write_catalogue_picture(tmp_path / "images" / "catalogue.png")
    assert path.stat().st_size < 400_000
    with Image.open(path) as sheet:
        assert 1100 < sheet.width < 1300


def test_what_the_demo_leaves_to_try_shows_several_products_apart_a_stranger_and_a_film(tmp_path: Path) -> None:
    home = write_tries(tmp_path, demo_products(), seed=7)
    assert len(things_on_plain_ground(read_picture(home / "table.jpg"))) == 4
    assert len(things_on_plain_ground(read_picture(home / "not-in-the-shop.jpg"))) == 1
    frames = list(read_frames(home / "film.webm", Sampling(every=1.0)))
    assert len(frames) == 6
