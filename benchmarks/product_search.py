"""How quickly the search for another product answers, in a real browser before a real Label Studio.

    python -m benchmarks.product_search [--products 2000 20000] [--rounds 5]

Needs `make setup-label-studio` and Chromium. For each catalogue a project with one question is made. Measured are, in
ms: the page until the question can be answered; 7 until the field of the search waits; Enter until the list is there;
each letter until it stands in the field, the list shows only what fits, and the page has been painted; and Ctrl+Enter
until the next question can be answered. Titles are drawn.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.machine import this_machine
from labelling.client import LabelStudioClient
from labelling.interface import labelling_config
from labelling.payloads import CATALOGUE_FILE, Candidate, Question
from labelling.server import LocalLabelStudio, ServerInfo
from labelling.sync import push
from recognition.vocabulary import LabelOrigin, QuestionKind
from tasks.question_pictures import write_catalogue
from tests.support.browser import CTRL, Browser, chromium
from warehouse.products import ProductRow

_EXECUTABLE = Path(__file__).resolve().parents[1] / ".venv-label-studio" / "bin" / "label-studio"
_BRANDS = ("Tamiko", "Fjella", "Nonna Pia", "Orchard Row", "Solva", "Haverly", "Tidewell", "Cacao Norte")
_KINDS = ("Tea", "Shower Gel", "Tomato Sauce", "Juice", "Sparkling Water", "Granola", "Crisps", "Chocolate")
_VARIETIES = ("Mint", "Pine", "Basilico", "Apple", "Lemon", "Honey", "Sea Salt", "Dark", "Rooibos", "Lavender")
_SEARCHED = "mint 4"  # typed letter by letter: the first ones fit thousands
_SUBMIT = "document.querySelector('button[aria-label=\"Submit current annotation\"]')"
_FOUND = "[...document.querySelectorAll('.htx-taxonomy-dropdown .ant-select-tree-title')].map(one => one.innerText)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        parser.error("there is no chromium on this machine")
    machine = this_machine()
    print(f"{machine.cpu}, {machine.cores} cores, load {machine.load:.1f}")
    with TemporaryDirectory(prefix="skuloop-search-") as folder:
        home = Path(folder)
        server = LocalLabelStudio(home / "label-studio", home / "store" / "images", _EXECUTABLE, 0)
        try:
            info = server.start()
            for count in chosen.products:
                measured = _measured(info, home, executable, count, chosen.rounds)
                size = (home / "store" / "images" / CATALOGUE_FILE).stat().st_size
                print(f"\n{count} products, a list of {size / 1e6:.1f} MB, {chosen.rounds} rounds: median, worst (ms)")
                for name, values in measured.items():
                    print(f"  {name:28} {np.median(values):8.0f} {max(values):8.0f}")
        finally:
            server.stop()
    return 0


def _measured(info: ServerInfo, home: Path, executable: str, count: int, rounds: int) -> dict[str, list[float]]:
    images, client = home / "store" / "images", LabelStudioClient(info.url, info.token)
    write_catalogue(images, _products(count))
    Image.new("RGB", (600, 400), "#b03a2e").save(images / "photo.jpg")
    project = client.ensure_project(f"search {count}", labelling_config(info.url), images)
    push(client, project, [_question(number) for number in range(rounds + 1)])
    found: dict[str, list[float]] = {}

    def clock(name: str, begin: Callable[[], object], seen: str) -> None:
        began = time.perf_counter()
        begin()
        _until(browser, seen)
        found.setdefault(name, []).append(1000 * (time.perf_counter() - began))

    with chromium(executable, home / f"browser-{count}") as browser:
        _log_in(browser, info)
        for number in range(rounds):
            browser.open("about:blank")
            clock("page", lambda: browser.open(f"{info.url}/projects/{project}/data?labeling=1"), _READY)
            clock("7: the field", lambda: browser.press("7"), f"getComputedStyle({_SUBMIT}).visibility === 'hidden'")
            browser.press("Tab")
            clock("Enter: the list", lambda: browser.press("Enter"), f"({_FOUND}).length > 5")
            browser.wait("document.activeElement.name === 'taxonomy-search-input'")
            for at, letter in enumerate(_SEARCHED, 1):
                typed = json.dumps(_SEARCHED[:at])
                fits = f"({_FOUND}).length && ({_FOUND}).every(one => one.toLowerCase().includes({typed}))"
                seen = f"document.activeElement.value === {typed} && {fits}"
                clock(f"letter {at}: {typed}", partial(browser.press, letter), seen)
            browser.press("Escape")
            browser.wait("document.activeElement.name !== 'taxonomy-search-input'")
            browser.press("1")
            browser.wait(_CHOSEN)
            following = f"document.body.innerText.includes('question {number + 1}?') && {_READY} && !{_CHOSEN}"
            clock("Ctrl+Enter: the next question", lambda: browser.press("Enter", CTRL), following)
    return found


def _until(browser: Browser, seen: str) -> None:
    """Return when an expression is true and has been painted; a page that is busy answers when it no longer is."""
    asked, end = f"(() => {{ try {{ return Boolean({seen}); }} catch {{ return false; }} }})()", time.monotonic() + 60
    while not browser.js(asked):
        if time.monotonic() > end:
            raise TimeoutError(seen)
        time.sleep(0.005)
    painted = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))"
    browser.do("Runtime.evaluate", expression=painted, awaitPromise=True)


_READY = "document.querySelectorAll('.skuloop-choices .lsf-choice').length > 4"
_CHOSEN = "document.querySelector('.skuloop-choices .ant-checkbox-wrapper-checked')"


def _log_in(browser: Browser, info: ServerInfo) -> None:
    browser.open(f"{info.url}/user/login/")
    browser.wait("document.querySelector('input[name=password]')")
    for field, value in {"email": info.username, "password": info.password.get_secret_value()}.items():
        browser.js(f"document.querySelector('input[name={field}]').value = {json.dumps(value)}; 0")
    browser.js("document.querySelector('form').submit()")
    browser.wait("!location.pathname.startsWith('/user') && document.readyState === 'complete'")


def _products(count: int) -> Sequence[ProductRow]:
    at, random = datetime.now(UTC), np.random.default_rng(5)
    rows = []
    for number in range(count):
        brand, kind, variety = (str(random.choice(words)) for words in (_BRANDS, _KINDS, _VARIETIES))
        title = f"{kind} {variety} {50 * int(random.integers(1, 21))} g"
        sku = f"{brand[:3].upper()}-{number:05}"
        rows.append(ProductRow(sku, title, brand, None, None, None, None, "shop", LabelOrigin.CATALOGUE, "r", at))
    return rows


def _question(number: int) -> Question:
    candidates = tuple(Candidate(f"SKU-{place}", f"Product {place}", 0.5) for place in range(1, 6))
    kind, prompt = QuestionKind.WHICH_PRODUCT, f"Which product is on question {number}?"
    return Question(f"q{number}", kind, (f"{number:064}",), "photo.jpg", "photo.jpg", candidates, prompt, "r-1")


if __name__ == "__main__":
    sys.exit(main())
