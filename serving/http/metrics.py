"""What Prometheus may know of a server. No photo, no key and no name of a caller is in it."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from recognition.vocabulary import PictureReason, Verdict

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 3, 4, 6, 8, 12, 16)


class Metrics:
    """The metrics of one server, each named `skuloop_...`."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = self._counter("requests", "Requests answered.", "route", "method", "status")
        self.verdicts = self._counter("verdicts", "Products found on photos, by verdict.", "verdict")
        self.refused_photos = self._counter("refused_photos", "Photos that could not be read, by reason.", "reason")
        self.kept = self._counter("kept_photos", "Photos kept for the next night, by verdict.", "verdict")
        self.refused_releases = self._counter("refused_releases", "Releases not served, by the error's name.", "error")
        self.restarts = self._counter("worker_restarts", "Encoders that died and were started again.")
        self.stages = Histogram(
            "skuloop_stage_seconds", "Seconds by stage.", ["stage"], buckets=_SECONDS, registry=self._registry
        )
        self.batches = Histogram(
            "skuloop_batch_photos",
            "Photos that one encoder looked at together.",
            buckets=_SIZES,
            registry=self._registry,
        )
        self._release = Info("skuloop_release", "The release that is served.", registry=self._registry)
        for verdict in Verdict:
            self.verdicts.labels(verdict.value)
        for reason in PictureReason:
            self.refused_photos.labels(reason.value)

    def watch(self, name: str, told: str, value: Callable[[], float]) -> None:
        """A gauge that is looked at whenever somebody asks."""
        Gauge(f"skuloop_{name}", told, registry=self._registry).set_function(value)

    def serves(self, release_id: str) -> None:
        """Another release is served."""
        self._release.info({"release_id": release_id})

    def took(self, seconds: Mapping[str, float]) -> None:
        """Count the seconds of stages."""
        for stage, spent in seconds.items():
            self.stages.labels(stage).observe(spent)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(f"skuloop_{name}", told, labels, registry=self._registry)
