"""The command identify: which products are on photos and in videos."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from recognition.errors import UnreadablePictureError
from recognition.pictures.frames import Frame, Sampling, is_video, read_frames
from recognition.vocabulary import PictureReason
from serving.answers import Found, Identification
from serving.identifier import Identifier
from skuloop.exit_codes import ExitCode
from skuloop.output import complain, errors, money, plain, print_json, print_line
from tasks.settings import load_settings
from tasks.wiring import Parts

SCENE_CHANGE = 0.06
"""Mean difference of colours, 0 to 1, from which two frames show different scenes."""

_AT_ONCE = 8  # frames that are answered together
_NO_CHANCE = 0.005  # below it another product is not worth a line


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of each file.

    Attributes:
        most: Products answered on one picture.
        sampling: Which frames of a video.
    """

    most: int
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a photo, or to the frame of a video at a second."""

    file: Path
    second: float | None
    identification: Identification


def identify_files(
    files: list[Path], config: Path | None, bundle: Path | None, weights: Path | None, ask: Ask, *, as_json: bool
) -> ExitCode:
    """Identify each photo and video; an unreadable one is said, and the others are answered."""
    milvus = None
    if bundle is None:
        parts = Parts(load_settings(config))
        bundle, weights, milvus = parts.paths.releases, parts.encoder.weights, parts.settings.index.address
    identifier = Identifier.open(bundle, weights, milvus)
    answers: list[Answer] = []
    code = ExitCode.DONE
    for file in files:
        of_file: list[Answer] = []
        try:
            of_file.extend(_answers(file, identifier, ask))
        except UnreadablePictureError as error:
            complain(f"{file}: {error}")
            code = ExitCode.BAD_DATA
        answers.extend(of_file)
        if not as_json:
            _print(of_file)
    if as_json:
        print_json([_document(answer) for answer in answers])
    return code


def spans(answers: Sequence[Answer]) -> list[tuple[Answer, Answer]]:
    """First and last of each run of frames that show the same products with the same verdicts."""
    runs = (list(run) for _, run in groupby(answers, key=lambda answer: _shown(answer.identification)))
    return [(run[0], run[-1]) for run in runs]


def seconds_of(text: str) -> float:
    """A duration as people write it: "2", "2s", "500ms", "1.5m".

    Raises:
        ValueError: it is none, or not above zero.
    """
    for suffix, seconds in (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("", 1.0)):
        if text.endswith(suffix):
            value = float(text.removesuffix(suffix)) * seconds
            break
    if not 0 < value < float("inf"):
        raise ValueError(f"{text!r} is no time above zero")
    return value


def _answers(file: Path, identifier: Identifier, ask: Ask) -> Iterator[Answer]:
    if file.is_dir():
        raise UnreadablePictureError(PictureReason.MISSING, f"this is a folder: name what lies in it, as {file}/*.jpg")
    if not is_video(file):
        yield Answer(file, None, identifier.identify(file, ask.most))
        return
    frames = _with_progress(file, read_frames(file, ask.sampling))
    while some := list(islice(frames, _AT_ONCE)):
        found = identifier.identify_all([frame.picture for frame in some], ask.most)
        yield from (
            Answer(file, frame.second, identification) for frame, identification in zip(some, found, strict=True)
        )


def _with_progress(file: Path, frames: Iterator[Frame]) -> Iterator[Frame]:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[at]}"))
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True) as progress:
        task = progress.add_task(file.name, total=None, at="")
        for frame in frames:
            yield frame
            of = "" if frame.duration is None else f" of {_clock(frame.duration)}"
            progress.update(task, completed=frame.second, total=frame.duration, at=f"{_clock(frame.second)}{of}")


def _shown(identification: Identification) -> list[tuple[str, str | None]]:
    return sorted((found.verdict, found.match.sku if found.match else None) for found in identification.found)


def _document(answer: Answer) -> dict[str, object]:
    at = {} if answer.second is None else {"second": answer.second}
    return {"photo": str(answer.file), **at, **plain(answer.identification)}


def _print(answers: Sequence[Answer]) -> None:
    for first, last in spans(answers):
        where = f"{first.file}{_time(first.second, last.second)}"
        for found in first.identification.found:
            _print_found(f"{where}{_place(found, first.identification)}", found)


def _time(first: float | None, last: float | None) -> str:
    if first is None or last is None:
        return ""
    return f" {_clock(first)}" if first == last else f" {_clock(first)}-{_clock(last)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _place(found: Found, answer: Identification) -> str:
    """Where on the picture, where it is one of several."""
    box = found.box
    return f" at {box.left:.0f},{box.top:.0f}" if len(answer.found) > 1 else ""


def _print_found(where: str, found: Found) -> None:
    match = found.match
    if match is None:
        print_line(f"{where}: unseen, no known product is near enough")
    else:
        product = match.product
        seen = f" as of {product.offer_seen_at:%Y-%m-%d}" if product.offer_seen_at else ""
        offer = f"{money(product.price, product.currency)}, {product.availability or 'availability unknown'}{seen}"
        print_line(f"{where}: {found.verdict} {match.sku} {product.title} ({_chance(found.confidence)}), {offer}")
    for other in found.alternatives[1 if match else 0 : 4]:
        if other.score < _NO_CHANCE:
            break
        print_line(f"    or {other.sku} {other.product.title} ({_chance(other.score)})")


def _chance(score: float) -> str:
    """A probability for people: what is not certain is never rounded up to 100 %."""
    return f"{min(score, 0.999):.1%}" if score >= 0.995 else f"{score:.0%}"
