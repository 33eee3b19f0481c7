import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from recognition.catalogue.matching import KeyedListing, Match, match_by_keys
from recognition.vocabulary import MatchReason

DAY = datetime(2031, 1, 1, tzinfo=UTC)


def listing(
    sku: str, source: str, gtin: str | None = None, mpn: str | None = None, day: int = 0, product: str | None = None
) -> KeyedListing:
    return KeyedListing(source, sku, product or sku, gtin, mpn, DAY + timedelta(days=day))


def test_two_shops_with_one_barcode_list_one_product_and_the_older_sku_stays() -> None:
    found = match_by_keys([listing("new", "b", "G1", day=5), listing("old", "a", "G1")])
    assert found == [Match("new", "old", MatchReason.SAME_GTIN, sure=True)]


def test_products_of_one_title_and_no_key_are_never_matched() -> None:
    assert match_by_keys([listing("x", "a"), listing("y", "b")]) == []


def test_a_part_number_decides_where_there_is_no_barcode_but_not_against_one() -> None:
    same_part = [listing("x", "a", mpn="acme|12"), listing("y", "b", mpn="acme|12", day=1)]
    assert match_by_keys(same_part) == [Match("y", "x", MatchReason.SAME_BRAND_AND_MPN, sure=True)]
    against = [listing("x", "a", "G1", "acme|12"), listing("y", "b", "G2", "acme|12", day=1)]
    assert match_by_keys(against) == [Match("y", "x", MatchReason.SAME_BRAND_AND_MPN, sure=False)]


def test_a_barcode_that_a_shop_gives_to_all_its_sizes_is_asked_about_and_merges_none_of_them() -> None:
    sizes = [listing("s", "a", "G1"), listing("m", "a", "G1", day=1), listing("z", "b", "G1", day=2)]
    assert [match.sure for match in match_by_keys(sizes)] == [False, False]


def test_a_chain_of_keys_does_not_join_two_products_of_one_shop() -> None:
    chain = [listing("x", "a", "G1"), listing("y", "b", "G1", "acme|12", 1), listing("z", "a", None, "acme|12", 2)]
    assert match_by_keys(chain) == [
        Match("y", "x", MatchReason.SAME_GTIN, sure=True),
        Match("z", "x", MatchReason.SAME_BRAND_AND_MPN, sure=False),
    ]


def test_a_pair_that_somebody_spoke_about_is_left_alone() -> None:
    pair = [listing("x", "a", "G1"), listing("y", "b", "G1", day=1)]
    assert match_by_keys(pair, {frozenset({"x", "y"})}) == []


LISTINGS = st.lists(
    st.builds(
        listing,
        sku=st.sampled_from("pqrstuv"),
        source=st.sampled_from("abc"),
        gtin=st.none() | st.sampled_from(["G1", "G2", "G3"]),
        mpn=st.none() | st.sampled_from(["m|1", "m|2"]),
        day=st.integers(0, 3),
    ),
    max_size=8,
    unique_by=lambda each: (each.source, each.sku),
)


@given(LISTINGS, st.randoms())
def test_matches_do_not_depend_on_the_order_of_the_listings(listings: list[KeyedListing], random) -> None:
    shuffled = random.sample(listings, len(listings))
    assert match_by_keys(shuffled) == match_by_keys(listings)


@given(LISTINGS)
def test_no_sure_match_joins_two_skus_of_one_shop_and_every_sku_is_merged_once(listings: list[KeyedListing]) -> None:
    sure = [match for match in match_by_keys(listings) if match.sure]
    into = {match.sku: match.into_sku for match in sure}
    assert len(into) == len(sure)

    def product(sku: str) -> str:
        return product(into[sku]) if sku in into else sku

    for left, right in itertools.combinations(listings, 2):
        if left.source == right.source:
            assert product(left.sku) != product(right.sku)
