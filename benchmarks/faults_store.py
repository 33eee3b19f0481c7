"""The store that `benchmarks.faults` harms: small, drawn, with a real shop and a real Label Studio beside it.

Two templates are made once and kept: the moment before the second night (new camera photos, a release in force) and the
moment before the second cycle (questions answered). Each trial copies one of them to the same place, because Label
Studio shows pictures of one path only. Answers are SIMULATED, photos are drawn.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import tomli_w

from labelling.client import LabelStudioClient
from labelling.server import LocalLabelStudio, ServerInfo
from skuloop.demo.annotator import answer_open_questions
from skuloop.demo.nights import StorePlan
from skuloop.demo.shelf import shelf
from skuloop.demo.shop import LocalShop
from skuloop.demo.store import DemoStore, write_store
from skuloop.demo.workspace import deliver
from skuloop.output import say
from skuloop.prefect_server import ensure_server
from tests.support.commands import free_port

SEED = 7
PLAN = StorePlan(
    shop_photos=1,
    full=(8, 9),
    nearly_classes=3,
    nearly=(5, 6),
    few_classes=3,
    few=(2, 3),
    nights=2,
    night_photos=26,
    unnamed_share=0.3,
)
NIGHT, CYCLE = "nightly", "cycle"
LABELS = {NIGHT: "night-2", CYCLE: "cycle-2"}
_EXECUTABLE = Path(".venv-label-studio/bin/label-studio")
_PROJECT_OF_CYCLES = "faults: answered"


@dataclass(frozen=True)
class Ground:
    """Where trials happen: one folder, and the servers that every trial asks."""

    folder: Path
    store: DemoStore
    label_studio: ServerInfo

    @property
    def work(self) -> Path:
        """The workspace of the trial at hand."""
        return self.folder / "work"

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.work / "skuloop.toml"

    @property
    def client(self) -> LabelStudioClient:
        """Label Studio as skuloop talks to it."""
        return LabelStudioClient(self.label_studio.url, self.label_studio.token)

    def template(self, flow: str) -> Path:
        """The workspace as it is before the run of that flow."""
        return self.folder / f"before-{flow}"

    def lay_out(self, flow: str) -> None:
        """Put the workspace back to the moment before the run."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.template(flow), self.work, symlinks=True, dirs_exist_ok=True)  # it may be a mount

    @contextmanager
    def project(self, flow: str, name: str) -> Iterator[str]:
        """Name of the project that a trial asks in: its own at night, the answered one in a cycle."""
        title = _PROJECT_OF_CYCLES if flow == CYCLE else f"faults: {name}"
        os.environ["SKULOOP_LABEL_STUDIO__PROJECT"] = title
        try:
            yield title
        finally:
            if flow != CYCLE:
                self._drop(title)

    def task_keys(self, title: str) -> list[str]:
        """The questions in a project; a question that was pushed twice is there twice."""
        found = [project["id"] for project in self._projects() if project["title"] == title]
        return sorted(str(state.key) for project in found for state in self.client.task_states(project))

    def _drop(self, title: str) -> None:
        for project in self._projects():
            if project["title"] == title:
                self._ask("DELETE", f"/api/projects/{project['id']}/")

    def _projects(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self._ask("GET", "/api/projects?page_size=1000").json()["results"]
        return found

    def _ask(self, method: str, path: str) -> httpx.Response:
        token = {"Authorization": f"Token {self.label_studio.token.get_secret_value()}"}
        reply = httpx.request(method, self.label_studio.url + path, headers=token, timeout=60, trust_env=False)
        return reply.raise_for_status()


@contextmanager
def open_ground(folder: Path) -> Iterator[Ground]:
    """Start shop, Label Studio and Prefect, and make the templates unless they are there; stop all of it at the end."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ports = _ports(folder / "ports.json")
    store = write_store(folder, SEED, PLAN)
    images = folder / "work" / "store" / "images"
    server = LocalLabelStudio(folder / "label-studio", images, _EXECUTABLE, ports["label-studio"])
    api_url, home = f"http://127.0.0.1:{ports['prefect']}/api", folder / "prefect"
    os.environ |= {"PREFECT_API_URL": api_url, "PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "ERROR"}
    os.environ |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    ensure_server(api_url, home, say)
    with LocalShop(shelf(store), "Corner Shop", port=ports["shop"], dead_links=2, broken_images=2) as shop:
        try:
            info = server.start(say)
            os.environ["SKULOOP_LABEL_STUDIO__TOKEN"] = info.token.get_secret_value()
            ground = Ground(folder, store, info)
            if not ground.template(CYCLE).exists():
                _make_templates(ground, shop.url)
            yield ground
        finally:
            server.stop()
            _stop_prefect(home)


def _ports(path: Path) -> dict[str, int]:
    """Ports that stay the same: addresses are in the tables."""
    if not path.exists():
        path.write_text(json.dumps({name: free_port() for name in ("shop", "label-studio", "prefect")}))
    found: dict[str, int] = json.loads(path.read_text())
    return found


def _stop_prefect(home: Path) -> None:
    from labelling.processes import end

    if (home / "server.pid").exists():
        end(int((home / "server.pid").read_text()), patience=20)


def _make_templates(ground: Ground, shop_url: str) -> None:
    from flows.cycle import cycle
    from flows.nightly import nightly

    say("making the store: a night, a cycle, a second night, and answers")
    (ground.folder / "unharmed.json").unlink(missing_ok=True)
    for flow in (NIGHT, CYCLE):
        shutil.rmtree(ground.template(flow), ignore_errors=True)
    shutil.rmtree(ground.work, ignore_errors=True)
    (ground.work / "inbox").mkdir(parents=True)
    _write_settings(ground, shop_url)
    deliver(ground.store.inbox[0], ground.work / "inbox", "night-1")
    with ground.project(CYCLE, "") as title:
        nightly(config=str(ground.config), label="night-1")
        cycle(config=str(ground.config), label="cycle-1")
        deliver(ground.store.inbox[1], ground.work / "inbox", "night-2")
        shutil.copytree(ground.work, ground.template(NIGHT), symlinks=True)
        nightly(config=str(ground.config), label=LABELS[NIGHT])
        (project,) = [int(str(found["id"])) for found in ground._projects() if found["title"] == title]  # noqa: SLF001
        truth, names = ground.store.truth, ground.store.names
        say(str(answer_open_questions(ground.client, project, truth, names, np.random.default_rng(SEED))))
        shutil.copytree(ground.work, ground.template(CYCLE), symlinks=True)


def _write_settings(ground: Ground, shop_url: str) -> None:
    inbox = ground.work / "inbox"
    settings = {
        "timezone": "UTC",
        "free_disk_gib": 0.0,  # the disks that are filled on purpose are small
        "encoder": {"name": "handcrafted", "workers": 1},
        "label_studio": {"url": ground.label_studio.url},
        "review": {"budget": 100},
        "audit": {"trained_minimum": 7, "hysteresis": 1},
        "promise": {"sure_precision": 0.6},
        "gate": {"accuracy_loss": 0.2},
        "source": [
            {"kind": "site", "name": "shop", "url": shop_url, "allow_private": True, "download_delay": 0.0},
            {"kind": "folder", "name": "labelled", "path": str(ground.store.labelled_root)},
            {"kind": "inbox", "name": "camera", "path": str(inbox)},
        ],
    }
    ground.config.write_bytes(tomli_w.dumps(settings).encode())
