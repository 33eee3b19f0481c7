"""The page in a real browser: what people see, and what they can do without a mouse."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.files import sha256_of
from recognition.release.bundle import write_bundle
from recognition.release.pointer import publish
from recognition.release.references import ReferencePhoto, draw_references
from tests.support.browser import Browser, chromium
from tests.support.in_process import call_skuloop
from tests.support.serving import COLOURS, ServerUnderTest, photo_of, release_content, running_server
from tests.support.videos import write_video

pytestmark = pytest.mark.slow

HOSTILE = "</h3><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
ANSWERED = "document.querySelectorAll('.card').length > 0 && !document.body.classList.contains('asking')"
PHONE = {"width": 390, "height": 844, "phone": True}
LAPTOP = {"width": 1366, "height": 820}
CONTRAST = Path(__file__).resolve().parents[1] / "support" / "contrast.js"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three teas with pictures; the title of the red one is hostile."""
    folder = tmp_path_factory.mktemp("page")
    write_teas(folder)
    return folder


def write_teas(folder: Path) -> None:
    content = release_content()
    products = [replace(card, title=HOSTILE if card.sku == "red/tea 1" else card.sku) for card in content.products]
    photos: dict[str, list[ReferencePhoto]] = {}
    for sku in COLOURS:
        for seed in range(3):
            path = folder / f"{sku.replace('/', '-')}-{seed}.jpg"
            path.write_bytes(photo_of(sku, seed))
            photos.setdefault(sku, []).append(ReferencePhoto(sha256_of(path), path))
    whole = replace(content, products=products, write_references=lambda into: draw_references(into, photos))
    write_bundle(folder / "releases", whole)
    publish(folder / "releases", whole.release_id)


@pytest.fixture(scope="module")
def server(release: Path) -> Iterator[ServerUnderTest]:
    with running_server(release, per_minute=0) as started:
        yield started


@pytest.fixture(scope="module")
def chrome(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose camera shows a photo of the blue tea."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium on this machine")
    folder = tmp_path_factory.mktemp("browser")
    camera = folder / "camera.mjpeg"
    camera.write_bytes(photo_of("blue-tea") * 10)
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with chromium(executable, folder, *flags, f"--use-file-for-fake-video-capture={camera}") as started:
        yield started


@pytest.fixture
def page(chrome: Browser, server: ServerUnderTest) -> Browser:
    """The page, opened anew."""
    opened(chrome, server.url)
    return chrome


def opened(browser: Browser, url: str, ready: str = "document.getElementById('release').textContent") -> None:
    browser.become(**LAPTOP)
    browser.open("about:blank")
    browser.open(url)
    browser.wait(f"document.body.dataset.state === 'empty' && {ready}")


@pytest.fixture(scope="module")
def red_tea(release: Path) -> Path:
    return release / "red-tea 1-0.jpg"


@pytest.fixture(scope="module")
def shelf(release: Path) -> Path:
    """A red and a blue tea beside each other on a table."""
    table = Image.new("RGB", (900, 600), (205, 198, 186))
    random = np.random.default_rng(1)
    for left, sku in ((110, "red/tea 1"), (560, "blue-tea")):
        box = np.clip(np.array(COLOURS[sku]) + random.normal(scale=25, size=(330, 240, 3)), 0, 255)
        table.paste(Image.fromarray(box.astype(np.uint8)), (left, 130))
    table.save(release / "shelf.jpg", quality=92)
    return release / "shelf.jpg"


def ask_about(page: Browser, photo: Path) -> None:
    page.js("document.getElementById('found').replaceChildren(); 0")
    page.choose("#file", photo)
    page.wait(ANSWERED)


def text(page: Browser, selector: str) -> str:
    return str(page.js(f"document.querySelector({selector!r}).innerText"))


# --- what people see


