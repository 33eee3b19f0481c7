"""A photo in, the exact SKU out, with price and availability: the query path as a library."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from recognition.encoders import Encoder, open_encoder
from recognition.errors import EncoderMismatchError
from recognition.pictures.reading import read_picture
from recognition.release.bundle import Bundle, open_bundle
from recognition.release.pointer import open_current
from recognition.release.products import ProductCard
from recognition.release.recogniser import Recogniser
from recognition.vocabulary import Verdict


@dataclass(frozen=True)
class Match:
    """One possible answer, with what the shop says of it."""

    sku: str
    score: float
    product: ProductCard


@dataclass(frozen=True)
class Identification:
    """The answer to one photo.

    Attributes:
        verdict: sure, unsure or unseen. Unseen is an answer, not an error.
        match: the best product; None where it is unseen.
        confidence: probability of the best class among the candidates.
        alternatives: the best classes, best first, whatever the verdict.
        release_id: the release that answered.
    """

    verdict: Verdict
    match: Match | None
    confidence: float
    alternatives: tuple[Match, ...]
    release_id: str


@dataclass(frozen=True)
class Identifier:
    """An opened release, ready to answer."""

    recogniser: Recogniser
    encoder: Encoder
    products: Mapping[str, ProductCard]
    release_id: str

    @classmethod
    def open(cls, bundle: Path, weights: Path | None = None) -> "Identifier":
        """Open the bundle in that folder, or the current release if it is the folder of all releases.

        Args:
            bundle: folder of one release, or of all.
            weights: local safetensors of the release's encoder; without it timm asks its hub.

        Raises:
            NoReleaseError: nothing is published there.
            ReleaseDamagedError: a file is missing or altered.
            EncoderUnavailableError: the encoder cannot be loaded.
            EncoderMismatchError: the weights are not those of the release.
        """
        opened = open_bundle(bundle) if (bundle / "manifest.json").exists() else open_current(bundle)
        return cls(Recogniser.of_bundle(opened), _encoder(opened, weights), opened.products, opened.manifest.release_id)

    def identify(self, photo: Path | bytes | Image.Image) -> Identification:
        """Identify the product on one photo.

        Raises:
            UnreadablePictureError: the file is no picture we accept; it carries the reason.
        """
        picture = photo if isinstance(photo, Image.Image) else read_picture(photo)
        (found,) = self.recogniser.recognise(self.encoder.encode([picture]), self.encoder.fingerprint)
        alternatives = tuple(self._match(candidate.sku, candidate.score) for candidate in found.candidates)
        return Identification(
            verdict=found.verdict,
            match=alternatives[0] if found.sku is not None else None,
            confidence=found.confidence,
            alternatives=alternatives,
            release_id=self.release_id,
        )

    def _match(self, sku: str, score: float) -> Match:
        return Match(sku, score, self.products.get(sku) or ProductCard(sku=sku, title=sku))


def _encoder(bundle: Bundle, weights: Path | None) -> Encoder:
    wanted = bundle.manifest.encoder
    encoder = open_encoder(wanted.spec(weights, bundle.isolation_weights))
    if encoder.fingerprint != wanted.fingerprint:
        raise EncoderMismatchError(
            f"release {bundle.manifest.release_id} needs the encoder {wanted.fingerprint}, "
            f"these weights are {encoder.fingerprint}: name the weights that it was trained with."
        )
    return encoder
