import pytest

from recognition.catalogue.keys import gtin_key, mpn_key


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("4006381333931", "04006381333931"),
        ("04006381333931", "04006381333931"),
        ("4006381-333931", "04006381333931"),
        ("036000291452", "00036000291452"),  # a UPC-A
        ("0036000291452", "00036000291452"),  # the same as a GTIN-13
        ("96385074", "00000096385074"),  # a GTIN-8
        ("10012345678902", "10012345678902"),  # a case of many: another product than one of them
    ],
)
def test_a_barcode_is_one_key_however_many_digits_a_shop_writes(said: str, key: str) -> None:
    assert gtin_key(said) == key


@pytest.mark.parametrize(
    "said",
    [
        None, "", "n/a", "4006381333932", "400638133393", "0000000000000", "00000000", "123", "١٢٣٤٥٦٧٨",
        "2012345678900",  # weighed in the shop
        "0200000000004",
        "9900000000004",  # a coupon
        "00000026",
    ],
)  # fmt: skip
def test_what_names_a_product_in_one_shop_only_or_none_at_all_is_no_key(said: str | None) -> None:
    assert gtin_key(said) is None


def test_a_part_number_is_compared_without_what_differs_from_shop_to_shop() -> None:
    assert mpn_key("ACME Tools", "AB-12/34 c") == mpn_key("acme tools", "ab1234C") == "acmetools|ab1234c"


@pytest.mark.parametrize(
    ("brand", "mpn"), [(None, "AB1234"), ("Acme", None), ("Acme", "M"), ("Acme", "large"), ("Acme", "N/A1")]
)
def test_a_part_number_that_could_mean_anything_is_no_key(brand: str | None, mpn: str | None) -> None:
    assert mpn_key(brand, mpn) is None
