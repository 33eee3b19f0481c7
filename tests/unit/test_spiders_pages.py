import json
from decimal import Decimal
from typing import Any

import pytest

from spiders.errors import NoProductError, PageUnreadableError
from spiders.pages import parse_page, read_product
from spiders.visible import VisiblePage

URL = "https://shop.example/p/red-mug-4711.html"
PRODUCT: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "Red mug",
    "sku": "MUG-1",
    "gtin13": "4006381333931",
    "brand": {"@type": "Brand", "name": "Kiln"},
    "image": ["/img/a.jpg", "https://cdn.example/b.jpg"],
    "offers": {
        "@type": "Offer",
        "price": "12.50",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
    },
}


def page(*blocks: object, body: str = "", head: str = "") -> str:
    scripts = "".join(
        f'<script type="application/ld+json">{block if isinstance(block, str) else json.dumps(block)}</script>'
        for block in blocks
    )
    return f"<html><head>{head}{scripts}</head><body>{body}</body></html>"


def test_json_ld_gives_every_field() -> None:
    product = read_product(page(PRODUCT), URL, "k.")
    assert product.sku == "k.MUG-1"
    assert (product.title, product.brand, product.gtin) == ("Red mug", "Kiln", "4006381333931")
    assert (product.price, product.currency, product.availability) == (Decimal("12.50"), "EUR", "InStock")
    assert product.image_urls == ("https://shop.example/img/a.jpg", "https://cdn.example/b.jpg")


def test_a_product_inside_a_graph_is_found() -> None:
    assert read_product(page({"@graph": [{"@type": "WebSite", "name": "Shop"}, PRODUCT]}), URL).sku == "MUG-1"


def test_comments_and_trailing_commas_in_json_ld_do_no_harm() -> None:
    block = '<!-- seo -->{"@type": "Product", /* x */ "name": "Red mug", "sku": "MUG-1",}'
    assert read_product(page(block), URL).title == "Red mug"


def test_a_broken_block_beside_a_good_one_costs_nothing() -> None:
    assert read_product(page("{", PRODUCT), URL).sku == "MUG-1"


def test_a_page_with_nothing_but_a_broken_block_is_a_parse_failure_not_a_page_without_product() -> None:
    with pytest.raises(PageUnreadableError):
        read_product(page('{"@type": "Product", "name": "Red'), URL)


