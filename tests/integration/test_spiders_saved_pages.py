"""How well pages of real shops are read, by the rule of the benchmark they come from (`benchmarks.pages`)."""

import os
from pathlib import Path

import pytest

from benchmarks.pages import Answers, SavedPages, our_answers, saved_pages, score, shop_of

SHARED = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared")))

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (SHARED / "data" / "product_pages").is_dir(),
        reason="the saved product pages of SKULOOP_SHARED are not on this machine",
    ),
]

# A floor a little under what `python -m benchmarks.pages` printed last, for the held-out shops and the others.
FLOORS = {"price": (0.92, 0.96), "sku": (0.85, 0.94), "availability": (0.91, 0.96)}


@pytest.fixture(scope="module")
def pages() -> SavedPages:
    return saved_pages(SHARED)


@pytest.fixture(scope="module")
def answers(pages: SavedPages) -> Answers:
    return our_answers(pages)


@pytest.mark.parametrize("held_out", [True, False])
@pytest.mark.parametrize("name", FLOORS)
def test_a_field_of_real_shops_is_read_no_worse_than_when_it_was_measured(
    name: str, pages: SavedPages, answers: Answers, *, held_out: bool
) -> None:
    found = score(pages.truth, answers, name, pages.keys(held_out=held_out))
    assert found.f1 >= FLOORS[name][0 if held_out else 1], f"{name}: {found}"


def test_no_shop_is_in_both_parts(pages: SavedPages) -> None:
    parts = [{shop_of(pages.truth[key]["url"]) for key in pages.keys(held_out=part)} for part in (True, False)]
    assert not parts[0] & parts[1]
    assert len(parts[0]) == sum(map(len, parts)) // 3
