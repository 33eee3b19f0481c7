"""Cart-parts as labelled vectors of ViT-Tiny, for several ways to isolate; encoded once, kept in benchmarks/out.

The foreground head is taught with the clean catalogue photos of the 2,000 taught classes, laid on corners of their
teaching photos: what any user has. No test photo and no unseen product is among them.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.parts_photos import CATALOGUE, catalogue_photos, photos, read_parts
from recognition.encoders import EncoderSpec, encode_files, encoder_fingerprint, open_encoder
from recognition.encoders.foreground import ForegroundLesson, teach_foreground
from recognition.encoders.protocol import Block, Vectors
from recognition.isolation.composites import Composite
from recognition.isolation.cutout import CutOut, cut_out
from recognition.isolation.protocol import IsolationSpec
from recognition.isolation.views import CatalogueView
from recognition.pictures.reading import read_picture
from recognition.vocabulary import IsolationMethod
from warehouse.vectors import VectorStore

ENCODER = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
COMPOSITES, SEED = 4000, 1
_OUT = Path(__file__).resolve().parent / "out"
STORE = VectorStore(_OUT / "vectors")


def plain(shared: Path) -> EncoderSpec:
    """The frozen encoder: class token and mean patch of the whole picture."""
    return EncoderSpec(ENCODER, shared / "weights" / f"{ENCODER}.safetensors")


def isolating(shared: Path, method: IsolationMethod, *, colour: bool = True, second_pass: bool = False) -> EncoderSpec:
    """The same encoder with isolation and the colour descriptor."""
    weights = None
    if method is IsolationMethod.FOREGROUND:
        weights = foreground_head(shared)
    if method is IsolationMethod.BOX:
        weights = shared / "weights" / "yolox_nano.onnx"
    bare = plain(shared)
    return EncoderSpec(
        bare.name, bare.weights, isolation=IsolationSpec(method, weights, second_pass=second_pass), colour=colour
    )


@cache
def foreground_head(shared: Path) -> Path:
    """The file of a head that is taught with catalogue photos of a half of the catalogue."""
    return taught_head(plain(shared), lambda: _lesson(shared), "parts-foreground")


def _lesson(shared: Path) -> ForegroundLesson:
    parts = read_parts(shared)[CATALOGUE.start : CATALOGUE.stop]
    chosen = [parts[row] for row in np.random.default_rng(SEED).choice(len(parts), COMPOSITES // 4, replace=False)]
    pairs = [(part.sku, cut_out(read_picture(path))) for part in chosen for path in catalogue_photos([part])]
    cutouts = [(sku, cutout) for sku, cutout in pairs if cutout is not None]
    return lesson_of(cutouts, [(part.sku, path) for part in chosen for path in photos([part], range(2))])


def lesson_of(cutouts: Sequence[tuple[str, CutOut]], backgrounds: Sequence[tuple[str, Path]]) -> ForegroundLesson:
    """What a head is taught with: SKU and product of catalogue photos, SKU and path of what they are laid on."""
    return ForegroundLesson(
        cutouts=[cutout for _, cutout in cutouts],
        skus=[sku for sku, _ in cutouts],
        backgrounds=[read_picture(path) for _, path in backgrounds],
        background_skus=[sku for sku, _ in backgrounds],
    )


def taught_head(spec: EncoderSpec, lesson: Callable[[], ForegroundLesson], name: str) -> Path:
    """The file of that name with a foreground head for the encoder; taught if it is not there."""
    path = _OUT / f"{name}.safetensors"
    if path.exists():
        return path
    fitted, owner = teach_foreground(spec, lesson(), SEED, composites=COMPOSITES)
    print(f"{name}: patch IoU {fitted.patch_iou:.3f}, cell IoU {fitted.cell_iou:.3f}", file=sys.stderr)
    fitted.head.save(path, owner)
    return path


def layout(spec: EncoderSpec) -> tuple[Block, ...]:
    """What the columns of its vectors are."""
    return open_encoder(spec).layout


def vectors(spec: EncoderSpec, paths: Sequence[Path]) -> Vectors:
    """[n, d] vectors of the photos, in the order given; what is missing is encoded first."""
    return _encoded(spec, [(_key(path), path) for path in paths])


def view_vectors(spec: EncoderSpec, paths: Sequence[Path], numbers: Iterable[int]) -> Vectors:
    """[n * numbers, d] vectors of the views of clean photos, photo by photo; what is missing is drawn and encoded."""
    chosen = list(numbers)
    views = [CatalogueView(_key(path), path, number) for path in paths for number in chosen]
    return _encoded(spec, [(view.key, view) for view in views])


def _encoded(spec: EncoderSpec, items: Sequence[tuple[str, Path | CatalogueView]]) -> Vectors:
    """[n, d] vectors in the order given; each shard is kept as soon as it is encoded."""
    fingerprint, keys = encoder_fingerprint(spec), [key for key, _ in items]
    known = STORE.known(fingerprint)
    missing = {key: item for key, item in items if key not in known}
    for batch in encode_files(spec, list(missing.items()), on_progress=_progress):
        STORE.append(fingerprint, batch.sha256s, batch.vectors)
    found, rows = STORE.load(fingerprint, keys)
    if len(found) != len(keys):
        raise RuntimeError(f"{len(keys) - len(found)} photos could not be encoded")
    return rows


def batched(items: Iterable[Composite], size: int) -> Iterator[list[Composite]]:
    """Lists of `size` items; the last may be shorter."""
    turn = iter(items)
    while batch := list(islice(turn, size)):
        yield batch


def _key(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _progress(done: int, total: int) -> None:
    if done % 1_280 == 0 or done == total:
        print(f"encoded {done} of {total}", file=sys.stderr, flush=True)
