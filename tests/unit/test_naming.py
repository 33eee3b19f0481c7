"""Which product a typed name means."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from labelling.payloads import new_sku
from recognition.vocabulary import LabelOrigin
from tasks.naming import AmbiguousName, KnownNames, Meaning, NameReason, folded
from warehouse.products import ProductRow

TEA = ProductRow(
    "T-1", "Green Tea 20", "Tamiko", None, None, None, None, "shop", LabelOrigin.CATALOGUE, "run1",
    datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
CRISPS = replace(TEA, sku="C-1", title="Sea Salt", brand="Tidewell")
BAR = replace(TEA, sku="B-1", title="Sea Salt", brand="Cacao Norte")
NAMED = replace(TEA, sku="new-blue-soap", title="Blue Soap", brand=None, named_by=LabelOrigin.ANNOTATOR)
NAMES = KnownNames([TEA, CRISPS, BAR, NAMED])


@pytest.mark.parametrize(
    "typed", ["Green Tea 20", "green  TEA 20", "\uff27reen Tea\u00a020", "Green\u200b Tea 20\u00ad"]
)
def test_a_title_in_other_case_spacing_or_unicode_means_the_product(typed: str) -> None:
    assert NAMES.meaning(typed) == Meaning("T-1", NameReason.SAME_TITLE)


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert folded("Cre\u0300me") == folded("Cr\u00e8me") != folded("Creme")


def test_a_name_may_begin_with_its_brand() -> None:
    assert NAMES.meaning("TAMIKO green tea 20") == Meaning("T-1", NameReason.SAME_BRAND_AND_TITLE)
    whole = KnownNames([replace(TEA, title="Tamiko Green Tea 20")])
    assert whole.meaning("tamiko green tea 20") == Meaning("T-1", NameReason.SAME_BRAND_AND_TITLE)


def test_the_brand_tells_two_products_of_one_title_apart() -> None:
    assert NAMES.meaning("tidewell sea salt") == Meaning("C-1", NameReason.SAME_BRAND_AND_TITLE)
    assert NAMES.meaning("Cacao Norte Sea Salt") == Meaning("B-1", NameReason.SAME_BRAND_AND_TITLE)


def test_a_title_that_two_brands_have_is_not_guessed() -> None:
    meant = NAMES.meaning("Sea salt")

    assert isinstance(meant, AmbiguousName)
    assert [product.sku for product in meant.products] == ["B-1", "C-1"]
    assert "C-1 (Tidewell)" in str(meant)


def test_the_title_of_one_brand_with_the_name_of_another_is_a_new_product() -> None:
    assert NAMES.meaning("Haverly Green Tea 20") == Meaning(new_sku("Haverly Green Tea 20"), None)


def test_the_same_new_name_again_is_no_merge_and_other_punctuation_is_one() -> None:
    assert NAMES.meaning("blue soap") == Meaning("new-blue-soap", None)
    assert NAMES.meaning("Blue-Soap") == Meaning("new-blue-soap", NameReason.SAME_WORDS)
    assert "new-blue-soap" in NAMES