def test_a_photo_is_answered_with_title_price_date_and_pictures_and_no_host_but_ours_is_asked(page, server, red_tea):
    ask_about(page, red_tea)
    card = text(page, ".card")
    assert "€3.77" in card
    assert "In stock" in card
    assert "January 2, 2026" in card
    assert "100" not in text(page, ".pill")
    page.wait("[...document.querySelectorAll('.pictures img')].filter((image) => image.naturalWidth).length === 3")
    hosts = page.js("[...new Set(performance.getEntriesByType('resource').map((one) => new URL(one.name).origin))]")
    assert [host for host in hosts if host.startswith("http")] == [server.url]


def test_a_scraped_title_with_a_script_in_it_is_shown_as_it_is_written_and_does_nothing(page, red_tea):
    ask_about(page, red_tea)
    assert text(page, ".card h3") == HOSTILE
    assert page.js("document.title") == "What is it?"
    assert page.js("[...document.querySelectorAll('script')].every((script) => script.src.startsWith(location.origin))")
    assert page.js("document.querySelectorAll('img[src=\"x\"]').length") == 0


def test_the_policy_of_the_page_lets_no_foreign_script_run(page):
    refused = page.js(
        "(() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } })()"
    )
    assert refused
    page.js("const script = document.createElement('script'); script.append('document.title = 1'); 0")
    assert page.js("document.title") == "What is it?"


def test_each_product_of_a_scene_has_a_box_where_it_is_and_a_card(page, shelf):
    ask_about(page, shelf)
    assert page.js("document.querySelectorAll('.box').length") == 2
    assert page.js("document.querySelectorAll('.card').length") == 2
    left = page.js("[...document.querySelectorAll('.box')].map((box) => Math.round(parseFloat(box.style.left))).sort()")
    assert left[0] == pytest.approx(100 * 110 / 900, abs=3)
    assert left[1] == pytest.approx(100 * 560 / 900, abs=3)
    drawn = page.js("document.querySelector('.box').getBoundingClientRect().width")
    assert drawn == pytest.approx(page.js("document.getElementById('photo').clientWidth") * 240 / 900, rel=0.1)


def test_what_is_not_in_the_catalogue_gets_a_friendly_answer_and_no_price(page, tmp_path):
    stranger = tmp_path / "stranger.png"
    stripes = np.zeros((240, 240, 3), dtype=np.uint8)
    stripes[:, ::8] = (255, 0, 255)
    stripes[::5] = (0, 255, 255)
    Image.fromarray(stripes).save(stranger)
    ask_about(page, stranger)
    assert text(page, ".card h3") == "Not in this catalogue"
    assert "€" not in text(page, ".card .body")
    assert page.js("document.getElementById('banner').hidden")


