"""Readers of data: what shops, feeds and tables say comes out as products, and what is wrong with it as problems."""

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from recognition.vocabulary import FetchReason
from spiders.errors import PageUnreadableError
from spiders.kinds.data_file import DataFileReader
from spiders.kinds.shopify import PAGE_SIZE, ShopifyReader
from spiders.kinds.woocommerce import WooCommerceReader
from spiders.pages import PageProduct
from spiders.reader import Document, Found, Problem, Target
from spiders.sources import FeedSource, ShopifySource, SiteSource, TableSource, WooCommerceSource

FEED_URL = "https://shop.example/feed.xml"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def answer(value: object, url: str = "https://shop.example/products.json?limit=250&page=1") -> Document:
    return Document(Target(url, "data"), json.dumps(value).encode(), None, "application/json")


def sorted_out(found: Found) -> tuple[list[PageProduct], list[Problem]]:
    every = list(found.products)
    products = [each for each in every if isinstance(each, PageProduct)]
    return products, [each for each in every if isinstance(each, Problem)]


# --- Shopify


def variant(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": 1000 + number, "title": f"Red / {number}", "sku": f"MUG-{number}", "price": "12.50", "available": True,
        "featured_image": None, **changes,
    }  # fmt: skip


def mug(*variants: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": 77, "title": "Mug <b>big</b>", "handle": "mug", "vendor": "Kiln", "product_type": "Mugs",
        "body_html": "<p>Nice &amp; warm</p>", "variants": list(variants),
        "images": [{"src": "https://cdn.example/a.jpg", "variant_ids": []}], **changes,
    }  # fmt: skip


SHOPIFY = ShopifyReader(ShopifySource(name="s", url="https://shop.example/en", currency="EUR", sku_prefix="k."))


def test_each_size_of_a_shopify_product_is_a_sku_of_one_group_and_pictures_are_not_shared() -> None:
    red = variant(1, featured_image={"src": "https://cdn.example/red.jpg"})
    products, problems = sorted_out(
        SHOPIFY.read(answer({"products": [mug(variant(0), red, variant(2, available=False))]}))
    )
    assert [each.sku for each in products] == ["k.MUG-0", "k.MUG-1", "k.MUG-2"]
    assert {(each.group, each.title, each.brand, each.currency) for each in products} == {
        ("k.77", "Mug big", "Kiln", "EUR")
    }
    assert [each.image_urls for each in products] == [
        ("https://cdn.example/a.jpg",),
        ("https://cdn.example/red.jpg",),
        (),
    ]
    assert [each.availability for each in products] == ["InStock", "InStock", "OutOfStock"]
    assert products[1].url == "https://shop.example/products/mug?variant=1001"
    assert (products[0].price, products[0].variant, problems) == (Decimal("12.50"), "Red / 0", [])


def test_a_shopify_product_without_options_is_no_group_and_its_page_has_no_parameter() -> None:
    (product,), _ = sorted_out(SHOPIFY.read(answer({"products": [mug(variant(0, title="Default Title", sku=""))]})))
    assert (product.sku, product.group, product.variant) == ("k.1000", None, None)
    assert product.url == "https://shop.example/products/mug"


def test_one_number_for_all_sizes_names_none_of_them() -> None:
    products, _ = sorted_out(SHOPIFY.read(answer({"products": [mug(variant(0, sku="X"), variant(1, sku="X"))]})))
    assert [each.sku for each in products] == ["k.1000", "k.1001"]


def test_a_full_page_leads_to_the_next_and_a_short_one_ends() -> None:
    full = [mug(variant(0), id=number) for number in range(PAGE_SIZE)]
    (following,) = SHOPIFY.read(answer({"products": full})).targets
    assert following.url == "https://shop.example/products.json?limit=250&page=2"
    assert SHOPIFY.read(answer({"products": full[:-1]})).targets == ()


def test_collections_are_read_one_by_one_and_name_themselves() -> None:
    reader = ShopifyReader(ShopifySource(name="s", url="https://shop.example", categories=("mugs", "a/b")))
    assert [(target.url, target.category) for target in reader.start()] == [
        ("https://shop.example/collections/mugs/products.json?limit=250&page=1", "mugs"),
        ("https://shop.example/collections/a%2Fb/products.json?limit=250&page=1", "a/b"),
    ]