def test_microdata_is_read_where_there_is_no_json_ld() -> None:
    body = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Red mug</h1>
    <meta itemprop="sku" content="MUG-1"><div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
    <span itemprop="price" content="12.50">12,50 €</span><meta itemprop="priceCurrency" content="EUR">
    <link itemprop="availability" href="https://schema.org/OutOfStock"></div></div>"""
    product = read_product(page(body=body), URL)
    assert (product.sku, product.price, product.availability) == ("MUG-1", Decimal("12.50"), "OutOfStock")


def test_opengraph_is_enough_for_a_product() -> None:
    head = """<meta property="og:type" content="product"><meta property="og:title" content="Red mug">
    <meta property="product:price:amount" content="12.50"><meta property="product:price:currency" content="EUR">"""
    product = read_product(page(head=head), URL)
    assert (product.sku, product.price, product.currency) == ("red-mug-4711", Decimal("12.50"), "EUR")


def test_without_a_sku_the_next_best_id_is_taken() -> None:
    bare = {key: value for key, value in PRODUCT.items() if key not in {"sku", "gtin13"}}
    assert read_product(page({**bare, "mpn": "M-77"}), URL).sku == "M-77"
    assert read_product(page({**bare, "gtin13": "4006381333931"}), URL).sku == "4006381333931"
    assert read_product(page(bare), URL).sku == "red-mug-4711"


def test_a_page_about_nothing_for_sale_is_no_product() -> None:
    for text in (page(body="<h1>About us</h1><p>Since 1907.</p>"), "", "   ", "\x00\x01"):
        with pytest.raises(NoProductError):
            read_product(text, URL)


def test_a_listing_of_several_products_is_not_taken_for_one_of_them() -> None:
    listed = [{**PRODUCT, "name": name, "sku": name, "url": f"/p/{name}"} for name in ("Mug", "Plate", "Bowl", "Cup")]
    with pytest.raises(NoProductError):
        read_product(page(listed, body="<h1>Tableware</h1>"), "https://shop.example/c/tableware")


def test_related_products_do_not_take_the_place_of_the_page_s_own() -> None:
    others = [{**PRODUCT, "name": f"Plate {number}", "sku": f"P{number}"} for number in range(5)]
    assert read_product(page(*others, PRODUCT, body="<h1>Red mug</h1>"), URL).sku == "MUG-1"


def test_a_size_that_is_sold_out_does_not_make_the_product_sold_out() -> None:
    offers = [
        {"@type": "Offer", "price": 5, "availability": f"https://schema.org/{a}"} for a in ("OutOfStock", "InStock")
    ]
    assert read_product(page({**PRODUCT, "offers": offers}), URL).availability == "InStock"


def test_a_price_per_litre_is_not_the_price() -> None:
    per_litre = {
        "@type": "UnitPriceSpecification",
        "price": "3.20",
        "referenceQuantity": {"@type": "QuantitativeValue"},
    }
    offer = {"@type": "Offer", "priceSpecification": [per_litre, {"@type": "PriceSpecification", "price": "1.60"}]}
    assert read_product(page({**PRODUCT, "offers": offer}), URL).price == Decimal("1.60")


def test_a_hostile_name_is_plain_text_before_anyone_stores_it() -> None:
    name = "<script>alert(1)</script>Red mug&lt;img src=x onerror=alert(1)&gt;"
    assert read_product(page(json.dumps({**PRODUCT, "name": name}).replace("</", "<\\/")), URL).title == "Red mug"


def test_an_image_address_that_is_no_web_address_is_left_out() -> None:
    images = ["file:///etc/passwd", "javascript:alert(1)", "data:image/png;base64,AA", "/ok.jpg"]
    assert read_product(page({**PRODUCT, "image": images}), URL).image_urls == ("https://shop.example/ok.jpg",)


def test_json_nested_ten_thousand_deep_ends_in_an_answer_not_in_a_crash() -> None:
    deep = (
        '{"@type":"Product","name":"x","sku":"1","offers":' + '{"@type":"Offer","offers":' * 10_000 + "1" + "}" * 10_001
    )
    with pytest.raises((PageUnreadableError, NoProductError)):
        read_product(page(deep), URL)


def test_html_nested_ten_thousand_deep_ends_in_an_answer_not_in_a_crash() -> None:
    assert read_product(page(PRODUCT, body="<div>" * 10_000 + "x"), URL).sku == "MUG-1"


@pytest.mark.parametrize(
    ("body", "code", "shown"),
    [
        ("<p>No. 4711-B</p>", "4711-B", True),
        ("<p>No. <b>4711</b></p>", "4711", True),
        ("<p>no. 4711-b</p>", "4711-B", True),  # in other letters
        ("<p>No. 47 <i></i>11</p>", "47 11", True),  # put together from several texts
        ("<p>No. 4711-B2</p>", "4711-B", False),
        ("<p hidden>No. 4711-B</p>", "4711-B", False),
        ("<div style='display: none'><p>No. 4711-B</p></div>", "4711-B", False),
        ("<p><s>4711-B</s></p>", "4711-B", False),
        ("<p><s>old</s>4711-B</p>", "4711-B", True),  # after what is struck through, not in it
        ("<script>var id = '4711-B'</script>", "4711-B", False),
        ("<p>No. 4711</p>", "47\x0011", False),
        ("<p>No. 4711</p>", "47\ud80011", False),
    ],
)
def test_an_id_counts_as_shown_where_people_can_read_it_as_a_word(body: str, code: str, *, shown: bool) -> None:
    assert VisiblePage(parse_page(page(body=body))).shows(code) is shown


def test_what_a_page_shows_is_not_gathered_where_machines_are_told_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    def gathered(_: object) -> str:
        raise AssertionError("this is most of the time that a page takes")

    monkeypatch.setattr("spiders.visible._texts", gathered)
    assert read_product(page(PRODUCT, body=f"<p>{PRODUCT['sku']}</p>"), URL).sku == PRODUCT["sku"]


def test_a_barcode_under_its_label_is_found_where_machines_are_told_none() -> None:
    silent = {name: value for name, value in PRODUCT.items() if not name.startswith("gtin")}
    found = read_product(page(silent, body="<h1>Thing</h1><dl><dt>EAN</dt><dd>4006381333931</dd></dl>"), URL)
    assert found.gtin == "4006381333931"
