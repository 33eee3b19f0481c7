from decimal import Decimal

import pytest

from spiders.offers import parse_availability, parse_currency, parse_price


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("19.90", "19.90"),
        ("1.299", "1.299"),
        ("1.299,00 €", "1299.00"),
        ("£1,234.50", "1234.50"),
        ("EUR 49,-", "49"),
        ("1 234,56 zł", "1234.56"),
        ("0", "0"),
    ],
)
def test_a_price_is_exact_however_it_is_written(written: str, amount: str) -> None:
    assert parse_price(written) == Decimal(amount)


@pytest.mark.parametrize("written", [None, "", "   ", "call us", "NaN", "Infinity", "9" * 400])
def test_what_is_no_price_is_none(written: str | None) -> None:
    assert parse_price(written) is None


def test_a_bare_dollar_sign_is_not_guessed_to_be_american() -> None:
    assert parse_currency("$") is None
    assert parse_currency("NT$") == "TWD"
    assert parse_currency("€") == "EUR"
    assert parse_currency("eur") == "EUR"


def test_availability_has_one_spelling() -> None:
    for written in ("http://schema.org/InStock", "https://schema.org/InStock", "InStock", "in stock", "in_stock"):
        assert parse_availability(written) == "InStock"
    assert parse_availability("oos") == "OutOfStock"
    assert parse_availability("perhaps") is None
