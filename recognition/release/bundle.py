"""The release bundle: an immutable folder that holds everything the query path needs.

    manifest.json      what it is, and the SHA-256 of every other file
    heads.safetensors  metric, prototypes, superclass of each class, coarse head, likelihoods
    classes.json       SKU, tier and superclass name of each class row
    index.faiss        the codes of the index; empty where every prototype is compared
    products.jsonl     title, price and availability of each SKU
    references.*       small pictures of each SKU, and the table that says which are whose
    card.md            for people: what was measured, what was published and why
    isolation.*        the foreground head or the detector, where the encoder isolates by one
    *.png              the plots of the card

A bundle is written under a temporary name and renamed when whole: a killed cycle leaves no half release. What is large
is memory-mapped when it is opened, after every byte of it was verified.
"""

import hashlib
import json
import mmap
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

from recognition.errors import ReleaseDamagedError
from recognition.files import sha256_of, sync, write_durably
from recognition.heads.scoring import Heads
from recognition.index.building import dump_codes, load_codes
from recognition.index.embeddings import Embeddings
from recognition.index.index import Index
from recognition.index.recall import COMPLETE, Recall
from recognition.isolation.opening import weights_suffix
from recognition.release.heads_file import embeddings_of, heads_of, load_tensors, write_heads
from recognition.release.manifest import EncoderIdentity, IndexCard, Manifest
from recognition.release.products import ProductCard, Products, dump_products
from recognition.release.references import PICTURES, TABLE, References, keep_references, no_references
from recognition.triage.thresholds import Thresholds

MANIFEST = "manifest.json"
HEADS = "heads.safetensors"
CLASSES = "classes.json"
INDEX = "index.faiss"
PRODUCTS = "products.jsonl"
CARD = "card.md"


@dataclass(frozen=True)
class ReleaseContent:
    """What goes into a bundle.

    Attributes:
        index: over the heads' prototypes; None compares every one.
        recall: what that index was measured to find.
        write_references: writes the reference pictures into the bundle's folder, see `recognition.release.references`.
        isolation_weights: the file that the encoder isolates with, where its method needs one.
        attachments: further files by name, for people.
    """

    release_id: str
    parent: str | None
    created_at: datetime
    encoder: EncoderIdentity
    method: str
    heads: Heads
    thresholds: Thresholds
    superclass_names: Mapping[int, str]
    products: Sequence[ProductCard]
    card: str
    index: Index | None = None
    recall: Recall = COMPLETE
    write_references: Callable[[Path], None] = no_references
    isolation_weights: Path | None = None
    attachments: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def after(cls, bundle: "Bundle", release_id: str, parent: str, products: Sequence[ProductCard], card: str) -> Self:
        """What was learned for a bundle, in another release that is made now."""
        return cls(
            release_id=release_id,
            parent=parent,
            created_at=datetime.now(UTC),
            encoder=bundle.manifest.encoder,
            method=bundle.manifest.method,
            heads=bundle.heads,
            thresholds=bundle.manifest.thresholds,
            superclass_names=bundle.superclass_names,
            products=products,
            card=card,
            index=bundle.index,
            recall=bundle.manifest.index.recall,
            write_references=partial(keep_references, before=bundle.path),
            isolation_weights=bundle.isolation_weights,
        )


@dataclass(frozen=True)
class Bundle:
    """An opened and verified release."""

    path: Path
    manifest: Manifest
    heads: Heads
    index: Index
    products: Mapping[str, ProductCard]
    references: References
    superclass_names: Mapping[int, str]

    @property
    def isolation_weights(self) -> Path | None:
        """The file that the encoder isolates with; None where its method needs none."""
        name = _isolation_name(self.manifest.encoder)
        return self.path / name if name else None