def test_a_shopify_entry_of_nonsense_is_a_problem_and_the_others_are_read() -> None:
    entries = [{"handle": "empty"}, 7, None, mug(variant(0), title=None), mug(variant(0))]
    products, problems = sorted_out(SHOPIFY.read(answer({"products": entries})))
    assert len(products) == 1
    assert [problem.reason for problem in problems] == [FetchReason.NO_PRODUCT] * 2


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'"x"', b"", b"[" * 100_000])
def test_an_answer_that_is_no_products_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(PageUnreadableError):
        SHOPIFY.read(Document(Target("https://shop.example/products.json?limit=250&page=1", "data"), body, None))


# --- WooCommerce

WOO = WooCommerceReader(WooCommerceSource(name="w", url="https://shop.example/store/"))


def woo(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "name": f"Mug {number}", "sku": f"W-{number}", "permalink": f"https://shop.example/p/{number}",
        "prices": {"price": "1250", "currency_code": "EUR", "currency_minor_unit": 2}, "is_in_stock": True,
        "images": [{"src": f"https://cdn.example/{number}.jpg"}], "categories": [{"name": "Kitchen"}, {"name": "Mugs"}],
        "variations": [], "parent": 0, **changes,
    }  # fmt: skip


def test_the_store_api_s_smallest_units_become_prices() -> None:
    yen = woo(2, prices={"price": "1250", "currency_code": "JPY", "currency_minor_unit": 0})
    products, _ = sorted_out(WOO.read(answer([woo(1), yen], "https://shop.example/x&page=1")))
    assert [(each.price, each.currency) for each in products] == [(Decimal("12.50"), "EUR"), (Decimal(1250), "JPY")]
    assert (products[0].sku, products[0].category, products[0].availability) == ("W-1", "Mugs", "InStock")


def test_a_variable_product_is_asked_for_its_variations_which_are_what_is_sold() -> None:
    found = WOO.read(answer([woo(1, variations=[{"id": 11}, {"id": 12}]), woo(2)], "https://shop.example/x&page=1"))
    products, _ = sorted_out(found)
    (target,) = found.targets
    assert [each.sku for each in products] == ["W-2"]
    assert target.url == (
        "https://shop.example/store/wp-json/wc/store/v1/products?per_page=100&type=variation&parent=1&page=1"
    )
    small = woo(11, parent=1, variation="Size: S", images=[{"src": "https://cdn.example/1.jpg"}])
    large = woo(12, parent=1, variation="Size: L", images=[{"src": "https://cdn.example/1.jpg"}], is_in_stock=False)
    products, _ = sorted_out(WOO.read(answer([small, large], target.url)))
    assert [(each.group, each.variant, len(each.image_urls), each.availability) for each in products] == [
        ("1", "Size: S", 1, "InStock"), ("1", "Size: L", 0, "OutOfStock"),
    ]  # fmt: skip


def test_an_error_of_the_store_api_is_told_in_its_own_words() -> None:
    with pytest.raises(PageUnreadableError, match="No route was found"):
        WOO.read(answer({"code": "rest_no_route", "message": "No route was found"}, "https://shop.example/x&page=1"))


# --- feeds

RSS = """<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>M-1</g:id><title>Red mug</title><link>https://shop.example/p/1</link>
<description>&lt;b&gt;Nice&lt;/b&gt;</description><g:image_link>https://cdn.example/1.jpg</g:image_link>
<g:additional_image_link>https://cdn.example/2.jpg</g:additional_image_link>
<g:price>15.00 EUR</g:price><g:sale_price>12.50 EUR</g:sale_price><g:availability>in_stock</g:availability>
<g:brand>Kiln</g:brand><g:gtin>4006381333931</g:gtin><g:mpn>KM1</g:mpn><g:item_group_id>mug</g:item_group_id>
<g:color>Red</g:color><g:size>S</g:size>
<g:product_type>Home &gt; Kitchen &gt; Mugs</g:product_type></item>
<item><g:id>M-2</g:id><title>Blue mug</title><link>https://shop.example/p/2</link><g:price>15,00 EUR</g:price>
<g:sale_price>1.00 EUR</g:sale_price>
<g:sale_price_effective_date>2020-01-01T00:00+0100/2020-02-01T00:00+0100</g:sale_price_effective_date>
<g:availability>out of stock</g:availability><g:image_link>https://cdn.example/1.jpg</g:image_link>
<g:item_group_id>mug</g:item_group_id></item>
</channel></rss>"""


