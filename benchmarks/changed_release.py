"""What does it cost to add products to a large release, and take some out, without training? Behind ADR 17.

    python -m benchmarks.changed_release [--came 300] [--went 300]

The release of 150,000 SKUs that `benchmarks.big_release` makes (300 cart-parts, the others GENERATED) gets that many
cart-parts that nobody taught, each with four photos, and loses as many generated SKUs. The index that is changed stands
beside one that is built anew; both are asked with prototypes that were moved a little, and measured against the scan.
Needs SKULOOP_SHARED (default ../shared).
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.machine import this_machine
from benchmarks.parts_photos import UNSEEN, photos, read_parts
from benchmarks.parts_vectors import isolating, vectors
from recognition.heads.changed_classes import changed_heads
from recognition.heads.samples import Samples
from recognition.index.building import index_for
from recognition.index.embeddings import Embeddings
from recognition.index.recall import recall_queries
from recognition.release.bundle import ReleaseContent, open_bundle, write_bundle
from recognition.release.pointer import current_release_id
from recognition.release.products import ProductCard
from recognition.release.references import keep_references
from recognition.vocabulary import IsolationMethod
from skuloop.output import console, print_table
from tasks.settings import shared_data

_ROOT = Path(__file__).resolve().parent / "out" / "releases-150000"
_PHOTOS = range(4)
_QUERIES = 2000
T = TypeVar("T")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--came", type=int, default=300)
    parser.add_argument("--went", type=int, default=300)
    chosen = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 120
    spent: list[tuple[str, str, str]] = []
    bundle = _timed(spent, "open and verify", lambda: open_bundle(_ROOT / str(current_release_id(_ROOT))))
    gone = bundle.heads.classes[-chosen.went :]
    came = _came(chosen.came)
    heads = _timed(spent, "heads", lambda: changed_heads(bundle.heads, came, gone))
    embeddings = Embeddings.of_prototypes(heads.prototypes)
    none = np.zeros((0, heads.prototypes.shape[1]), dtype=np.float32)
    queries = recall_queries(none, heads.prototypes, _QUERIES)
    index, recall = _timed(
        spent, f"index, changed, and its recall on {_QUERIES}", lambda: index_for(embeddings, queries, bundle.index)
    )
    anew, recall_anew = _timed(spent, "the same, built anew", lambda: index_for(embeddings, queries))
    content = ReleaseContent(
        release_id="changed",
        parent=bundle.manifest.release_id,
        created_at=datetime.now(UTC),
        encoder=bundle.manifest.encoder,
        method=bundle.manifest.method,
        heads=heads,
        thresholds=bundle.manifest.thresholds,
        superclass_names=bundle.superclass_names,
        products=[ProductCard(sku, sku) for sku in heads.classes],
        card="",
        index=index,
        recall=recall,
        write_references=partial(keep_references, before=bundle.path),
        isolation_weights=bundle.isolation_weights,
    )
    with tempfile.TemporaryDirectory(dir=_ROOT.parent) as folder:
        _timed(spent, "write the bundle, without new pictures", lambda: write_bundle(Path(folder), content))
    machine = this_machine()
    print_table(
        f"{chosen.came} came to {len(bundle.heads.classes):,} SKUs, {chosen.went} left "
        f"({machine.cpu}, {machine.cores} cores)",
        ("step", "s", "of that CPU"),
        spent,
    )
    print_table(
        "Recall against the scan",
        ("index", "recall@1", "recall@10"),
        [
            (f"changed ({index.variant.name})", f"{recall.at_1:.4f}", f"{recall.at_10:.4f}"),
            (f"built anew ({anew.variant.name})", f"{recall_anew.at_1:.4f}", f"{recall_anew.at_10:.4f}"),
        ],
    )
    return 0


def _came(count: int) -> Samples:
    """Cart-parts that the release was not taught, with a few photos each."""
    shared = shared_data()
    parts = read_parts(shared)[UNSEEN.start : UNSEEN.start + count]
    skus = [part.sku for part in parts for _ in _PHOTOS]
    rows = vectors(isolating(shared, IsolationMethod.FOREGROUND), photos(parts, _PHOTOS))
    return Samples.from_labels(rows, skus, [str(row) for row in range(len(skus))])


def _timed(spent: list[tuple[str, str, str]], step: str, work: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    spent.append((step, f"{time.perf_counter() - wall:.1f}", f"{time.process_time() - cpu:.1f}"))
    print(spent[-1], file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
