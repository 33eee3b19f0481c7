"""A photo in, the exact SKU of each product on it out, with price and availability: the query path as a library."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from recognition.encoders import Encoder, open_encoder
from recognition.errors import EncoderMismatchError
from recognition.index.opening import open_store
from recognition.index.stores import MilvusAddress
from recognition.isolation.regions import MOST_REGIONS
from recognition.pictures.reading import read_picture
from recognition.release.bundle import Bundle, open_bundle
from recognition.release.pointer import open_current
from serving.answers import Identification
from serving.looker import Looker
from serving.release import Release
from serving.stopwatch import Stage, Stopwatch

Photo: TypeAlias = Path | bytes | Image.Image
"""A file, the bytes of one, or a picture that is read already: upright and RGB, as `read_picture` gives it."""


@dataclass(frozen=True)
class Identifier:
    """An opened release and its encoder, ready to answer. Answering changes nothing in it: threads may share one."""

    release: Release
    looker: Looker

    @classmethod
    def open(cls, bundle: Path, weights: Path | None = None, milvus: MilvusAddress | None = None) -> "Identifier":
        """Open the bundle in that folder, or the current release if it is the folder of all releases.

        Args:
            bundle: folder of one release, or of all.
            weights: local safetensors of the release's encoder; without it timm asks its hub.
            milvus: the Milvus to search in; None searches the index of the release.

        Raises:
            NoReleaseError: nothing is published there.
            ReleaseDamagedError: a file is missing or altered.
            EncoderUnavailableError: the encoder cannot be loaded.
            EncoderMismatchError: the weights are not those of the release.
            VectorStoreUnavailableError: the Milvus does not answer.
        """
        opened = open_bundle(bundle) if (bundle / "manifest.json").exists() else open_current(bundle)
        return cls(Release.of_bundle(opened, open_store(milvus)), Looker(opened_encoder(opened, weights)))

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
        looked = self.looker.look(pictures, most, watch)
        return self.release.answer(looked, self.looker.encoder.fingerprint, watch)


def opened_encoder(bundle: Bundle, weights: Path | None) -> Encoder:
    """The encoder that a release was made with.

    Raises:
        EncoderUnavailableError: it cannot be loaded.
        EncoderMismatchError: the weights are not those of the release.
    """
    wanted = bundle.manifest.encoder
    encoder = open_encoder(wanted.spec(weights, bundle.isolation_weights))
    if encoder.fingerprint != wanted.fingerprint:
        raise EncoderMismatchError(
            f"release {bundle.manifest.release_id} needs the encoder {wanted.fingerprint}, "
            f"these weights are {encoder.fingerprint}: name the weights that it was trained with."
        )
    return encoder
