"""A server under test: a real process that answers over HTTP, and small releases for it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import tomli_w
from PIL import Image

from recognition.encoders import open_encoder
from recognition.encoders.spec import HANDCRAFTED, EncoderSpec
from recognition.files import sha256_of
from recognition.heads.choice import Choice
from recognition.heads.coarse_head import CoarseHead
from recognition.heads.fine_head import fit_fine_head, fit_likelihood
from recognition.heads.metric import MetricKind
from recognition.heads.samples import Samples
from recognition.heads.scoring import Heads
from recognition.release.bundle import ReleaseContent, write_bundle
from recognition.release.manifest import EncoderIdentity
from recognition.release.pointer import publish
from recognition.release.products import ProductCard
from recognition.release.references import ReferencePhoto, draw_references
from recognition.triage.thresholds import KnownProduct, Thresholds
from recognition.vocabulary import Tier
from tests.support.commands import CHECKOUT, SKULOOP, wait_for
from tests.support.workspace import drawn_photo

COLOURS = {"red/tea 1": (200, 40, 30), "blue-tea": (30, 60, 190), "green-tea": (40, 170, 60)}
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_SPEC = EncoderSpec(HANDCRAFTED, image_size=None)


def photo_of(sku: str, seed: int = 0, kind: str = "JPEG", **told: Any) -> bytes:
    """The bytes of a photo of a product of the release under test."""
    file = BytesIO()
    drawn_photo(np.random.default_rng([seed, *sku.encode()]), COLOURS[sku]).save(file, kind, **told)
    return file.getvalue()


@cache
def release_content() -> ReleaseContent:
    """Three products with eight photos each; thresholds are made up, so that there is nothing to train for long."""
    skus = [sku for sku in COLOURS for _ in range(8)]
    pictures = [Image.open(BytesIO(photo_of(sku, seed))) for seed, sku in enumerate(skus)]
    encoder, choice = open_encoder(_SPEC), Choice(MetricKind.PLAIN)
    samples = Samples.from_labels(encoder.encode(pictures), skus, [f"photo{at}" for at in range(len(skus))])
    fine = fit_fine_head(samples, choice)
    price = {"price": Decimal("3.7700"), "currency": "EUR", "availability": "InStock", "offer_seen_at": NOW}
    return ReleaseContent(
        release_id="r0001-under-test",
        parent=None,
        created_at=NOW,
        encoder=EncoderIdentity.of(_SPEC, encoder.fingerprint),
        method=choice.method,
        heads=Heads(
            classes=samples.classes,
            tiers=(Tier.GALLERY,) * len(samples.classes),
            metric=fine.metric,
            prototypes=fine.prototypes,
            superclass_of=np.zeros(len(samples.classes), dtype=np.int64),
            coarse=CoarseHead(np.zeros((1, fine.prototypes.shape[1]), np.float32), np.zeros(1, np.float32)),
            likelihood=fit_likelihood(samples, fine.metric),
            scale=20.0,
        ),
        thresholds=Thresholds(
            known=replace(KnownProduct.by_prior(-30.0), familiarity=40.0),
            least_known=0.5,
            sure=dict.fromkeys(Tier, 0.9),
            familiarity=0.75,
            unseen_auroc=1.0,
            unseen_fpr=0.0,
            promised_precision=0.97,
            expected_coverage=0.5,
            evidence=24.0,
        ),
        superclass_names={0: "tea"},
        products=[
            ProductCard(sku, f"Tea <b>{sku}</b>", "Tamiko", "Tea", "https://shop.example/", **price) for sku in COLOURS
        ],
        card="# card\n",
    )


def write_release(root: Path, release_id: str = "r0001-under-test", content: ReleaseContent | None = None) -> Path:
    """Write a release with one reference photo of its first product, and make it the current one."""
    photo = root.parent / "reference.jpg"
    photo.write_bytes(photo_of("red/tea 1"))
    photos = {"red/tea 1": [ReferencePhoto(sha256_of(photo), photo)]}
    whole = replace(
        content or release_content(),
        release_id=release_id,
        write_references=lambda folder: draw_references(folder, photos),
    )
    path = write_bundle(root, whole)
    publish(root, release_id)
    return path


@dataclass
class ServerUnderTest:
    """A running server, and how to ask it as anybody would."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=120, trust_env=False)

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    def ask(self, *photos: bytes, **told: Any) -> httpx.Response:
        """Send photos as a form."""
        files = [("photo", (f"{at}.jpg", photo, "image/jpeg")) for at, photo in enumerate(photos)]
        return self.client.post("/v1/identify", files=files, **told)

    def metric(self, line: str) -> float:
        """The value of a metric, with its labels as Prometheus writes them."""
        found = re.search(rf"^{re.escape(line)} (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def encoders(self) -> list[int]:
        """Process ids of the encoders."""
        told = Path(f"/proc/{self.process.pid}/task")
        children = [int(pid) for task in told.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def mebibytes(self) -> float:
        """Peak memory of the server and its encoders together."""
        return sum(_peak(pid) for pid in [self.process.pid, *self.encoders()])


@contextmanager
def running_server(
    folder: Path, *words: str, bundle: Path | None = None, environ: Mapping[str, str] | None = None, **serve: Any
) -> Iterator[ServerUnderTest]:
    """Serve the releases of `folder` with these settings of `[serve]`; it must shut down in peace with the block."""
    config = folder / "serve.toml"
    config.write_bytes(tomli_w.dumps({"serve": {"workers": 1, "port": 0, **serve}}).encode())
    command = [*SKULOOP, "serve", "--config", str(config), "--bundle", str(bundle or folder / "releases"), *words]
    log = folder / "serve.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SKULOOP_")}
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=CHECKOUT, env={**kept, **(environ or {})}, stdout=out, stderr=out) as process,  # noqa: S603 - ourselves
    ):
        try:
            url = wait_for(lambda: _address(log, process), 240)
            server = ServerUnderTest(url.replace("0.0.0.0", "127.0.0.1"), process, log)  # noqa: S104 - to reach it
            with server.client:
                yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert process.returncode == 0, log.read_text()
    assert "Traceback" not in log.read_text(), log.read_text()


def _address(log: Path, process: "subprocess.Popen[bytes]") -> str | None:
    assert process.poll() is None, log.read_text()
    found = re.search(r"is served at (\S+)", log.read_text())
    return found[1] if found else None


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
