"""A release of 150,000 SKUs to measure opening, searching and serving with; built once, kept in benchmarks/out.

    python -m benchmarks.big_release [--classes 150000]

The first 300 SKUs are cart-parts: their vectors, metric, refinement and prototypes are learned from real photos of
ViT-Tiny with isolation and colour, so that such a photo can be asked from its bytes to its answer. All other SKUs are
GENERATED: each is one of the 300 moved some way along the directions in which products differ, near (a look-alike) or
far, with the reference pictures of the part that it was moved from. So sizes, dimensions and every step of an answer
are those of a real release; accuracy is not measured on it.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.machine import this_machine
from benchmarks.parts_photos import CLEAN, Part, catalogue_photos, photos, read_parts, render_parts
from benchmarks.parts_vectors import isolating, layout, vectors
from recognition.encoders import EncoderSpec, encoder_fingerprint
from recognition.heads.choice import Choice, FineMethod
from recognition.heads.coarse_head import CoarseHead
from recognition.heads.fine_head import FineHead, fit_fine_head, fit_likelihood
from recognition.heads.metric import MetricKind
from recognition.heads.rehearsal import Rehearsal
from recognition.heads.samples import Rows, Samples, Vectors
from recognition.heads.scoring import Heads, find_candidates, scan_prototypes
from recognition.heads.superclasses import superclass_count
from recognition.heads.training import OutOfFold, TrainedHeads
from recognition.heads.whitening import normalised
from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.recall import recall_queries
from recognition.release.bundle import MANIFEST, ReleaseContent, open_bundle, write_bundle
from recognition.release.manifest import FORMAT, EncoderIdentity
from recognition.release.pointer import publish
from recognition.release.products import ProductCard
from recognition.release.recogniser import Recogniser
from recognition.release.references import PICTURES, TABLE, ReferencePhoto, References, draw_references
from recognition.triage.calibration import calibrate
from recognition.triage.thresholds import Thresholds
from recognition.vocabulary import IsolationMethod, Tier
from skuloop.output import console, print_table
from tasks.settings import shared_data

REAL, TAUGHT, ASKED = range(300), range(10), range(45, 47)
_NEVER, _NEVER_PHOTOS = range(300, 500), range(1)  # parts that are not in the release, for the verdicts
_NEAR, _FAR = 0.25, 1.0  # how far a generated SKU is moved, in standard deviations of real products
_CHOICE = Choice(MetricKind.DISCRIMINANT, colour_weight=0.3, fine=FineMethod.REFINED)
_SEED = 0
_SEEN = datetime(2026, 1, 1, tzinfo=UTC)
_OUT = Path(__file__).resolve().parent / "out"


@dataclass(frozen=True)
class BigRelease:
    """A published release.

    Attributes:
        root: the folder of all releases; the pointer in it names this one.
        path: the bundle.
        weights: of the encoder.
        photos: photos of real SKUs that taught nothing, to ask about.
        skus: what each of them shows.
    """

    root: Path
    path: Path
    weights: Path
    photos: tuple[Path, ...]
    skus: tuple[str, ...]


def big_release(classes: int = 150_000) -> BigRelease:
    """The release of that many SKUs; built if it is not there."""
    shared = shared_data()
    parts = read_parts(shared)
    real = parts[REAL.start : REAL.stop]
    spec = isolating(shared, IsolationMethod.FOREGROUND)
    root, release_id = _OUT / f"releases-{classes}", f"r{FORMAT:04d}-{classes}-generated"
    if not (root / release_id / MANIFEST).exists():
        render_parts(shared, parts)
        _write(root, release_id, spec, parts, classes)
    publish(root, release_id)
    return BigRelease(
        root=root,
        path=root / release_id,
        weights=spec.weights,
        photos=tuple(photos(real, ASKED)),
        skus=tuple(part.sku for part in real for _ in ASKED),
    )


def _write(root: Path, release_id: str, spec: EncoderSpec, parts: Sequence[Part], classes: int) -> None:
    real = parts[REAL.start : REAL.stop]
    taught = _samples(spec, real, TAUGHT)
    fine = fit_fine_head(taught, _CHOICE, _SEED)
    parents = np.concatenate([np.arange(len(real)), _generator(1).integers(len(real), size=classes - len(real))])
    heads = _heads(taught, fine, parents)
    print(f"{len(heads.classes)} classes of {heads.prototypes.shape[1]} dimensions", file=sys.stderr)
    known = _samples(spec, real, ASKED)
    thresholds = _thresholds(heads, known, _samples(spec, parts[_NEVER.start : _NEVER.stop], _NEVER_PHOTOS))
    embeddings = Embeddings.of_prototypes(heads.prototypes)
    index, recall = index_for(embeddings, recall_queries(heads.metric.apply(known.vectors), heads.prototypes, 2000))
    print(f"{index.variant.name}: {recall}", file=sys.stderr)
    content = ReleaseContent(
        release_id=release_id,
        parent=None,
        created_at=_SEEN,
        encoder=EncoderIdentity.of(spec, encoder_fingerprint(spec)),
        method=_CHOICE.method,
        heads=heads,
        thresholds=thresholds,
        superclass_names={row: f"group {row}" for row in range(int(heads.superclass_of.max()) + 1)},
        products=[
            _product(sku, real[parent], place)
            for place, (sku, parent) in enumerate(zip(heads.classes, parents.tolist(), strict=True))
        ],
        card=f"# {len(real)} cart-parts and {classes - len(real)} GENERATED products\n",
        index=index,
        recall=recall,
        write_references=partial(_draw, skus=heads.classes, parents=[real[parent] for parent in parents.tolist()]),
        isolation_weights=spec.isolation.weights,
    )
    write_bundle(root, content)


def _samples(spec: EncoderSpec, parts: Sequence[Part], numbers: range) -> Samples:
    skus = [part.sku for part in parts for _ in numbers]
    paths = photos(parts, numbers)
    return Samples.from_labels(vectors(spec, paths), skus, [str(path) for path in paths], layout(spec))


def _heads(taught: Samples, fine: FineHead, parents: Rows) -> Heads:
    """The heads of the real classes, and of generated ones around them."""
    real, likelihood = len(taught.classes), fit_likelihood(taught, fine.metric)
    means = fine.metric.whiten(taught.vectors)
    whitened = normalised(np.stack([means[taught.targets == row].mean(axis=0) for row in range(real)]))
    moved = _moved(whitened, parents[real:])
    prototypes = np.concatenate([fine.prototypes, fine.metric.refine(moved)])
    products = np.concatenate([likelihood.products, (moved - likelihood.mean) @ likelihood.matrix])
    counts = np.concatenate([likelihood.counts, np.full(len(moved), len(TAUGHT))]).astype(np.float32)
    centres = prototypes[_generator(2).choice(len(prototypes), superclass_count(len(prototypes)), replace=False)]
    superclass_of, _ = scan_prototypes(centres)(prototypes, 1)
    names = tuple(f"G{place:07d}" for place in range(len(moved)))
    return Heads(
        classes=taught.classes + names,
        tiers=(Tier.TRAINED,) * len(parents),
        metric=fine.metric,
        prototypes=prototypes,
        superclass_of=superclass_of[:, 0],
        coarse=CoarseHead(centres, np.zeros(len(centres), dtype=np.float32)),
        likelihood=replace(likelihood, products=products.astype(np.float32), counts=counts),
        coarse_weight=0.01,
        scale=40.0,
    )


def _moved(whitened: Vectors, parents: Rows) -> Vectors:
    """[n, k] rows of length 1: each parent moved along the directions in which the real products differ."""
    random = _generator(3)
    differences = whitened - whitened.mean(axis=0)
    mixed = random.normal(size=(len(parents), len(whitened))).astype(np.float32) @ differences / np.sqrt(len(whitened))
    far = random.uniform(_NEAR, _FAR, size=(len(parents), 1)).astype(np.float32)
    return normalised(whitened[parents] + far * mixed)


def _thresholds(heads: Heads, known: Samples, never: Samples) -> Thresholds:
    """Calibrated on real photos that taught nothing, and on photos of parts that are not in the release."""
    kept, held_out = (
        OutOfFold(find_candidates(heads, of.vectors), targets, np.arange(len(of)))
        for of, targets in ((known, known.targets), (never, np.full(len(never), -1)))
    )
    return calibrate(TrainedHeads(heads, _CHOICE, kept, held_out, kept, tried={}, rehearsal=Rehearsal({})))


def _product(sku: str, parent: Part, place: int) -> ProductCard:
    title = parent.description if sku == parent.sku else f"{parent.description}, variant {place}"
    return ProductCard(
        sku=sku,
        title=f"{title}, {parent.colour}",
        brand="LDraw",
        category=parent.description.split()[0],
        url=f"https://shop.example/{sku}",
        price=Decimal(100 + place % 9900) / 100,
        currency="EUR",
        availability="InStock" if place % 7 else "OutOfStock",
        offer_seen_at=_SEEN + timedelta(minutes=place % 1440),
    )


def _draw(folder: Path, skus: Sequence[str], parents: Sequence[Part]) -> None:
    """Two reference pictures of each SKU, the parent's; every one is drawn once and then taken over."""
    shown = {
        part.sku: [ReferencePhoto(path.parent.name + path.name, path) for path in catalogue_photos([part], CLEAN[:2])]
        for part in dict.fromkeys(parents)
    }
    with TemporaryDirectory() as scratch:
        draw_references(Path(scratch), shown)
        drawn = References(*((Path(scratch) / name).read_bytes() for name in (PICTURES, TABLE)))
    draw_references(folder, {sku: shown[parent.sku] for sku, parent in zip(skus, parents, strict=True)}, drawn)


