"""The encoder process: it reads the photos of strangers, one thread, with a bound on its memory."""

import contextlib
import logging
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from multiprocessing.connection import Connection

from PIL import Image

from recognition.encoders import EncoderSpec, open_encoder
from recognition.encoders.parallel import keep_memory
from recognition.encoders.precision import check_pictures
from recognition.errors import RecognitionError, UnreadablePictureError
from recognition.pictures.reading import PictureLimits, read_picture
from recognition.vocabulary import PictureReason
from serving.http.wire import Deed, Look, Refused, Report, Task, receive_task, send_report, send_words
from serving.looker import Looker
from serving.stopwatch import Stage, Stopwatch

_QUALITY = 95  # people and encoders look at it again

_log = logging.getLogger(__name__)


def encode_for(pipe: Connection, spec: EncoderSpec, limits: PictureLimits, extra_bytes: int) -> None:
    """Look at photos until the server hangs up: the whole life of an encoder process.

    Args:
        pipe: to the server.
        spec: the encoder.
        limits: what a photo may cost.
        extra_bytes: memory that may be taken beyond what the opened encoder takes.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group: the server says when to end
        signal.signal(number, signal.SIG_IGN)
    keep_memory()
    try:
        looker = Looker(open_encoder(replace(spec, threads=1)))
        looker.look(check_pictures(2))
    except RecognitionError as error:
        send_words(pipe, error=type(error).__name__, message=str(error))
        return
    bound_memory(extra_bytes)
    send_words(pipe, fingerprint=looker.encoder.fingerprint)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the server is gone
        while True:
            task = receive_task(pipe)
            if task.deed is Deed.DRAW:
                pipe.send_bytes(drawn_anew(task.photos[0], limits))
            else:
                send_report(pipe, look_at(looker, task, limits))


def look_at(looker: Looker, task: Task, limits: PictureLimits) -> Report:
    """Read photos and look at those that can be read; big ones are looked at before the next is read."""
    watch = Stopwatch()
    looks: dict[int, Look] = {}
    read: dict[int, Image.Image] = {}
    for place, photo in enumerate(task.photos):
        try:
            with watch.stage(Stage.DECODE):
                picture = read_picture(photo, limits)
        except UnreadablePictureError as error:
            looks[place] = Refused(error.reason, error.detail)
            continue
        if read and _pixels([*read.values(), picture]) > limits.max_pixels:
            looks |= _looks(looker, read, task.most, watch)
            read.clear()
        read[place] = picture
    looks |= _looks(looker, read, task.most, watch)
    return Report(tuple(looks[place] for place in sorted(looks)), {str(s): spent for s, spent in watch.seconds.items()})


def drawn_anew(photo: bytes, limits: PictureLimits) -> bytes:
    """The bare picture of a photo as a JPEG, upright and without metadata; nothing where it cannot be read."""
    file = BytesIO()
    try:
        read_picture(photo, limits).save(file, "JPEG", quality=_QUALITY, subsampling=0)
    except (UnreadablePictureError, MemoryError, OSError):
        return b""
    return file.getvalue()


def bound_memory(extra_bytes: int) -> None:
    """Let this process take no more than `extra_bytes` beyond what it has taken: then reading fails, and it lives on.

    Only Linux counts what a process has taken of what RLIMIT_DATA bounds (since 4.7); elsewhere nothing is bounded.
    """
    if sys.platform != "linux":
        return
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - a file of the kernel
        taken = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))
    resource.setrlimit(resource.RLIMIT_DATA, (taken + extra_bytes, resource.RLIM_INFINITY))


def _looks(looker: Looker, read: dict[int, Image.Image], most: int, watch: Stopwatch) -> dict[int, Look]:
    if not read:
        return {}
    try:
        return dict(zip(read, looker.look(list(read.values()), most, watch), strict=True))
    except (MemoryError, RuntimeError) as error:  # torch says RuntimeError where its memory ends
        if len(read) > 1:  # one of them may be the cause: the others are not to suffer
            return {place: _looks(looker, {place: picture}, most, watch)[place] for place, picture in read.items()}
        _log.warning("a photo was refused: %s", error)
        refused = Refused(PictureReason.TOO_LARGE, "it took more memory than one photo may take")
        return dict.fromkeys(read, refused)


def _pixels(pictures: Sequence[Image.Image]) -> int:
    return sum(picture.width * picture.height for picture in pictures)
