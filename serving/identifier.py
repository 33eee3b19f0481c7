"""A photo in, the exact SKU of each product on it out, with price and availability: the query path as a library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from recognition.encoders import Encoder, open_encoder
from recognition.errors import EncoderMismatchError
from recognition.isolation.protocol import Box, whole
from recognition.isolation.regions import MOST_REGIONS, region_crops, regions_of
from recognition.pictures.reading import read_picture
from recognition.release.bundle import Bundle, open_bundle
from recognition.release.pointer import open_current
from recognition.release.products import ProductCard
from recognition.release.recogniser import Recogniser
from recognition.triage.verdict import Candidate, Recognition
from serving.answers import Found, Identification, Match
from serving.several import Judged, settled
from serving.stopwatch import Stage, Stopwatch

Photo: TypeAlias = Path | bytes | Image.Image
"""A file, the bytes of one, or a picture that is read already: upright and RGB, as `read_picture` gives it."""


@dataclass(frozen=True)
class Identifier:
    """An opened release, ready to answer. Answering changes nothing in it: threads may share one."""

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

    def identify(self, photo: Photo, most: int = MOST_REGIONS) -> Identification:
        """Identify the products on one photo; see `identify_all`.

        Raises:
            UnreadablePictureError: the file is no picture we accept; it carries the reason.
        """
        (answer,) = self.identify_all([photo], most)
        return answer

    def identify_all(
        self, photos: Sequence[Photo], most: int = MOST_REGIONS, watch: Stopwatch | None = None
    ) -> list[Identification]:
        """Identify the products on several photos together, which is faster than one by one.

        Args:
            photos: the photos.
            most: products that are answered on one photo; 1 only ever judges the whole photo, at the cost of one look.
            watch: adds up how long each stage took.

        Returns:
            The answer to each photo, in the order given.

        Raises:
            UnreadablePictureError: one of the files is no picture we accept. Read them yourself, with
                `recognition.pictures.reading.read_picture`, where the others shall be answered all the same.
        """
        watch = watch or Stopwatch()
        with watch.stage(Stage.DECODE):
            pictures = [photo if isinstance(photo, Image.Image) else read_picture(photo) for photo in photos]
        with watch.stage(Stage.ENCODE):
            vectors, isolated = self.encoder.encode_isolated(pictures)
        with watch.stage(Stage.SEARCH):
            wholes = self.recogniser.recognise(vectors, self.encoder.fingerprint)
        with watch.stage(Stage.ISOLATE):
            boxes = [regions_of(seen, picture, most) for seen, picture in zip(isolated, pictures, strict=True)]
        parts = self._judge_parts(pictures, boxes, watch)
        return [
            self._answer(picture, found, recognition, judged)
            for picture, found, recognition, judged in zip(pictures, boxes, wholes, parts, strict=True)
        ]

    def _judge_parts(
        self, pictures: Sequence[Image.Image], boxes: Sequence[tuple[Box, ...]], watch: Stopwatch
    ) -> list[list[Judged]]:
        """What is believed of each part of each picture; nothing where there are fewer than two."""
        several = [found if len(found) > 1 else () for found in boxes]
        with watch.stage(Stage.ISOLATE):
            crops = [
                crop for picture, found in zip(pictures, several, strict=True) for crop in region_crops(picture, found)
            ]
        with watch.stage(Stage.ENCODE):
            vectors = self.encoder.encode(crops)
        with watch.stage(Stage.SEARCH):
            recognised = iter(self.recogniser.recognise(vectors, self.encoder.fingerprint))
        return [[Judged(box, next(recognised)) for box in found] for found in several]

    def _answer(
        self, picture: Image.Image, boxes: tuple[Box, ...], recognition: Recognition, parts: Sequence[Judged]
    ) -> Identification:
        found = settled(Judged(boxes[0] if len(boxes) == 1 else whole(picture), recognition), parts)
        return Identification(
            release_id=self.release_id,
            size=picture.size,
            isolated=bool(boxes),
            found=tuple(self._found(judged) for judged in found),
        )

    def _found(self, judged: Judged) -> Found:
        believed = judged.recognition
        alternatives = tuple(self._match(candidate) for candidate in believed.candidates)
        match = alternatives[0] if believed.sku is not None else None
        return Found(judged.box, believed.verdict, believed.confidence, match, alternatives)

    def _match(self, candidate: Candidate) -> Match:
        product = self.products.get(candidate.sku) or ProductCard(sku=candidate.sku, title=candidate.sku)
        return Match(candidate.sku, candidate.score, product)


def _encoder(bundle: Bundle, weights: Path | None) -> Encoder:
    wanted = bundle.manifest.encoder
    encoder = open_encoder(wanted.spec(weights, bundle.isolation_weights))
    if encoder.fingerprint != wanted.fingerprint:
        raise EncoderMismatchError(
            f"release {bundle.manifest.release_id} needs the encoder {wanted.fingerprint}, "
            f"these weights are {encoder.fingerprint}: name the weights that it was trained with."
        )
    return encoder
