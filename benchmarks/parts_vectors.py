"""Cart-parts as labelled vectors of ViT-Tiny, for several ways to isolate; encoded once, kept in benchmarks/out.

The foreground head is taught with the clean catalogue photos of the 2,000 taught classes, laid on corners of their
teaching photos: what any user has. No test photo and no unseen product is among them.
"""

import sys
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.parts_photos import CATALOGUE, Part, catalogue_photos, photos, read_parts
from recognition.encoders import EncoderSpec, encode_files, encoder_fingerprint, open_encoder, open_patch_reader
from recognition.encoders.protocol import Block, Vectors
from recognition.isolation.composites import composite_views
from recognition.isolation.cutout import CutOut, cut_out
from recognition.isolation.foreground_training import fit_foreground_head
from recognition.isolation.protocol import IsolationSpec
from recognition.pictures.reading import read_picture
from recognition.vocabulary import IsolationMethod
from warehouse.vectors import VectorStore

ENCODER = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
COMPOSITES, SEED = 4000, 1
_OUT = Path(__file__).resolve().parent / "out"
_STORE = VectorStore(_OUT / "vectors")
_BATCH = 64


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
    """The head's file; taught if it is not there."""
    path = _OUT / "parts-foreground.safetensors"
    if path.exists():
        return path
    reader = open_patch_reader(plain(shared))
    parts = read_parts(shared)[CATALOGUE.start : CATALOGUE.stop]
    chosen = [parts[row] for row in np.random.default_rng(SEED).choice(len(parts), COMPOSITES // 4, replace=False)]
    cutouts = _cutouts(chosen)
    skus = [sku for sku, _ in cutouts]
    backgrounds = [read_picture(path) for path in photos(chosen, range(2))]
    views = composite_views(
        [cutout for _, cutout in cutouts],
        backgrounds,
        COMPOSITES,
        SEED,
        skus=skus,
        background_skus=[part.sku for part in chosen for _ in range(2)],
    )
    tokens, masks, pending = list[np.ndarray](), list[np.ndarray](), list[Image.Image]()
    for view in views:
        pending.append(view.picture)
        masks.append(reader.shares([view.mask])[0])
        if len(pending) == _BATCH:
            tokens.append(reader.tokens(pending))
            pending.clear()
    tokens += [reader.tokens(pending)] if pending else []
    groups = [skus[view % len(skus)] for view in range(COMPOSITES)]
    fitted = fit_foreground_head(np.concatenate(tokens), np.stack(masks), groups, SEED)
    print(f"foreground head: patch IoU {fitted.patch_iou:.3f}, cell IoU {fitted.cell_iou:.3f}", file=sys.stderr)
    fitted.head.save(path, reader.encoder)
    return path


def _cutouts(parts: Sequence[Part]) -> list[tuple[str, CutOut]]:
    pairs = [(part.sku, cut_out(read_picture(path))) for part in parts for path in catalogue_photos([part])]
    return [(sku, cutout) for sku, cutout in pairs if cutout is not None]


def layout(spec: EncoderSpec) -> tuple[Block, ...]:
    """What the columns of its vectors are."""
    return open_encoder(spec).layout


def vectors(spec: EncoderSpec, paths: Sequence[Path]) -> Vectors:
    """[n, d] vectors of the photos, in the order given; what is missing is encoded first."""
    keys = [_key(path) for path in paths]
    fingerprint = encoder_fingerprint(spec)
    known = _STORE.known(fingerprint)
    missing = {key: path for key, path in zip(keys, paths, strict=True) if key not in known}
    for batch in encode_files(spec, list(missing.items()), on_progress=_progress):
        _STORE.append(fingerprint, batch.sha256s, batch.vectors)
    found, rows = _STORE.load(fingerprint, keys)
    if len(found) != len(keys):
        raise RuntimeError(f"{len(keys) - len(found)} photos could not be encoded")
    return rows


def _key(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _progress(done: int, total: int) -> None:
    if done % 12_800 == 0 or done == total:
        print(f"encoded {done} of {total}", file=sys.stderr, flush=True)
