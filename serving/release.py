"""The second half of an answer: what a release makes of what an encoder saw."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recognition.index.stores import VectorStore
from recognition.isolation.protocol import Box
from recognition.release.bundle import Bundle
from recognition.release.products import ProductCard
from recognition.release.recogniser import Recogniser
from recognition.triage.verdict import Candidate
from serving.answers import Found, Identification, Match
from serving.looker import Looked
from serving.several import Judged, settled
from serving.stopwatch import Stage, Stopwatch


@dataclass(frozen=True)
class Release:
    """An opened release. Answering changes nothing in it: threads may share one."""

    bundle: Bundle
    recogniser: Recogniser

    @classmethod
    def of_bundle(cls, bundle: Bundle, store: VectorStore | None = None) -> "Release":
        """The release of an opened and verified bundle, which searches that store, or its own index."""
        return cls(bundle, Recogniser.of_bundle(bundle, store))

    @property
    def release_id(self) -> str:
        """Its name."""
        return self.bundle.manifest.release_id

    @property
    def products(self) -> Mapping[str, ProductCard]:
        """What it knows of its products, by SKU."""
        return self.bundle.products

    @property
    def fingerprint(self) -> str:
        """Of the encoder whose vectors it understands."""
        return self.recogniser.fingerprint

    def answer(
        self, looked: Sequence[Looked], fingerprint: str, watch: Stopwatch | None = None
    ) -> list[Identification]:
        """The answer to each photo, from what the encoder of that fingerprint saw on it.

        Raises:
            EncoderMismatchError: the release belongs to another encoder.
        """
        with (watch or Stopwatch()).stage(Stage.SEARCH):
            rows = [seen.vectors for seen in looked]
            vectors = np.concatenate(rows) if rows else np.empty((0, 0), dtype=np.float32)
            recognised = iter(self.recogniser.recognise(vectors, fingerprint, _company(looked)))
            return [self._answer(seen, [Judged(box, next(recognised)) for box in _judged(seen)]) for seen in looked]

    def references(self, sku: str) -> tuple[bytes, ...]:
        """Small JPEGs of a product, the best first."""
        return self.bundle.references.of(sku)

    def product(self, sku: str) -> ProductCard:
        """What it knows of a product; at least its SKU."""
        return self.products.get(sku) or ProductCard(sku=sku, title=sku)

    def _answer(self, seen: Looked, judged: Sequence[Judged]) -> Identification:
        found = tuple(self._found(each) for each in settled(judged[0], judged[1:]))
        return Identification(self.release_id, seen.size, isolated=bool(seen.boxes), found=found)

    def _found(self, judged: Judged) -> Found:
        believed = judged.recognition
        alternatives = tuple(self._match(candidate) for candidate in believed.candidates)
        match = alternatives[0] if believed.sku is not None else None
        return Found(judged.box, believed.verdict, believed.confidence, match, alternatives)

    def _match(self, candidate: Candidate) -> Match:
        return Match(candidate.sku, candidate.score, self.product(candidate.sku))


def _company(looked: Sequence[Looked]) -> Iterator[slice]:
    """The vectors of the several things on each photo; that of the whole photo stands before them."""
    end = 0
    for seen in looked:
        end += len(seen.vectors)
        if len(seen.boxes) > 1:
            yield slice(end - len(seen.boxes), end)


def _judged(seen: Looked) -> tuple[Box, ...]:
    """The box of each vector: the one product's, or the whole photo's and then each of several."""
    if len(seen.boxes) == 1:
        return seen.boxes
    return (Box(0.0, 0.0, *map(float, seen.size)), *seen.boxes)
