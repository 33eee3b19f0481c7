"""A table that is bisected on disk answers as a dictionary does."""

from hypothesis import given
from hypothesis import strategies as st

from recognition.release.sorted_lines import SortedLines, dump_sorted_lines

skus = st.text(min_size=1, max_size=6)


@given(rows=st.dictionaries(skus, st.integers()), others=st.lists(skus))
def test_every_row_is_found_by_its_key_and_no_other_is(rows: dict[str, int], others: list[str]) -> None:
    table = SortedLines(dump_sorted_lines(({"sku": sku, "n": n} for sku, n in rows.items()), "sku"), "sku")
    assert len(table) == len(rows)
    assert [row["sku"] for row in table] == sorted(rows)
    for sku in [*rows, *others]:
        found = table.find(sku)
        assert (found["n"] if found else None) == rows.get(sku)
