"""The release that is served, and its successors: a new one is opened beside it, and takes over in one step."""

import logging
import time
from pathlib import Path

from recognition.encoders import EncoderSpec
from recognition.errors import EncoderMismatchError, RecognitionError
from recognition.index.stores import VectorStore
from recognition.release.bundle import MANIFEST, open_bundle
from recognition.release.pointer import POINTER, current_release_id, open_current
from serving.http.metrics import Metrics
from serving.release import Release

RETRY_SECONDS = (
    60.0  # after which a refused release is looked at again: the next cycle heals a damaged one in its place
)

_log = logging.getLogger(__name__)


class ServedReleases:
    """The current release of a folder.

    Attributes:
        current: what answers now. Read it once for one answer: it may be another the next time.
    """

    def __init__(self, bundle: Path, weights: Path | None, metrics: Metrics, store: VectorStore | None = None) -> None:
        """Open the release in that folder, or the current one if it is the folder of all.

        Raises:
            NoReleaseError: nothing is published there.
            ReleaseDamagedError: a file is missing or altered.
        """
        self._weights, self._metrics, self._store = weights, metrics, store
        self._root = None if (bundle / MANIFEST).exists() else bundle
        self._seen, self._retry_at = self._pointer(), 0.0
        opened = open_bundle(bundle) if self._root is None else open_current(bundle)
        self.current = Release.of_bundle(opened, store)
        metrics.serves(self.current.release_id)

    @property
    def encoder(self) -> EncoderSpec:
        """The encoder of the current release."""
        bundle = self.current.bundle
        return bundle.manifest.encoder.spec(self._weights, bundle.isolation_weights)

    def check_encoder(self, fingerprint: str) -> None:
        """Make sure that an encoder is that of the current release.

        Raises:
            EncoderMismatchError: it is another.
        """
        if fingerprint != self.current.fingerprint:
            raise EncoderMismatchError(
                f"release {self.current.release_id} needs the encoder {self.current.fingerprint}, these weights are "
                f"{fingerprint}: name the weights that it was trained with."
            )

    @property
    def may_have_changed(self) -> bool:
        """Whether something was published, or what was refused is due for another look: costs one stat."""
        return self._pointer() != self._seen or 0 < self._retry_at < time.monotonic()

    def follow(self) -> None:
        """Open what is published now; if it cannot be served, say so and keep what is served."""
        if self._root is None:
            return
        self._seen, self._retry_at = self._pointer(), 0.0
        try:
            if current_release_id(self._root) != self.current.release_id:
                self._take_over(self._opened(self._root))
        except (RecognitionError, OSError, ValueError, KeyError) as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._metrics.refused_releases.labels(type(error).__name__).inc()
            _log.error("a release was refused, %s goes on serving: %s", self.current.release_id, error)

    def _opened(self, root: Path) -> Release:
        release = Release.of_bundle(open_current(root), self._store)
        if release.fingerprint != self.current.fingerprint:
            raise EncoderMismatchError(
                f"release {release.release_id} is of the encoder {release.fingerprint}, this server runs "
                f"{self.current.fingerprint}: start it again, with the weights of the new one."
            )
        return release

    def _take_over(self, release: Release) -> None:
        before, self.current = self.current, release
        self._metrics.serves(release.release_id)
        _log.info("release %s is served, after %s", release.release_id, before.release_id)

    def _pointer(self) -> tuple[int, int, int] | None:
        if self._root is None:
            return None
        try:
            found = (self._root / POINTER).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size
