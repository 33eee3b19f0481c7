"""The loop closes: a photo that the server could not answer surely is a question of the next night."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.commands import wait_for
from tests.support.in_process import plain_cycle, plain_night
from tests.support.loops import small_loop
from tests.support.serving import running_server
from tests.support.workspace import drawn_photo

pytestmark = pytest.mark.slow


def test_photos_not_answered_surely_are_kept_bare_and_asked_about_by_the_next_night(tmp_path: Path) -> None:
    loop = small_loop(tmp_path)
    plain_night(loop.config, "2031-01-04")
    plain_cycle(loop.config, "cycle-1")
    sent = [_with_place_and_camera(seed) for seed in range(3)]
    inbox = tmp_path / "inbox"
    with running_server(tmp_path, "--keep", str(inbox), bundle=tmp_path / "store" / "releases") as server:
        answers = server.ask(*sent, b"no photo").json()["answers"]
        assert {found["verdict"] for answer in answers[:3] for found in answer["answer"]["found"]} <= {
            "unsure",
            "unseen",
        }
        wait_for(lambda: len(list(inbox.glob("*.jpg"))) == 3, 60)
        server.ask(*sent)
        assert server.metric("skuloop_waiting_photos") == 0
        assert "no night reads them" in " ".join(server.log.read_text().split()), "serve.toml names no inbox source"
    kept = sorted(inbox.iterdir())
    assert len(kept) == 3, "a photo that was sent twice is kept once"
    for photo in kept:
        with Image.open(photo) as picture:
            assert (picture.size, dict(picture.getexif())) == ((200, 240), {})
        assert b"secret place" not in photo.read_bytes()
    recognised, review = plain_night(loop.config, "2031-01-05")
    assert recognised.unsure + recognised.unseen == 3
    assert review.chosen == 3


def _with_place_and_camera(seed: int) -> bytes:
    """A photo that lies on its side, as phones store them."""
    picture = drawn_photo(np.random.default_rng(seed), (40, 170, 60)).crop((0, 0, 240, 200))
    exif = picture.getexif()
    exif[0x0112], exif[0x010E] = 6, "secret place"
    file = BytesIO()
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()
