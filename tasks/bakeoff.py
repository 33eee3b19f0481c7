"""Compare encoders and ways to isolate on the labelled photos of the store, and say which settings to write."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w
from PIL import Image
from prefect import task
from prefect.cache_policies import NO_CACHE

from recognition.encoders import HANDCRAFTED, Encoder, EncoderSpec, encode_files, open_encoder
from recognition.errors import NotEnoughDataError, RecognitionError
from recognition.files import write_durably
from recognition.heads.samples import Samples
from recognition.isolation.protocol import NO_ISOLATION, IsolationSpec
from recognition.isolation.sheet import isolation_sheet
from recognition.pictures.reading import read_picture
from recognition.release.bakeoff import Entry, Figures, advised, measure, ranked, whole_classes
from recognition.vocabulary import IsolationMethod, Part, RunStatus, Tier
from tasks.foreground import foreground_head
from tasks.loop import Loop, stage
from tasks.progress import report_progress
from tasks.teaching import LabelledPhoto, labelled_photos
from tasks.wiring import Parts

MOST_PHOTOS = 3000
TABLE_NAME = "bakeoff.md"

_SEED = 0
_USUAL_SIZE = EncoderSpec("").image_size  # what the settings need not say
_TIMED = 16  # photos
_SHOWN = 12  # photos of a contact sheet
_SHEET_SIDE = 480  # pixels


@dataclass(frozen=True)
class BakeoffReport:
    """What came of a bake-off.

    Attributes:
        entries: the most accurate first; those that were not tried come last and say why.
        advice: what to write into skuloop.toml; empty where nothing could be measured.
        reports: folder of the table and the contact sheets.
    """

    label: str
    status: RunStatus
    problems: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()
    advice: str = ""
    reports: Path | None = None


@dataclass(frozen=True)
class _Sample:
    """The photos of the training side.

    Attributes:
        photos: those that every combination is asked about.
        tiers: of their classes.
        taught: all of them, for what is learned of products in general.
    """

    photos: Sequence[LabelledPhoto]
    tiers: Mapping[str, Tier]
    taught: Sequence[LabelledPhoto]


@task(name="bakeoff", cache_policy=NO_CACHE)
def compare_encoders(
    loop: Loop, models: Sequence[str] = (), most_photos: int = MOST_PHOTOS, detector: Path | None = None
) -> BakeoffReport:
    """Measure every combination; vectors are kept in the store, so a second bake-off only measures again.

    Args:
        loop: the run.
        models: names of timm, or `name=weights.safetensors`; none for the encoder of the settings.
        most_photos: how many labelled photos may be asked about.
        detector: a YOLOX model (ONNX); without it the one of the settings, if there is one.

    Raises:
        NotEnoughDataError: fewer than two classes have labelled photos.
    """
    with stage(loop, "bakeoff") as done:
        sample = _sample(loop.parts, most_photos)
        specs = [_spec(loop.parts, model) for model in models] or [_bare(loop.parts.encoder)]
        found = [entry for spec in specs for entry in _entries(loop, spec, sample, _detector(loop.parts, detector))]
        best = advised(found)
        report = BakeoffReport(
            label=loop.label,
            status=RunStatus.COMPLETED,
            entries=tuple(ranked(found)),
            advice=settings_of(best, loop.parts.settings.home, loop.parts.encoder.image_size) if best else "",
            reports=loop.reports,
        )
        write_durably(loop.reports / TABLE_NAME, bakeoff_page(report).encode())
        done.summary = f"{sum(entry.figures is not None for entry in found)} of {len(found)} combinations measured"
    return report


def settings_of(entry: Entry, home: Path, image_size: int | None = _USUAL_SIZE) -> str:
    """The `[encoder]` section of skuloop.toml that makes an entry's combination the loop's own."""
    encoder: dict[str, object] = {"name": entry.encoder}
    if entry.weights is not None:
        encoder["weights"] = _from(home, entry.weights)
    if image_size is not None and image_size != _USUAL_SIZE:
        encoder["image_size"] = image_size
    if entry.encoder != HANDCRAFTED:
        encoder["colour"] = bool(entry.figures and entry.figures.colour_weight)
        isolation: dict[str, object] = {"method": entry.isolation.value}
        if entry.isolation_weights is not None:
            isolation["weights"] = _from(home, entry.isolation_weights)
        encoder["isolation"] = isolation
    return tomli_w.dumps({"encoder": encoder})


COLUMNS = (
    "encoder",
    "isolation",
    "colour",
    "nearest prototype",
    "whitened",
    "best head",
    "top-1",
    "interval",
    "ms/photo",
    "numbers",
)


def row_of(entry: Entry) -> tuple[str, ...]:
    """The cells of an entry, in the order of COLUMNS."""
    figures = entry.figures
    if figures is None:
        return (entry.encoder, entry.isolation, "", "", "", f"not tried: {entry.reason}", "", "", "", "")
    return (
        entry.encoder,
        entry.isolation,
        _colour(figures),
        f"{figures.nearest:.3f}",
        f"{figures.whitened:.3f}",
        figures.method,
        f"{figures.top1:.3f}",
        f"{figures.interval.low:.3f} to {figures.interval.high:.3f}",
        f"{figures.milliseconds:.1f}",
        str(figures.dimension),
    )


def bakeoff_page(report: BakeoffReport) -> str:
    """The table and the advice as markdown."""
    photos = max((entry.figures.photos for entry in report.entries if entry.figures), default=0)
    lines = [
        "# Bake-off",
        "",
        f"Out of fold on {photos} labelled photos of the training side; the interval draws whole scenes.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(row_of(entry))} |" for entry in report.entries),
        "",
        *(("For `skuloop.toml`:", "", "```toml", report.advice.rstrip(), "```") if report.advice else ()),
    ]
    return "\n".join(lines) + "\n"


def _colour(figures: Figures) -> str:
    if figures.colour_gain is None:
        return "-"
    return f"{figures.colour_weight:g} ({figures.colour_gain:+.3f})"


def _from(home: Path, path: Path) -> str:
    """A path as the settings name it: from their folder where it lies inside."""
    inside = path.is_relative_to(home.resolve())
    return str(path.relative_to(home.resolve()) if inside else path)


def _sample(loop_parts: Parts, most: int) -> _Sample:
    photos, tiers = labelled_photos(loop_parts)
    taught = [photo for photo in photos if photo.part is Part.TRAIN]
    chosen = [taught[row] for row in whole_classes([photo.sku for photo in taught], most, _SEED).tolist()]
    skus = {photo.sku for photo in chosen}
    if len(skus) < 2:
        raise NotEnoughDataError(
            f"{len(skus)} class(es) with usable labelled photos: a bake-off needs at least two. "
            "Add a source with labelled photos, then run the night again."
        )
    return _Sample(chosen, {sku: tiers[sku] for sku in skus}, taught)


def _bare(spec: EncoderSpec) -> EncoderSpec:
    return replace(spec, isolation=NO_ISOLATION, colour=spec.name != HANDCRAFTED)


def _spec(loop_parts: Parts, model: str) -> EncoderSpec:
    """The encoder that a word of the command line names; the configured one keeps its weights."""
    name, _, weights = model.partition("=")
    configured = loop_parts.encoder
    if weights:
        return _bare(replace(configured, name=name, weights=Path(weights).expanduser().resolve()))
    return _bare(configured if name == configured.name else replace(configured, name=name, weights=None))


def _detector(loop_parts: Parts, given: Path | None) -> Path | None:
    if given is not None:
        return given.expanduser().resolve()
    isolation = loop_parts.encoder.isolation
    return isolation.weights if isolation.method is IsolationMethod.BOX else None


def _entries(loop: Loop, spec: EncoderSpec, sample: _Sample, detector: Path | None) -> Iterator[Entry]:
    for method in IsolationMethod:
        try:
            isolating = replace(spec, isolation=_isolation(loop.parts, spec, method, sample.taught, detector))
            yield Entry.measured(isolating, _measure(loop, isolating, sample))
        except RecognitionError as error:
            yield Entry.left_out(spec, method, str(error))


def _isolation(
    loop_parts: Parts,
    spec: EncoderSpec,
    method: IsolationMethod,
    photos: Sequence[LabelledPhoto],
    detector: Path | None,
) -> IsolationSpec:
    """How to isolate by a method.

    Raises:
        NotEnoughDataError: what the method works with is not there and cannot be made.
    """
    if method is IsolationMethod.BOX and detector is None:
        raise NotEnoughDataError("there is no detector: name a YOLOX model with --detector")
    if method is IsolationMethod.BOX:
        return IsolationSpec(method, detector)
    if method is IsolationMethod.FOREGROUND and spec.name != HANDCRAFTED:
        return IsolationSpec(method, foreground_head(loop_parts, spec, photos))
    return IsolationSpec(method)


def _measure(loop: Loop, spec: EncoderSpec, sample: _Sample) -> Figures:
    encoder = open_encoder(spec)  # first: it says why a combination cannot be
    samples = _vectors(loop.parts, spec, encoder, sample.photos)
    milliseconds = _milliseconds(encoder, [picture for _, picture in _some(loop.parts, sample.photos, _TIMED)])
    if spec.isolation.method is not IsolationMethod.NONE:
        _draw_sheet(loop, encoder, spec, sample.photos)
    report_progress(f"{_shortly(spec)}: photos to train on", len(samples), len(sample.photos))
    return measure(samples, sample.tiers, milliseconds)


def _vectors(loop_parts: Parts, spec: EncoderSpec, encoder: Encoder, photos: Sequence[LabelledPhoto]) -> Samples:
    """The photos as this encoder sees them; what is missing is encoded, and kept."""
    store, fingerprint = loop_parts.vectors, encoder.fingerprint
    known = store.known(fingerprint)
    missing = [(photo.sha256, loop_parts.paths.images / photo.path) for photo in photos if photo.sha256 not in known]
    batches = encode_files(
        spec,
        missing,
        workers=loop_parts.settings.encoder.workers or None,
        on_progress=lambda so_far, total: report_progress(f"{_shortly(spec)}: encode", so_far, total),
    )
    for batch in batches:
        store.append(fingerprint, batch.sha256s, batch.vectors)
    by_sha256 = {photo.sha256: photo for photo in photos}
    sha256s, vectors = store.load(fingerprint, [photo.sha256 for photo in photos])
    found = [by_sha256[sha256] for sha256 in sha256s]
    return Samples.from_labels(
        vectors,
        [photo.sku for photo in found],
        [photo.group for photo in found],
        encoder.layout,
        catalogue=[photo.catalogue for photo in found],
    )


def _milliseconds(encoder: Encoder, pictures: Sequence[Image.Image]) -> float:
    """To encode one picture that is read already; the better of two rounds, after one that warms up."""
    rounds = [_seconds(encoder, pictures) for _ in range(3)]
    return 1000 * min(rounds[1:]) / max(len(pictures), 1)


def _seconds(encoder: Encoder, pictures: Sequence[Image.Image]) -> float:
    start = time.perf_counter()
    encoder.encode(pictures)
    return time.perf_counter() - start


def _draw_sheet(loop: Loop, encoder: Encoder, spec: EncoderSpec, photos: Sequence[LabelledPhoto]) -> None:
    """What the method took for product on some of the photos, for people."""
    captions, pictures = zip(*_some(loop.parts, photos, _SHOWN), strict=True)
    for picture in pictures:
        picture.thumbnail((_SHEET_SIDE, _SHEET_SIDE))
    sheet = isolation_sheet(pictures, encoder.isolate(pictures), captions, _said(spec))
    loop.reports.mkdir(parents=True, exist_ok=True)
    sheet.save(loop.reports / f"isolation-{encoder.fingerprint}.png")


def _some(loop_parts: Parts, photos: Sequence[LabelledPhoto], count: int) -> Iterator[tuple[str, Image.Image]]:
    """SKU and picture of a few photos, spread over all."""
    for photo in photos[:: max(len(photos) // count, 1)][:count]:
        yield photo.sku, read_picture(loop_parts.paths.images / photo.path)


def _said(spec: EncoderSpec) -> str:
    return f"{spec.name}, isolation {spec.isolation.method}"


def _shortly(spec: EncoderSpec) -> str:
    """The same on half a line of a terminal: without the tag that says what the weights were trained with."""
    return f"{spec.name.partition('.')[0]}, {spec.isolation.method}"
