"""Fixtures that more than one folder of tests shares."""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image
from pydantic import SecretStr

from labelling.client import LabelStudioClient
from labelling.interface import labelling_config
from labelling.server import LocalLabelStudio, ServerInfo

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

EXECUTABLE = Path(__file__).parents[1] / ".venv-label-studio" / "bin" / "label-studio"


@dataclass(frozen=True, slots=True)
class LabelStudioUnderTest:
    """A real Label Studio that serves the whole test session; every test takes a project of its own."""

    server: LocalLabelStudio
    info: ServerInfo
    data_dir: Path
    images_root: Path

    @property
    def url(self) -> str:
        return self.info.url

    @property
    def token(self) -> SecretStr:
        return self.info.token

    def client(self, transport: httpx.BaseTransport | None = None) -> LabelStudioClient:
        return LabelStudioClient(self.url, self.token, transport=transport)

    def project(self, title: str | None = None) -> int:
        """The id of a project with skuloop's interface; a new one unless the title is known."""
        return self.client().ensure_project(title or f"test {uuid4()}", labelling_config(self.url), self.images_root)

    def request(self, method: str, path: str, **options: object) -> httpx.Response:
        """A request past our client, as a browser or somebody's script would send it."""
        headers = {"Authorization": f"Token {self.token.get_secret_value()}"}
        return httpx.request(method, self.url + path, headers=headers, timeout=60, trust_env=False, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def label_studio_executable() -> Path:
    if not EXECUTABLE.is_file():
        pytest.skip(f"there is no Label Studio at {EXECUTABLE}; `make setup-label-studio` installs it")
    return EXECUTABLE


@pytest.fixture(scope="session")
def label_studio(
    label_studio_executable: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelStudioUnderTest]:
    store = tmp_path_factory.mktemp("store")
    data_dir, images_root = store / "label-studio", store / "images"
    picture = images_root / "ab" / "photo.jpg"
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (300, 200), (200, 40, 40)).save(picture)
    port = _free_port()  # a fixed one, so that a server that a test restarts is where it was
    server = LocalLabelStudio(data_dir, images_root, label_studio_executable, port, hints=True)
    try:
        yield LabelStudioUnderTest(server, server.start(), data_dir, images_root)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """Address of one Prefect server for every flow that the tests run in this process or in one of their own."""
    from prefect.settings import PREFECT_API_URL
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield str(PREFECT_API_URL.value())


def _free_port() -> int:
    """Below the ports of outgoing connections: one of those could hold it while a server is down."""
    for port in random.sample(range(20_000, 32_000), 100):  # no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