def test_a_file_that_is_no_picture_is_refused_in_words(page, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(photo_of("blue-tea")[:300])
    page.choose("#file", broken)
    page.wait("!document.getElementById('banner').hidden")
    assert text(page, "#banner") == "The picture is damaged."


# --- camera and video


def test_the_camera_is_asked_by_keyboard_alone_and_answers_again_and_again(page):
    page.press("c")
    page.wait("document.body.dataset.state === 'camera' && document.getElementById('video').videoWidth > 0")
    page.press("Enter")
    page.wait(ANSWERED)
    assert "blue-tea" in text(page, ".card")
    page.js("document.getElementById('live').click(); 0")
    page.js(
        "window.answers = 0; new MutationObserver(() => answers++).observe("
        "document.getElementById('found'), { childList: true }); 0"
    )
    page.wait("answers > 6")
    page.js("document.getElementById('live').click(); 0")


def test_a_video_is_stopped_and_asked_about_the_frame_that_is_shown(page, tmp_path):
    def shown(sku: str) -> list[Image.Image]:
        return [Image.open(BytesIO(photo_of(sku))).convert("RGB")] * 20

    clip = write_video(tmp_path / "clip.webm", [*shown("blue-tea"), *shown("green-tea")], codec="libvpx")
    page.choose("#file", clip)
    page.wait("document.body.dataset.state === 'film' && document.getElementById('video').videoWidth > 0")
    page.js("const film = document.getElementById('video'); film.pause(); film.currentTime = 3; 0")
    page.wait("!document.getElementById('video').seeking && document.getElementById('video').currentTime === 3")
    page.js("document.getElementById('ask').click(); 0")
    page.wait(ANSWERED)
    assert "green-tea" in text(page, ".card")
    page.js("document.activeElement.blur(); 0")
    page.press(" ")
    page.wait("!document.getElementById('video').paused")
    assert page.js("document.querySelectorAll('.card').length") == 0  # an old answer would be about another frame


# --- keys, screens and preferences


def test_a_server_with_keys_is_used_by_key_dialog_or_by_a_link_that_hides_its_key(chrome, release):
    with running_server(release, keys_file=str(release / "keys.json"), host="0.0.0.0") as guarded:  # noqa: S104 - a test
        key = call_skuloop("keys", "add", "phone", "--config", str(release / "serve.toml")).out.strip().split()[-1]
        opened(chrome, guarded.url, "document.getElementById('key-dialog').open")
        chrome.type("wrong")
        chrome.press("Enter")
        chrome.wait("document.getElementById('key-error').textContent")
        chrome.type(key)
        chrome.press("Enter")
        chrome.wait("document.getElementById('release').textContent")
        chrome.js("sessionStorage.clear(); 0")
        opened(chrome, f"{guarded.url}/#key={key}")
        assert "key" not in chrome.js("location.href")
        chrome.choose("#file", release / "blue-tea-0.jpg")
        chrome.wait(ANSWERED)
        chrome.wait("document.querySelector('.pictures img').naturalWidth > 0")
        chrome.js("sessionStorage.clear(); 0")


@pytest.mark.parametrize("screen", [PHONE, LAPTOP, {"width": 320, "height": 568, "phone": True}])
def test_nothing_reaches_over_the_edge_of_any_screen(page, shelf, screen):
    page.become(**screen)
    ask_about(page, shelf)
    assert page.js("document.documentElement.scrollWidth <= innerWidth")
    over = "[...document.querySelectorAll('button, .button, .card, h3')].filter((one) => one.offsetParent && (() => {"
    over += "const at = one.getBoundingClientRect(); return at.left < 0 || at.right > innerWidth + 1; })()).length"
    assert page.js(over) == 0


def test_dark_is_dark_and_every_text_can_be_read_in_both_lights(page, shelf):
    ask_about(page, shelf)
    page.js(CONTRAST.read_text(encoding="utf-8"))
    for dark in (False, True):
        page.become(**LAPTOP, dark=dark)
        page.wait(f"brightness(groundOf(document.body)) {'<' if dark else '>'} 0.5")
        page.wait("document.getAnimations().length === 0")
        assert page.js("faintTexts()") == []


def test_whoever_asked_for_less_motion_sees_none(page, red_tea):
    page.become(**LAPTOP, calm=True)
    ask_about(page, red_tea)
    assert page.js("document.getAnimations().length") == 0


def test_every_control_has_a_name_for_a_screen_reader(page, shelf):
    ask_about(page, shelf)
    page.do("Accessibility.enable")
    nodes = page.do("Accessibility.getFullAXTree")["nodes"]
    controls = [node for node in nodes if node.get("role", {}).get("value") in {"button", "link", "switch", "slider"}]
    assert len(controls) >= 5
    assert [node for node in controls if not node.get("name", {}).get("value")] == []
    images = [node for node in nodes if node.get("role", {}).get("value") == "image" and not node.get("ignored")]
    assert [node for node in images if not node.get("name", {}).get("value")] == []


def test_a_server_that_goes_away_is_said_and_asked_again_when_it_is_back(chrome, release, red_tea, tmp_path):
    with running_server(release) as first:
        opened(chrome, first.url)
        port = first.port
    chrome.choose("#file", red_tea)
    chrome.wait("document.getElementById('banner').textContent.includes('cannot be reached')")
    with running_server(release, "--port", str(port)):
        chrome.wait(ANSWERED)
        assert chrome.js("document.getElementById('banner').hidden")
