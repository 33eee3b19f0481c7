"""Rows to Arrow and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from recognition.vocabulary import Tier
from warehouse.errors import WarehouseError
from warehouse.rows import Candidates, Hash64, arrow_table, read_rows

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    tier: Tier
    phash: Hash64 | None
    price: Decimal | None
    at: datetime
    images: tuple[str, ...]
    candidates: Candidates


SAMPLE = Sample("a", Tier.GALLERY, 2**64 - 1, Decimal("9.9900"), NOON, ("x", "y"), (("s1", 0.75), ("s2", 0.25)))


def test_every_kind_of_field_survives_the_way_through_arrow():
    bare = Sample("b", Tier.TRAINED, None, None, NOON, (), ())
    table = arrow_table([SAMPLE, bare]).drop_columns(["row_position"])
    tuples = [tuple(row.values()) for row in table.to_pylist()]
    assert read_rows(Sample, table.column_names, tuples) == [SAMPLE, bare]


def test_a_hash_with_its_highest_bit_set_is_not_an_overflow():
    assert arrow_table([SAMPLE])["phash"].to_pylist() == [2**64 - 1]


def test_a_time_in_another_zone_is_stored_as_the_same_instant():
    shifted = NOON.astimezone(timezone(timedelta(hours=5)))
    sample = Sample("a", Tier.GALLERY, None, None, shifted, (), ())
    assert arrow_table([sample])["at"].to_pylist() == [NOON]


def test_a_time_without_a_zone_is_refused_and_not_guessed():
    sample = Sample("a", Tier.GALLERY, None, None, NOON.replace(tzinfo=None), (), ())
    with pytest.raises(WarehouseError, match="without a zone"):
        arrow_table([sample])


def test_a_price_that_does_not_fit_its_column_is_refused_and_not_cut():
    sample = Sample("a", Tier.GALLERY, None, Decimal("1.23456"), NOON, (), ())
    with pytest.raises(WarehouseError, match=r"Sample\.price"):
        arrow_table([sample])


def test_a_query_whose_columns_are_in_another_order_is_noticed_at_once():
    with pytest.raises(WarehouseError, match="Sample has"):
        read_rows(Sample, ["tier", "name"], [("gallery", "a")])


def test_a_word_that_is_in_no_vocabulary_is_an_error_on_reading():
    with pytest.raises(ValueError, match="gold"):
        read_rows(Sample, list(Sample.__dataclass_fields__), [("a", "gold", None, None, NOON, [], [])])
