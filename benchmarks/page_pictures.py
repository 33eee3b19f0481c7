"""The pictures of the page in docs/images: a real browser before a real server, with what the demo leaves to try.

    python -m benchmarks.page_pictures skuloop-demo [--into docs/images]

Needs a finished demo and Chromium. Every picture is what somebody sees who follows docs/guide/identify.md.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.support.browser import Browser, chromium
from tests.support.serving import running_server

_IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
_LAPTOP = {"width": 1366, "height": 860}
_PHONE = {"width": 390, "height": 844, "phone": True}
_MOUSE = "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"  # else it has none
_READY = "document.getElementById('products').textContent && document.body.dataset.state === 'empty'"
_ANSWERED = """
    document.querySelectorAll('.card').length > 0 && !document.body.classList.contains('asking')
    && document.getAnimations().length === 0
    && [...document.querySelectorAll('.pictures img')].every((image) => image.naturalWidth)
"""
_FILM = "document.body.dataset.state === 'film' && document.getElementById('video').videoWidth"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path, help="folder of a finished demo")
    parser.add_argument("--into", type=Path, default=_IMAGES)
    chosen = parser.parse_args()
    executable = shutil.which("chromium")
    if executable is None:
        parser.error("there is no chromium on this machine")
    tries: Path = chosen.demo.resolve() / "try"
    with TemporaryDirectory(prefix="skuloop-pictures-") as folder:
        home = Path(folder)
        flags = ["--hide-scrollbars", f"--blink-settings={_MOUSE}"]
        with (
            running_server(home, bundle=tries.parent / "store" / "releases") as server,
            chromium(executable, home / "browser", *flags) as browser,
        ):
            _draw(browser, server.url, tries, chosen.into)
    return 0


def _draw(browser: Browser, url: str, tries: Path, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)

    def opened(screen: Mapping[str, int], *, dark: bool = False) -> None:
        browser.open("about:blank")
        browser.become(**screen, dark=dark)
        browser.open(url)
        browser.wait(_READY)

    def asked(photo: str, screen: Mapping[str, int], name: str, *, dark: bool = False) -> None:
        opened(screen, dark=dark)
        browser.choose("#file", tries / photo)
        browser.wait(_ANSWERED)
        _save(browser, into / name)

    opened(_PHONE)
    _save(browser, into / "identify-phone-empty.png")
    asked("table.jpg", _LAPTOP, "identify.png")
    asked("not-in-the-shop.jpg", _LAPTOP, "identify-unknown.png")
    asked("one.jpg", _PHONE, "identify-phone.png")
    asked("table.jpg", _PHONE, "identify-phone-dark.png", dark=True)
    opened(_LAPTOP, dark=True)
    browser.choose("#file", tries / "film.webm")
    browser.wait(_FILM)
    browser.js("document.getElementById('video').pause(); document.getElementById('video').currentTime = 3; 0")
    browser.wait("!document.getElementById('video').seeking")
    browser.press("Enter")
    browser.wait(_ANSWERED)
    _save(browser, into / "identify-film.png")


def _save(browser: Browser, path: Path) -> None:
    browser.picture(path)
    with Image.open(path) as shown:
        fewer = shown.convert("RGB").quantize()  # no eye tells more than 256 colours apart, and the files stay small
    fewer.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
