"""The size of scenes, learned from the camera photos that a store really holds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from recognition.heads.scenes import PHOTOS_PER_SCENE
from recognition.release.candidate import LabelledPhotos
from recognition.vocabulary import Part, PictureReason
from tasks.settings import load_settings
from tasks.teaching import scene_size
from tasks.wiring import Parts, build_parts
from tests.support.synthetic import walks
from warehouse.images import ImageRow, MeasuredRow, OriginKind, OriginRow, add_images, add_origins, store_measurements

NIGHT = datetime(2026, 5, 4, 2, tzinfo=UTC)


def store_in(folder: Path) -> Parts:
    config = folder / "skuloop.toml"
    config.write_text('[encoder]\nname = "handcrafted"\n', encoding="utf-8")
    parts = build_parts(load_settings(config))
    parts.warehouse.migrate()
    return parts


def bring(parts: Parts, sha256s: list[str], vectors: np.ndarray, night: int) -> None:
    """Camera photos as a night leaves them: stored, measured, encoded."""
    with parts.warehouse.write() as db:
        add_images(db, [ImageRow(sha, f"{sha}.jpg", 1, "JPEG", f"run{night}") for sha in sha256s])
        add_origins(
            db,
            [
                OriginRow(sha, "inbox", sha, None, OriginKind.CAMERA, f"crawl{night}", NIGHT + timedelta(days=night))
                for sha in sha256s
            ],
        )
        store_measurements(db, [MeasuredRow(sha, 64, 64, 9.0, 9.0, 9.0, 1, PictureReason.OK) for sha in sha256s])
    parts.vectors.append(parts.fingerprint, sha256s, vectors)


def labelled(sha256s: list[str], vectors: np.ndarray, skus: list[str]) -> LabelledPhotos:
    return LabelledPhotos(tuple(sha256s), vectors, tuple(skus), tuple(sha256s), (Part.TRAIN,) * len(sha256s))


def test_scenes_are_as_large_as_the_camera_of_the_store_walks_though_some_of_its_photos_are_labelled_by_now(
    tmp_path: Path,
) -> None:
    parts = store_in(tmp_path)
    vectors, skus = walks(4, 8, seed=1)
    folder = [f"folder{row:03d}" for row in range(len(skus))]
    assert scene_size(parts, labelled(folder, vectors, skus)) == PHOTOS_PER_SCENE, "no camera photo has come yet"

    new, of_new = walks(2, 12, seed=2)
    camera = [f"camera{row:03d}" for row in range(len(new))]
    bring(parts, camera, new, night=1)
    photos = labelled([*folder, *camera[::2]], np.concatenate([vectors, new[::2]]), [*skus, *of_new[::2]])
    assert scene_size(parts, photos) >= 3, "beside its labelled neighbour of the same night each photo would look known"
