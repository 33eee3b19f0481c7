"""How well pages of real shops are read, by the rule of the benchmark they come from (F1, exact match per field)."""

import gzip
import json
import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from spiders.cleaning import safe_sku
from spiders.errors import SpiderError
from spiders.pages import PageProduct, read_product

PAGES = Path(os.environ.get("SKULOOP_SHARED", str(Path(__file__).parents[3] / "shared"))) / "data" / "product_pages"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not PAGES.is_dir(), reason="the saved product pages of SKULOOP_SHARED are not on this machine"),
]


def as_price(text: object) -> object:
    try:
        return Decimal(str(text).strip())
    except InvalidOperation:
        return text


FIELDS: dict[str, tuple[Callable[[PageProduct], object], Callable[[str], object], float]] = {
    # field: what we say, how the truth is spelt, and a floor a little under what was measured (.924, .904, .912)
    "price": (lambda product: product.price, as_price, 0.91),
    "sku": (lambda product: product.sku, safe_sku, 0.89),
    "availability": (lambda product: product.availability, str, 0.89),
}


def read(key: str, url: str) -> PageProduct | None:
    try:
        text = gzip.decompress((PAGES / "html" / f"{key}.html.gz").read_bytes()).decode("utf-8", "replace")
        return read_product(text, url)
    except SpiderError:
        return None


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    pages: dict[str, dict[str, Any]] = json.loads((PAGES / "truth.json").read_text(encoding="utf-8"))
    return pages


@pytest.fixture(scope="module")
def products(truth: dict[str, dict[str, Any]]) -> dict[str, PageProduct | None]:
    return {key: read(key, page["url"]) for key, page in truth.items()}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_real_shops_is_read_no_worse_than_when_it_was_measured(
    name: str, truth: dict[str, dict[str, Any]], products: dict[str, PageProduct | None]
) -> None:
    said, spelt, floor = FIELDS[name]
    right = claimed = expected = 0
    for key, page in truth.items():
        product = products[key]
        answer = said(product) if product is not None else None
        accepted = {spelt(text) for text in page.get(name, ())}
        right += answer is not None and answer in accepted
        claimed += answer is not None
        expected += bool(accepted)
    precision, recall = right / claimed, right / expected
    f1 = 2 * precision * recall / (precision + recall)
    print(f"{name}: F1 {f1:.3f} (precision {precision:.3f}, recall {recall:.3f}) on {len(truth)} pages")
    assert f1 >= floor
