"""How well pages of real shops are read: F1 of price, sku and availability, beside the published outputs of others.

    python -m benchmarks.pages            # the table, for both parts
    python -m benchmarks.pages --errors   # what was read wrongly on the part that rules are developed on

74 saved pages of the product-extraction-benchmark (Zyte, MIT), judged by its own rule: one answer against the accepted
values, exact; a wrong answer is a false positive and, where there was something to find, a false negative too; prices
as decimals; every page is in stock or out of stock, and who says nothing is taken to say in stock. Ids are compared in
the spelling that skuloop gives them (`spiders.cleaning.safe_sku`), those of the others too.

The shops are ordered by the hash of their name: the first third is held out, the others are there to develop on.
The split began with this command; before it, the rules had been tuned while looking at all 74 pages, so the held-out
part is not unseen in full.
Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import gzip
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tldextract import TLDExtract

from skuloop.output import console, print_table
from spiders.cleaning import safe_sku
from spiders.errors import SpiderError
from spiders.pages import read_product
from tasks.settings import shared_data

_SOLD_OUT = frozenset({"OutOfStock", "SoldOut", "Discontinued"})
_RESAMPLED = 1000
_PEERS = ("Zyte", "Diffbot", "extruct")
_DOMAIN = TLDExtract(suffix_list_urls=())  # the list that comes with it: no download

Answers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SavedPages:
    """The pages with their truth and what others read on them, by the page's key."""

    folder: Path
    truth: Answers
    published: Mapping[str, Answers]

    def keys(self, *, held_out: bool) -> list[str]:
        """The pages of one part."""
        shops = sorted({shop_of(page["url"]) for page in self.truth.values()}, key=_hash)
        part = set(shops[: len(shops) // 3] if held_out else shops[len(shops) // 3 :])
        return [key for key, page in self.truth.items() if shop_of(page["url"]) in part]

    def html(self, key: str) -> str:
        """One page as it was saved."""
        packed = (self.folder / "html" / f"{key}.html.gz").read_bytes()
        return gzip.decompress(packed).decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Score:
    """F1 and its parts; `spread` is the standard deviation of F1 over resampled pages."""

    f1: float
    precision: float
    recall: float
    spread: float


def saved_pages(shared: Path) -> SavedPages:
    """The benchmark's files."""
    folder = shared / "data" / "product_pages"
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    published = json.loads((folder / "published_outputs.json").read_text(encoding="utf-8"))
    return SavedPages(folder, truth, published)


def shop_of(url: str) -> str:
    """The name of a page's shop, whatever the country."""
    return _DOMAIN(url).domain


def our_answers(pages: SavedPages) -> Answers:
    """What skuloop reads on each page."""
    return {key: _read(pages.html(key), page["url"]) for key, page in pages.truth.items()}


def score(truth: Answers, answers: Answers, field: str, keys: Sequence[str]) -> Score:
    """Score one field on some pages, by the benchmark's rule."""
    counts = np.array([_judge(truth[key], answers[key], field) for key in keys])
    f1, precision, recall = _metrics(counts)
    random = np.random.default_rng(0)
    drawn = (counts[random.integers(0, len(keys), len(keys))] for _ in range(_RESAMPLED))
    return Score(f1, precision, recall, float(np.std([_metrics(sample)[0] for sample in drawn])))


def _hash(shop: str) -> str:
    return hashlib.sha256(shop.encode()).hexdigest()


def _read(html: str, url: str) -> dict[str, str]:
    try:
        product = read_product(html, url)
    except SpiderError:
        return {}
    told = {"price": product.price, "sku": product.sku, "availability": product.availability}
    return {name: str(value) for name, value in told.items() if value is not None}


def _judge(truth: Mapping[str, Any], answer: Mapping[str, Any], field: str) -> tuple[int, int, int]:
    """True positives, false positives and false negatives of one page."""
    spelt = _SPELLING[field]
    accepted = {spelt(value) for value in truth.get(field, ())}
    told = spelt(answer.get(field))
    right = told is not None and told in accepted
    return int(right), int(told is not None and not right), int(bool(accepted) and not right)


def _metrics(counts: NDArray[np.int_]) -> tuple[float, float, float]:
    right, wrong, missed = (int(column) for column in counts.sum(axis=0))
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    return (2 * precision * recall / (precision + recall) if precision + recall else 0.0), precision, recall


def _price(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value).strip())
    except InvalidOperation:
        return None


def _sku(value: object) -> str | None:
    return None if value is None else safe_sku(str(value))


def _availability(value: object) -> str:
    return "OutOfStock" if value in _SOLD_OUT else "InStock"


_SPELLING: Mapping[str, Callable[[Any], object]] = {"price": _price, "sku": _sku, "availability": _availability}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.pages", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--errors", action="store_true", help="what was read wrongly, on the developed part alone")
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 130
    pages = saved_pages(shared_data())
    answers = our_answers(pages)
    if chosen.errors:
        _print_errors(pages, answers)
        return 0
    every = {"skuloop": answers, **{name: pages.published[name] for name in _PEERS}}
    for held_out, part in ((True, "held-out shops"), (False, "shops that the rules are developed on")):
        _print_part(part, pages, every, pages.keys(held_out=held_out))
    return 0


def _print_part(part: str, pages: SavedPages, every: Mapping[str, Answers], keys: Sequence[str]) -> None:
    shops = len({shop_of(pages.truth[key]["url"]) for key in keys})
    rows = [
        [name, *(_shown(score(pages.truth, answers, field, keys)) for field in _SPELLING)]
        for name, answers in every.items()
    ]
    print_table(f"{part}: {len(keys)} pages of {shops}; F1 ± its spread (precision / recall)", ("", *_SPELLING), rows)


def _shown(found: Score) -> str:
    return f"{found.f1:.3f} ± {found.spread:.3f} ({found.precision:.3f} / {found.recall:.3f})"


def _print_errors(pages: SavedPages, answers: Answers) -> None:
    for key in pages.keys(held_out=False):
        page = pages.truth[key]
        for field in _SPELLING:
            if _judge(page, answers[key], field)[1:] != (0, 0):
                print(f"{field}\t{answers[key].get(field)!r}\t{page.get(field)}\t{key[:12]}\t{page['url']}")


if __name__ == "__main__":
    sys.exit(main())
