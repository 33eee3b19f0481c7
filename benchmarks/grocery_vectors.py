"""The Grocery Store photos as labelled vectors of ViT-Tiny; encoded once, kept in benchmarks/out/vectors."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.grocery_photos import Grocery, GroceryPhoto, read_grocery
from recognition.encoders import EncoderSpec, encode_files, encoder_fingerprint
from recognition.heads.samples import Samples
from recognition.pictures.duplicates import near_duplicate_groups
from recognition.pictures.quality import measure_picture
from recognition.pictures.reading import read_picture
from warehouse.vectors import VectorStore

ENCODER = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
_STORE = Path(__file__).resolve().parent / "out" / "vectors"


def grocery_vectors(shared: Path) -> tuple[Grocery, EncoderSpec]:
    """Encode what is not encoded yet, and return the dataset with the encoder.

    Args:
        shared: folder of photos and weights.
    """
    grocery = read_grocery(shared / "data" / "grocery")
    spec = EncoderSpec(ENCODER, shared / "weights" / f"{ENCODER}.safetensors")
    store, fingerprint = VectorStore(_STORE), encoder_fingerprint(spec)
    known = store.known(fingerprint)
    missing = {photo.sha256: photo.path for photo in grocery.photos if photo.sha256 not in known}
    for batch in encode_files(spec, list(missing.items())):
        store.append(fingerprint, batch.sha256s, batch.vectors)
    return grocery, spec


def labelled(photos: Sequence[GroceryPhoto], spec: EncoderSpec, *, grouped: bool = False) -> Samples:
    """The photos with their official labels; each is a group of its own unless near duplicates are `grouped`."""
    shas, vectors = VectorStore(_STORE).load(encoder_fingerprint(spec), [photo.sha256 for photo in photos])
    if len(shas) != len(photos):
        raise RuntimeError(f"{len(photos) - len(shas)} photos could not be encoded")
    groups = _groups(photos) if grouped else {sha: sha for sha in shas}
    return Samples.from_labels(vectors, [photo.sku for photo in photos], [groups[sha] for sha in shas])


def _groups(photos: Sequence[GroceryPhoto]) -> dict[str, str]:
    """Near-duplicate groups as the nightly audit finds them."""
    hashes = np.array([measure_picture(read_picture(photo.path)).phash for photo in photos], dtype=np.uint64)
    return near_duplicate_groups([photo.sha256 for photo in photos], hashes)
