import numpy as np
import pytest
from PIL import Image

from recognition.pictures.contact_sheet import Tile, contact_sheet


def tiles(n: int, size: tuple[int, int] = (300, 100), caption: str = "oat-milk-1l") -> list[Tile]:
    return [Tile(Image.new("RGB", size, "#b03a2e"), caption) for _ in range(n)]


def red(sheet: Image.Image) -> int:
    return int((np.asarray(sheet) == (0xB0, 0x3A, 0x2E)).all(axis=-1).sum())


def test_every_picture_is_shown_whole_and_in_proportion() -> None:
    assert red(contact_sheet(tiles(7), columns=3, side=90)) == 7 * 90 * 30
    assert red(contact_sheet(tiles(2, size=(10, 20)), side=80)) == 2 * 40 * 80


def test_a_sheet_grows_by_rows_and_a_single_picture_gets_no_empty_columns() -> None:
    one, six, seven = (contact_sheet(tiles(n)).size for n in (1, 6, 7))
    assert one[0] < six[0] == seven[0]
    assert one[1] == six[1] < seven[1]


def test_a_long_caption_does_not_run_into_the_next_picture() -> None:
    caption = "an extremely long title of a product that no shelf label could hold"
    sheet = np.asarray(contact_sheet([*tiles(1, caption=caption), *tiles(1, caption="")], columns=2, side=100))
    assert (sheet[8 + 100 :, 8 + 100 :] == 255).all()


def test_a_caption_of_two_lines_shows_where_two_products_differ_and_stays_in_its_column() -> None:
    def under(caption: str, lines: int) -> np.ndarray:
        sheet = np.asarray(contact_sheet([*tiles(1, caption=caption), *tiles(1, caption="")], 2, 100, lines=lines))
        assert (sheet[8 + 100 :, 8 + 100 :] == 255).all()
        return sheet[8 + 100 :, : 8 + 100]

    small, large = "Orchard Row Juice Apple 250 ml", "Orchard Row Juice Apple 1 litre"
    assert (under(small, 1) == under(large, 1)).all(), "one line ends before that"
    assert (under(small, 2) != under(large, 2)).any()
    assert under("a" * 90, 2).shape == under(small, 2).shape


def test_captions_in_other_scripts_and_with_line_breaks_do_not_stop_the_report() -> None:
    assert contact_sheet(tiles(1, caption="Käse 乳酪\n\t🧀 \u202e"), title="Nächte\n2").size[0] > 0


def test_a_night_with_nothing_to_show_still_gives_a_sheet_that_says_so() -> None:
    assert np.asarray(contact_sheet([], title="Unseen")).min() < 128


def test_transparent_and_grey_pictures_are_shown_too() -> None:
    pictures = [Image.new(mode, (20, 20)) for mode in ("RGBA", "L", "P", "1")]
    assert contact_sheet([Tile(picture, picture.mode) for picture in pictures]).mode == "RGB"


def test_a_sheet_without_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        contact_sheet(tiles(1), columns=0)