def feed(body: bytes | str, url: str = FEED_URL) -> tuple[list[PageProduct], list[Problem]]:
    data = body.encode() if isinstance(body, str) else body
    reader = DataFileReader(FeedSource(name="f", url=url), NOW)
    return sorted_out(reader.read(Document(Target(url, "data"), data, None)))


def test_a_merchant_feed_gives_every_field() -> None:
    for body in (RSS.encode(), gzip.compress(RSS.encode()), b"\xef\xbb\xbf" + RSS.encode()):
        (red, blue), problems = feed(body)
        assert problems == []
        assert (red.sku, red.title, red.brand, red.gtin, red.mpn) == ("M-1", "Red mug", "Kiln", "4006381333931", "KM1")
        assert (red.price, red.currency, red.availability, red.category) == (Decimal("12.50"), "EUR", "InStock", "Mugs")
        assert (red.group, red.variant, red.description) == ("mug", "Red / S", "Nice")
        assert red.image_urls == ("https://cdn.example/1.jpg", "https://cdn.example/2.jpg")
        assert (blue.price, blue.availability) == (Decimal("15.00"), "OutOfStock"), "the sale is over"
        assert blue.image_urls == (), "its picture is that of another size"


def test_atom_is_read_like_rss() -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title><entry>
    <g:id>A</g:id><title>Mug</title><link href="https://shop.example/p/1"/><g:price>1 EUR</g:price></entry></feed>"""
    (product,), _ = feed(atom)
    assert (product.sku, product.url, product.price) == ("A", "https://shop.example/p/1", Decimal(1))


@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_a_feed_with_separators_is_read_whatever_separates_and_however_columns_are_spelt(separator: str) -> None:
    stream = StringIO()
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow(["ID", "Title", "Image Link", "additional_image_link", "price", "availability"])
    writer.writerow(
        [
            "1",
            "Mug",
            "https://cdn.example/1.jpg",
            "https://cdn.example/2.jpg,https://cdn.example/3.jpg",
            "9.90 EUR",
            "in stock",
        ]
    )
    (product,), problems = feed(stream.getvalue())
    assert (product.sku, product.price, len(product.image_urls), problems) == ("1", Decimal("9.90"), 3, [])


def test_umlauts_survive_the_encodings_that_shops_use() -> None:
    text = "id,title,price\n1,Größe,5\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        (product,), _ = feed(text.encode(encoding))
        assert product.title == "Größe", encoding


def test_a_row_without_title_is_a_problem_and_the_next_is_read() -> None:
    products, (problem,) = feed("id,title,price\n1,,5\n2,Mug,5\n")
    assert [product.sku for product in products] == ["2"]
    assert (problem.reason, problem.url) == (FetchReason.NO_PRODUCT, f"{FEED_URL}#1")


def test_a_file_with_columns_of_another_kind_is_given_up_early_and_says_what_to_write() -> None:
    _, problems = feed("when,who,what\n" + "today,me,nothing\n" * 1000)
    assert len(problems) == 21
    assert "when, who, what" in problems[-1].detail


@pytest.mark.parametrize(
    "body",
    [b"", b"   ", b"<!DOCTYPE html><html><body>Login</body></html>", b"<rss><channel></channel></rss>", b"one column\n",
     b"\x1f\x8bnot gzip at all", b"PAR1 and no more", RSS.encode()[:900], gzip.compress(RSS.encode())[:200]],
)  # fmt: skip
def test_what_is_no_feed_or_half_of_one_ends_in_one_problem(body: bytes) -> None:
    _, problems = feed(body)
    assert [problem.reason for problem in problems] == [FetchReason.PARSE]


def test_what_came_before_the_damage_is_kept() -> None:
    products, problems = feed(RSS[: RSS.index("M-2")])
    assert [product.sku for product in products] == ["M-1"]
    assert len(problems) == 1


def test_entities_do_not_explode_and_no_file_of_this_machine_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("top secret")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = (
        f'<!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
        "<rss><channel><item><id>1</id><title>Mug &l9; &x;</title></item></channel></rss>"
    )
    products, problems = feed(bomb)
    assert all("ha" not in product.title and "secret" not in product.title for product in products)
    assert len(products) + len(problems) == 1


def test_a_packed_feed_that_unpacks_to_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiders.kinds.documents.MAX_UNPACKED", 1_000_000)
    body = gzip.compress(b"id,title\n" + b"1,Mug\n" * 1_000_000)
    products, problems = feed(body)
    assert len(products) < 200_000
    assert problems[-1].reason is FetchReason.PARSE


def test_a_large_feed_is_read_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    with path.open("w") as stream:
        stream.write("id,title,price\n")
        stream.writelines(f"{number},Mug {number},1.00\n" for number in range(50_000))
    reader = DataFileReader(FeedSource(name="f", path=path), NOW)
    (target,) = reader.start()
    products = iter(reader.read(Document(target, b"", None, path=path)).products)
    assert target.url == path.as_uri()
    assert next(products).sku == "0"  # type: ignore[union-attr] # without having read the rest
    assert sum(1 for _ in products) == 49_999


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(str.encode)
    | st.integers(0, len(RSS)).map(lambda cut: (RSS[:cut] + "<&\x00" + RSS[cut:]).encode())
)
def test_no_bytes_at_all_crash_the_reading_of_a_feed(body: bytes) -> None:
    products, problems = feed(body)
    assert products or problems


# --- tables


def table(columns: dict[str, str], path: Path) -> tuple[list[PageProduct], list[Problem]]:
    reader = DataFileReader(TableSource(name="t", path=path, columns=columns), NOW)
    return sorted_out(reader.read(Document(reader.start()[0], b"", None, path=path)))


def write_table(path: Path, rows: Iterable[dict[str, object]]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def test_any_column_can_be_named_and_the_others_are_guessed(tmp_path: Path) -> None:
    row = {
        "Artikel Nr.": 4711,
        "was": "Rote Tasse",
        "pics": ["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"],
        "Preis": 12.5,
        "Währung": None,
    }
    path = write_table(tmp_path / "t.parquet", [row])
    (product,), problems = table({"sku": "artikel_nr", "title": "was", "image": "pics"}, path)
    assert (product.sku, product.title, product.price) == ("4711", "Rote Tasse", Decimal("12.5"))
    assert product.image_urls == ("https://cdn.example/a.jpg", "https://cdn.example/b.jpg")
    assert problems == []


def test_numbered_picture_columns_and_counted_stock_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "sku;name;image1;image2;stock\nA;Mug;https://c.example/1.jpg;https://c.example/2.jpg;0\nB;Cup;https://c.example/3.jpg;;7\n"
    )
    products, _ = table({}, path)
    assert [(len(each.image_urls), each.availability) for each in products] == [(2, "OutOfStock"), (1, "InStock")]


def test_a_table_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    _, (problem,) = table({}, tmp_path / "none.csv")
    assert problem.reason is FetchReason.UNREADABLE_FILE


# --- settings


@pytest.mark.parametrize(
    ("model", "keys", "message"),
    [
        (TableSource, {"path": "t.csv", "columns": {"colour": "x"}}, "no field 'colour'"),
        (FeedSource, {}, "either url or path"),
        (FeedSource, {"url": FEED_URL, "path": "x"}, "either url or path"),
        (ShopifySource, {"url": "https://s.example", "per_category": 5}, "name them"),
        (SiteSource, {"url": "https://s.example", "categories": ["https://other.example/c"]}, "not on the host"),
        (SiteSource, {"url": "ftp://s.example"}, "web address"),
    ],
)
def test_a_source_that_cannot_work_says_what_to_write(model: Any, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        model(name="s", **keys)
