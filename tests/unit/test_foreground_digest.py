"""A foreground head is taught anew when there is much more to teach it with, not with every label."""

from dataclasses import replace

from recognition.encoders import EncoderSpec
from recognition.vocabulary import Part
from tasks.foreground import _digest
from tasks.teaching import LabelledPhoto

SPEC = EncoderSpec("handcrafted")


def labelled(count: int, *, catalogue: bool) -> list[LabelledPhoto]:
    name = "shop" if catalogue else "camera"
    return [LabelledPhoto(f"{name}{row}", "p", "sku", f"g{row}", Part.TRAIN, catalogue) for row in range(count)]


def test_new_camera_photos_and_labels_leave_the_head_as_it_is_and_twice_the_catalogue_does_not() -> None:
    shop = labelled(40, catalogue=True)
    before = _digest(SPEC, shop)
    assert _digest(SPEC, shop + labelled(500, catalogue=False)) == before
    assert _digest(SPEC, [replace(photo, sku="other") for photo in shop]) == before
    assert _digest(SPEC, labelled(80, catalogue=True)) != before