def write_bundle(root: Path, content: ReleaseContent) -> Path:
    """Write the bundle `root/release_id`; a bundle that stands there already is left as it is.

    The same release id means the same inputs, so a cycle that is run again after it was killed finds its own work.
    """
    path = root / content.release_id
    if (path / MANIFEST).exists():
        return path
    root.mkdir(parents=True, exist_ok=True)
    temporary = root / f".{content.release_id}.{os.getpid()}.part"
    for leftover in root.glob(f".{content.release_id}.*.part"):  # of a cycle that was killed while it wrote this one
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir()
    index = content.index or Index(Embeddings.of_prototypes(content.heads.prototypes))
    files = {
        **content.attachments,
        CLASSES: _classes_to_bytes(content.heads, content.superclass_names),
        INDEX: dump_codes(index),
        PRODUCTS: dump_products(content.products),
        CARD: content.card.encode(),
        **_isolation_file(content),
    }
    for name, data in files.items():
        write_durably(temporary / name, data)
    write_heads(temporary / HEADS, content.heads, index)
    content.write_references(temporary)
    manifest = Manifest(
        release_id=content.release_id,
        parent=content.parent,
        created_at=content.created_at,
        encoder=content.encoder,
        method=content.method,
        coarse_weight=content.heads.coarse_weight,
        scale=content.heads.scale,
        thresholds=content.thresholds,
        index=IndexCard(index.variant, len(index.embeddings), index.built, content.recall),
        files={file.name: sha256_of(file) for file in temporary.iterdir()},
    )
    write_durably(temporary / MANIFEST, manifest.to_json())
    temporary.rename(path)
    sync(root)
    return path


def open_bundle(path: Path, manifest_sha256: str | None = None) -> Bundle:
    """Open a bundle after verifying every file of it against the manifest.

    Args:
        path: the bundle's folder.
        manifest_sha256: what the pointer says of the manifest itself; None skips that check.

    Raises:
        ReleaseDamagedError: a file is missing or altered; nothing of the bundle may be used then.
    """
    manifest = Manifest.from_json(bytes(_verified(path / MANIFEST, manifest_sha256)), str(path / MANIFEST))
    isolation = _isolation_name(manifest.encoder)
    wanted = {HEADS, CLASSES, INDEX, PRODUCTS, PICTURES, TABLE, *([isolation] if isolation else [])}
    missing = wanted - set(manifest.files)
    if missing:
        raise ReleaseDamagedError(f"release {path.name} does not list {sorted(missing)}. Run `skuloop rollback`.")
    stored = {name: _verified(path / name, digest) for name, digest in manifest.files.items()}
    classes, tensors = json.loads(bytes(stored[CLASSES])), load_tensors(stored[HEADS])
    return Bundle(
        path=path,
        manifest=manifest,
        heads=heads_of(tensors, classes["skus"], classes["tiers"], manifest),
        index=Index(
            embeddings_of(tensors),
            manifest.index.variant,
            load_codes(stored[INDEX]),
            tensors["index.row_of"],
            manifest.index.built,
        ),
        products=Products(stored[PRODUCTS]),
        references=References(stored[PICTURES], stored[TABLE]),
        superclass_names={int(row): name for row, name in classes["superclass_names"].items()},
    )


def _isolation_name(encoder: EncoderIdentity) -> str | None:
    suffix = weights_suffix(encoder.isolation)
    return f"isolation{suffix}" if suffix else None


def _isolation_file(content: ReleaseContent) -> dict[str, bytes]:
    name, source = _isolation_name(content.encoder), content.isolation_weights
    if name is None:
        return {}
    if source is None:
        raise ValueError(f"a release whose encoder isolates by {content.encoder.isolation} holds that method's file")
    return {name: source.read_bytes()}


def _verified(path: Path, digest: str | None) -> bytes | mmap.mmap:
    """The bytes of a file, memory-mapped and hashed as mapped, so that nothing can be put in its place in between."""
    try:
        with path.open("rb") as file:
            empty = os.fstat(file.fileno()).st_size == 0  # which cannot be mapped
            data = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ReleaseDamagedError(f"release file {path} cannot be read: {error}. Run `skuloop rollback`.") from error
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise ReleaseDamagedError(f"release file {path} was altered after it was published. Run `skuloop rollback`.")
    return data


def _classes_to_bytes(heads: Heads, superclass_names: Mapping[int, str]) -> bytes:
    document = {"skus": heads.classes, "tiers": heads.tiers, "superclass_names": dict(superclass_names)}
    return json.dumps(document, indent=1).encode()
