"""A real browser, headless, driven by keys as a person drives it, over the Chrome DevTools Protocol."""

import json
import re
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

CTRL, SHIFT = 2, 8
_KEYS = {"Enter": 13, "Tab": 9, "Escape": 27, "ArrowDown": 40}


class Browser:
    """One page of a running Chromium."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._sent = socket, 0

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol, and what it answers."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv(timeout=60))
            if said.get("id") == self._sent:
                assert "error" not in said, said
                result: dict[str, Any] = said["result"]
                return result

    def open(self, url: str) -> None:
        self.do("Page.navigate", url=url)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 60.0) -> None:
        """Look until an expression is true."""
        deadline = time.monotonic() + seconds
        # The page may be loading: what cannot be looked at yet is not true yet.
        asked = f"(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()"
        while not self.js(asked):
            assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {expression}"
            time.sleep(0.1)

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press and release one key, as a keyboard does it: whatever has the focus gets it."""
        code = _KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        text = {"Enter": "\r", "Tab": ""}.get(key, key if len(key) == 1 else "")
        down: dict[str, Any] = {"type": "keyDown" if text else "rawKeyDown", "key": key, "windowsVirtualKeyCode": code}
        if text and not modifiers & CTRL:
            down["text"] = text
        self.do("Input.dispatchKeyEvent", modifiers=modifiers, **down)
        self.do("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code, modifiers=modifiers)

    def type(self, text: str) -> None:
        for sign in text:
            self.press(sign)

    def choose(self, selector: str, *files: Path) -> None:
        """Choose files in an `<input type="file">`, as its dialog would."""
        root = self.do("DOM.getDocument")["root"]["nodeId"]
        node = self.do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.do("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in files])

    def become(self, width: int, height: int, *, phone: bool = False, dark: bool = False, calm: bool = False) -> None:
        """Another screen and other preferences, until they are changed again."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.do("Emulation.setTouchEmulationEnabled", enabled=phone)
        features = {"prefers-color-scheme": "dark" if dark else "light"}
        features["prefers-reduced-motion"] = "reduce" if calm else "no-preference"
        self.do(
            "Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features.items()]
        )

    def picture(self, path: Path) -> None:
        """Write what is seen as a PNG."""
        path.write_bytes(b64decode(self.do("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def chromium(executable: str, profile: Path, *more: str) -> Iterator[Browser]:
    """A browser of its own, with a window of a small laptop and `more` flags; ended with the block."""
    log = profile / "chromium.log"
    profile.mkdir(parents=True, exist_ok=True)
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
    flags += ["--remote-debugging-port=0", "--window-size=1366,768", f"--user-data-dir={profile}", *more, "about:blank"]
    with (
        log.open("w") as out,
        subprocess.Popen([executable, *flags], stdout=out, stderr=out) as process,  # noqa: S603 - of this machine
    ):
        try:
            with connect(_page(log), max_size=None) as socket:
                browser = Browser(socket)
                for domain in ("Page", "Runtime"):
                    browser.do(f"{domain}.enable")
                yield browser
        finally:
            process.terminate()


def _page(log: Path) -> str:
    """The address of the first page, once the browser says where it listens."""
    deadline = time.monotonic() + 60
    while not (found := re.search(r"ws://([\d.]+:\d+)/", log.read_text(errors="replace"))):
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)
    pages = httpx.get(f"http://{found[1]}/json/list", trust_env=False).json()
    return str(next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"))
