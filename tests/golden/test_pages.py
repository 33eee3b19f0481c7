"""Pages in the styles of many shop systems, and what stands on them: a folder each, with input.html and expected.json.

A folder may hold a page_object.py, as a user would write it for a shop that the general rules do not read well.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from spiders.page_object import load_page_objects, read_page
from spiders.pages import PageProduct

FOLDERS = sorted(path.parent for path in (Path(__file__).parent / "pages").glob("*/expected.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_page_is_read_as_it_stands(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    own = folder / "page_object.py"
    page_objects = load_page_objects(own) if own.exists() else ()
    products = read_page((folder / "input.html").read_text(encoding="utf-8"), expected["url"], page_objects)
    assert [_told(product, wanted) for product, wanted in zip(products, expected["products"], strict=True)] == expected[
        "products"
    ]


def _told(product: PageProduct, wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields that are expected, as JSON writes them."""
    told = {**asdict(product), "price": str(product.price), "images": list(product.image_urls)}
    return {name: told[name] for name in wanted}