def _generator(stream: int) -> np.random.Generator:
    return np.random.default_rng((_SEED, stream))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=150_000)
    release = big_release(parser.parse_args(arguments).classes)
    print(release.path)
    if not console.is_terminal:
        console.width = 130
    _print_cost(release)
    return 0


def _print_cost(release: BigRelease) -> None:
    """What opening the release costs, and what an answer costs once the encoder has seen the photo."""
    seen = vectors(isolating(shared_data(), IsolationMethod.FOREGROUND), release.photos)
    before, started, cpu = _own_memory(), time.perf_counter(), time.process_time()
    recogniser = Recogniser.of_bundle(open_bundle(release.path))
    opening, opening_cpu, own = time.perf_counter() - started, time.process_time() - cpu, _own_memory() - before
    recogniser.recognise(seen[:1], recogniser.fingerprint)
    seconds: list[float] = []
    cpu = time.process_time()
    for at in range(len(seen)):
        started = time.perf_counter()
        recogniser.recognise(seen[at : at + 1], recogniser.fingerprint)
        seconds.append(time.perf_counter() - started)
    answering = time.process_time() - cpu
    size = sum(file.stat().st_size for file in release.path.iterdir())
    machine = this_machine()
    print_table(
        f"A release of {len(recogniser.heads.classes):,} SKUs ({machine.cpu}, mean load {machine.load:.0f})",
        ("MiB on disk", "open s", "of that CPU", "MiB of own memory", "verdict p50 ms", "p95 ms", "mean CPU ms"),
        [
            (
                *(f"{size / 2**20:.0f}", f"{opening:.2f}", f"{opening_cpu:.2f}", f"{own / 2**20:.0f}"),
                *(f"{1000 * np.quantile(seconds, share):.2f}" for share in (0.5, 0.95)),
                f"{1000 * answering / len(seen):.2f}",
            )
        ],
    )


def _own_memory() -> int:
    """Bytes of this process that no file backs, where Linux tells it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    sys.exit(main())
