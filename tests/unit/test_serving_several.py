"""One product or several on a photo: which judgement becomes the answer."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.encoders import open_encoder
from recognition.isolation.protocol import Box, Isolated
from recognition.isolation.regions import region_crops, regions_of
from recognition.release.bundle import open_bundle
from recognition.triage.verdict import Candidate, Recognition
from recognition.vocabulary import Verdict
from serving.answers import Identification
from serving.looker import Looked
from serving.release import Release
from serving.several import Judged, settled
from tests.support.serving import photo_of, write_release

PHOTO, LEFT, RIGHT = Box(0, 0, 100, 50), Box(5, 5, 40, 45), Box(60, 5, 95, 45)


def believed(sku: str, verdict: Verdict, confidence: float = 0.5) -> Recognition:
    known = None if verdict is Verdict.UNSEEN else sku
    return Recognition(known, confidence, 0.5, verdict, (Candidate(sku, confidence),))


WHOLE = Judged(PHOTO, believed("tea", Verdict.UNSURE))


@pytest.mark.parametrize("parts", [[], [Judged(LEFT, believed("coffee", Verdict.SURE))]])
def test_a_photo_of_one_product_keeps_the_answer_that_its_release_was_calibrated_on(parts):
    assert settled(WHOLE, parts) == [WHOLE]


def test_parts_that_look_like_nothing_known_do_not_take_the_place_of_the_whole_photo():
    parts = [Judged(box, believed("tea", Verdict.UNSEEN)) for box in (LEFT, RIGHT)]
    assert settled(WHOLE, parts) == [WHOLE]


def test_several_things_that_nobody_knows_are_each_said_to_be_there():
    unknown = Judged(PHOTO, believed("tea", Verdict.UNSEEN))
    parts = [Judged(box, believed("tea", Verdict.UNSEEN)) for box in (LEFT, RIGHT)]
    assert settled(unknown, parts) == parts


def test_of_several_products_the_surest_comes_first_and_an_unknown_one_is_said_last():
    unseen = Judged(LEFT, believed("tea", Verdict.UNSEEN, 0.9))
    unsure = Judged(RIGHT, believed("coffee", Verdict.UNSURE, 0.6))
    sure = Judged(Box(45, 5, 55, 45), believed("milk", Verdict.SURE, 0.99))
    assert settled(WHOLE, [unseen, unsure, sure]) == [sure, unsure, unseen]


def test_a_sure_answer_to_the_whole_photo_is_never_lost_to_its_parts():
    whole = Judged(PHOTO, believed("tea", Verdict.SURE, 0.99))
    parts = [Judged(LEFT, believed("milk", Verdict.UNSURE)), Judged(RIGHT, believed("tea", Verdict.UNSURE))]
    first, second = settled(whole, parts)
    assert first == Judged(RIGHT, whole.recognition)
    assert second == parts[0]


def confidences(answers: Sequence[Identification]) -> list[float]:
    return [found.confidence for answer in answers for found in answer.found]


def test_each_thing_is_judged_in_the_company_of_its_own_photo_whatever_else_is_asked(tmp_path: Path):
    release = Release.of_bundle(open_bundle(write_release(tmp_path / "releases")))
    strangers = [Image.new("RGB", (96, 96), colour) for colour in ("black", "yellow", "white", "purple")]
    tea = Image.open(BytesIO(photo_of("red/tea 1", seed=99)))
    pictures = [tea, *strangers, tea]
    seen = open_encoder(release.bundle.manifest.encoder.spec(None, None)).encode(pictures)
    among_strangers = Looked((100, 50), (LEFT, RIGHT, LEFT, RIGHT), np.stack([seen[4], *seen[:4]]))
    alone = Looked((100, 50), (LEFT,), seen[5:])
    asked = [alone, among_strangers, alone]
    answers = release.answer(asked, release.fingerprint)
    one_by_one = [release.answer([looked], release.fingerprint)[0] for looked in asked]
    assert confidences(answers) == pytest.approx(confidences(one_by_one), rel=1e-5)
    by_itself, (best, *others) = answers[0].found[0], answers[1].found
    assert by_itself.match is not None
    assert by_itself.match.sku == best.alternatives[0].sku == "red/tea 1"
    assert best.confidence < 0.9995 * by_itself.confidence
    assert [found.match for found in others] == [None] * 3


def isolated(*boxes: Box) -> Isolated:
    return Isolated(PHOTO, np.ones((1, 1), dtype=np.float32), boxes, found=True)


def test_regions_leave_out_crumbs_doubles_and_what_is_over_the_limit():
    picture = Image.new("RGB", (100, 50))
    inside_left, crumb = Box(10, 10, 30, 30), Box(50, 0, 52, 2)
    assert regions_of(isolated(LEFT, inside_left, crumb, RIGHT), picture) == (LEFT, RIGHT)
    assert regions_of(isolated(LEFT, RIGHT), picture, most=1) == (LEFT,)
    assert regions_of(replace(isolated(LEFT), found=False), picture) == ()


def test_a_crop_is_square_holds_its_region_and_is_white_only_outside_of_the_photo():
    picture = Image.new("RGB", (100, 50), "red")
    inner, long = region_crops(picture, [Box(40, 20, 60, 30), Box(0, 10, 100, 20)])
    assert inner.size == (26, 26)
    assert inner.getextrema() == ((255, 255), (0, 0), (0, 0))
    assert long.size == (130, 130)
    assert long.getpixel((0, 0)) == (255, 255, 255)
    assert long.getpixel((65, 65)) == (255, 0, 0)
