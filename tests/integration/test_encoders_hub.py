"""Weights from the Hugging Face hub, asked for by the real client: no network, a silent hub, a hub that answers."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recognition.encoders import EncoderSpec, encoder_fingerprint

ROOT = Path(__file__).parents[2]
NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
CONTENT = b"the bytes of a safetensors file, as far as the client can tell"
PROGRAM = """
import sys, time
import timm, huggingface_hub  # their import is not what is measured
from recognition.encoders import EncoderSpec, encoder_fingerprint
from recognition.errors import EncoderUnavailableError
start = time.monotonic()
try:
    print(encoder_fingerprint(EncoderSpec(sys.argv[1])))
except EncoderUnavailableError as error:
    print(f"{time.monotonic() - start:.1f} {error}")
"""

pytestmark = pytest.mark.slow


def ask(home: Path, **environment: str) -> str:
    """Run PROGRAM as a person would who has never downloaded anything, and give what it prints."""
    clean = {key: value for key, value in os.environ.items() if not key.upper().endswith("_PROXY") and key[:3] != "HF_"}
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", PROGRAM, NAME],
        cwd=ROOT,
        env={**clean, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def silent_hub() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never says a word
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


class _Hub(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("ETag", f'"{hashlib.sha256(CONTENT).hexdigest()}"')
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Say nothing: the test's output is for the test."""


@pytest.fixture
def hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def assert_told_quickly_with_the_remedy(said: str) -> None:
    seconds, _, message = said.partition(" ")
    assert float(seconds) < 20
    assert f"hf download timm/{NAME} model.safetensors" in message
    assert "`encoder.weights`" in message


def test_offline_mode_is_told_with_the_remedy(tmp_path: Path) -> None:
    assert_told_quickly_with_the_remedy(ask(tmp_path, HF_HUB_OFFLINE="1"))


def test_a_hub_that_never_answers_is_given_up_within_seconds(tmp_path: Path, silent_hub: str) -> None:
    assert_told_quickly_with_the_remedy(ask(tmp_path, HF_ENDPOINT=silent_hub))


def test_weights_of_the_hub_have_the_fingerprint_of_the_same_file_and_are_fetched_once(
    tmp_path: Path, hub: str
) -> None:
    local = tmp_path / "copied.safetensors"
    local.write_bytes(CONTENT)
    expected = encoder_fingerprint(EncoderSpec(NAME, local))
    assert ask(tmp_path / "home", HF_ENDPOINT=hub) == expected
    assert ask(tmp_path / "home", HF_HUB_OFFLINE="1") == expected
