import numpy as np
import pytest

from recognition.catalogue.suggestions import Alike, LookedAt, find_alike, title_likeness
from recognition.vocabulary import LabelOrigin

NEAR, FAR = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)


def product(
    sku: str,
    title: str = "Green tea 100 g",
    brand: str | None = "Leaf",
    named_by: LabelOrigin = LabelOrigin.CATALOGUE,
    sources: str = "",
    groups: str = "",
) -> LookedAt:
    return LookedAt(sku, title, brand, named_by, frozenset(sources), frozenset(groups))


def alike(left: LookedAt, right: LookedAt, *, crowd: int = 9) -> list[Alike]:
    """Two products of one picture among others that look like something else."""
    others = [product(f"other{n}", f"Thing {n}", "Acme", sources=f"{n}") for n in range(crowd)]
    pictures = np.array([NEAR, NEAR, *[FAR] * crowd], np.float32)
    return find_alike([left, right, *others], pictures, {left.sku, right.sku})


def test_two_shops_with_one_picture_and_one_title_are_suggested_and_the_older_stays() -> None:
    assert alike(product("a", sources="x"), product("b", sources="y")) == [Alike("b", "a", 1.0, 1.0)]


def test_what_a_person_named_becomes_a_name_of_what_the_catalogue_knows_though_it_is_older() -> None:
    named = product("n", "leaf green tea box", None, LabelOrigin.ANNOTATOR)
    assert [(pair.sku, pair.into_sku) for pair in alike(named, product("c", sources="x"))] == [("n", "c")]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (product("a", sources="x"), product("b", sources="x")),  # one shop tells them apart
        (product("a", brand="Leaf", sources="x"), product("b", brand="Acme", sources="y")),
        (product("a", "Green tea 100 g", sources="x"), product("b", "Roast coffee", sources="y")),
        (product("a", "Leaf 1", sources="x"), product("b", "Leaf 2", sources="y")),  # only the brand is shared
    ],
)
def test_what_shop_brand_or_title_tells_apart_is_not_suggested(left: LookedAt, right: LookedAt) -> None:
    assert alike(left, right) == []


def test_a_shared_picture_is_found_among_any_number_of_nearer_ones() -> None:
    left, right = product("a", sources="x", groups="g"), product("b", sources="y", groups="g")
    crowd = [product(f"o{n}", f"Thing {n}", sources=f"{n}") for n in range(20)]
    pictures = np.array([NEAR, FAR, *[NEAR] * 20], np.float32)
    assert find_alike([left, right, *crowd], pictures, {"a"}) == [Alike("b", "a", 1.0, 1.0)]


def test_only_new_products_are_compared() -> None:
    pair = [product("a", sources="x"), product("b", sources="y")]
    assert find_alike(pair, np.array([NEAR, NEAR], np.float32), set()) == []


def test_titles_are_alike_whatever_their_case_accents_and_signs() -> None:
    assert title_likeness("Café crème, 250 g", "CAFE CREME 250g (250 g)") == 1.0
    assert title_likeness("", "tea") == 0.0
