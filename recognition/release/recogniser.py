"""The recogniser of a release: vectors in, recognitions out. Used alike by the night, the gate and the query path."""

from collections.abc import Iterable
from dataclasses import dataclass

from recognition.errors import EncoderMismatchError
from recognition.heads.samples import Vectors
from recognition.heads.scoring import Heads, NearestClasses, Ranking, find_candidates, rank, scan_prototypes
from recognition.index.faiss_store import FaissStore
from recognition.index.stores import VectorStore
from recognition.release.bundle import Bundle
from recognition.triage.thresholds import Thresholds
from recognition.triage.verdict import Recognition, judge


@dataclass(frozen=True)
class Recogniser:
    """Heads, index and thresholds, ready to answer."""

    heads: Heads
    nearest: NearestClasses
    thresholds: Thresholds
    fingerprint: str

    @classmethod
    def of_bundle(cls, bundle: Bundle, store: VectorStore | None = None) -> "Recogniser":
        """The recogniser of an opened release, searching its own index, or a vector store that is not in this process.

        Raises:
            VectorStoreUnavailableError: the store does not answer.
        """
        nearest = (store or FaissStore()).open(bundle.manifest.release_id, bundle.index.embeddings, bundle.index)
        return cls(bundle.heads, nearest, bundle.manifest.thresholds, bundle.manifest.encoder.fingerprint)

    @classmethod
    def of_heads(cls, heads: Heads, thresholds: Thresholds, fingerprint: str) -> "Recogniser":
        """The recogniser of heads that are not published (yet), by exact scan."""
        return cls(heads, scan_prototypes(heads.prototypes), thresholds, fingerprint)

    def whiten(self, vectors: Vectors) -> Vectors:
        """[n, d] encoder vectors in the space in which this release compares."""
        return self.heads.metric.apply(vectors)

    def recognise(self, vectors: Vectors, fingerprint: str, company: Iterable[slice] = ()) -> list[Recognition]:
        """What is believed of each of [n, d] vectors, made by the encoder of that fingerprint.

        Args:
            vectors: what the encoder saw.
            fingerprint: of the encoder.
            company: rows that are things on one photo, see `recognition.triage.company`.

        Raises:
            EncoderMismatchError: the vectors come from another encoder than the heads.
        """
        if fingerprint != self.fingerprint:
            raise EncoderMismatchError(
                f"the release was trained on vectors of {self.fingerprint}, these are of {fingerprint}: "
                "set the encoder back in skuloop.toml, or run a cycle to publish a release of the new one."
            )
        if not len(vectors):
            return []
        return judge(self.rank(vectors), self.heads.classes, self.heads.tiers, self.thresholds, company)

    def rank(self, vectors: Vectors) -> Ranking:
        """The candidates of each of [n, d] vectors, best first."""
        candidates = find_candidates(self.heads, vectors, self.nearest)
        return rank(candidates, self.heads.coarse_weight, self.heads.scale)
