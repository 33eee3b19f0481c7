"""The manifest of a release bundle: what it is, what it promises, and the SHA-256 of each of its files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from recognition.encoders.spec import EncoderSpec
from recognition.errors import ReleaseDamagedError
from recognition.index.recall import Recall
from recognition.index.variants import Variant
from recognition.isolation.protocol import IsolationSpec
from recognition.triage.thresholds import KnownProduct, Thresholds
from recognition.vocabulary import IsolationMethod, Tier

FORMAT = 6


@dataclass(frozen=True)
class EncoderIdentity:
    """Which encoder the heads belong to; `fingerprint` covers weights, preprocessing, isolation and pooling."""

    name: str
    fingerprint: str
    image_size: int | None
    isolation: IsolationMethod = IsolationMethod.NONE
    second_pass: bool = False
    colour: bool = False

    @classmethod
    def of(cls, spec: EncoderSpec, fingerprint: str) -> Self:
        """The identity of an encoder."""
        isolation = spec.isolation
        return cls(spec.name, fingerprint, spec.image_size, isolation.method, isolation.second_pass, colour=spec.colour)

    def spec(self, weights: Path | None, isolation_weights: Path | None) -> EncoderSpec:
        """The encoder, opened with these files."""
        isolation = IsolationSpec(self.isolation, isolation_weights, second_pass=self.second_pass)
        return EncoderSpec(self.name, weights, image_size=self.image_size, isolation=isolation, colour=self.colour)


@dataclass(frozen=True)
class IndexCard:
    """How a release searches.

    Attributes:
        variant: the kind of index.
        rows: vectors that are searched.
        built: vectors that its codes were learned for; the others came later.
        recall: measured against an exact scan when the release was made.
    """

    variant: Variant
    rows: int
    built: int
    recall: Recall


@dataclass(frozen=True)
class Manifest:
    """Everything small about a release.

    Attributes:
        release_id: also the name of the bundle's folder.
        parent: release that was current before this one, or None; `rollback` returns to it.
        method: what was published, as reports name it.
        coarse_weight: see `recognition.heads.scoring`.
        scale: see `recognition.heads.scoring`.
        files: SHA-256 in hex of each file of the bundle.
    """

    release_id: str
    parent: str | None
    created_at: datetime
    encoder: EncoderIdentity
    method: str
    coarse_weight: float
    scale: float
    thresholds: Thresholds
    index: IndexCard
    files: Mapping[str, str]

    def to_json(self) -> bytes:
        """Canonical JSON: the same manifest has the same bytes."""
        document = asdict(self) | {"format": FORMAT, "created_at": self.created_at.isoformat()}
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes, where: str) -> "Manifest":
        """Read a manifest.

        Raises:
            ReleaseDamagedError: it is not a manifest of this format.
        """
        try:
            document: dict[str, Any] = json.loads(data)
            if document.pop("format") != FORMAT:
                raise ReleaseDamagedError(
                    f"{where} was written by another version of skuloop; run a cycle to publish anew"
                )
            encoder, thresholds, index = (document.pop(name) for name in ("encoder", "thresholds", "index"))
            encoder["isolation"] = IsolationMethod(encoder["isolation"])
            thresholds["known"] = KnownProduct(**thresholds["known"])
            thresholds["sure"] = {Tier(tier): value for tier, value in thresholds["sure"].items()}
            variant, recall = Variant(**index.pop("variant")), Recall(**index.pop("recall"))
            return cls(
                index=IndexCard(variant=variant, recall=recall, **index),
                encoder=EncoderIdentity(**encoder),
                thresholds=Thresholds(**thresholds),
                created_at=datetime.fromisoformat(document.pop("created_at")),
                **document,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReleaseDamagedError(
                f"{where} is not a readable manifest: {error}. Run `skuloop rollback`."
            ) from error
