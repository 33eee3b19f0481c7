"""How long does an answer take over HTTP, and how many a second, in a release of 150,000 SKUs?

    python -m benchmarks.identify [--classes 150000] [--seconds 20] [--batching]

Photos of cart-parts are sent to a real server, one after the other and by 16 clients at once, each waiting for its
answer. Most SKUs of the release are GENERATED, see `benchmarks.big_release`: time is measured here, not accuracy. The
encoder's own forward, on photos that are read already, stands beside it: the same encoder in as many processes of one
thread, in turns with the server, so that other work on the machine disturbs both alike. `--batching` compares sizes and
waits of batches instead.
"""

import argparse
import multiprocessing
import os
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np

from benchmarks.big_release import BigRelease, big_release
from benchmarks.machine import this_machine
from recognition.encoders import EncoderSpec, open_encoder
from recognition.encoders.parallel import keep_memory, usable_cores
from recognition.pictures.reading import read_picture
from recognition.release.pointer import open_current
from skuloop.output import console, print_table
from tests.support.serving import ServerUnderTest, running_server

ASKED = ((1, 1), (16, 1), (1, 8), (16, 8))
"""Clients, and for how many products on each photo they ask: 1 is one look, more may take another look at each part."""
ROUNDS = 4
STAGES = ("receive", "queue", "decode", "isolate", "encode", "search")
BATCHES = ((1, 0), (4, 0), (8, 0), (8, 5), (8, 10), (8, 20))


@dataclass
class Course:
    """What some clients saw.

    Attributes:
        seconds: from a photo to its answer.
        stages: milliseconds of each stage as the server tells them, one row a photo.
        lasted: seconds that photos were sent.
        failed: answers that were none.
        cores: processor seconds of the encoders, of the server beside them, and of the clients.
    """

    seconds: list[float] = field(default_factory=list)
    stages: list[Mapping[str, float]] = field(default_factory=list)
    lasted: float = 0.0
    failed: int = 0
    cores: list[float] = field(default_factory=lambda: [0.0] * 3)

    @property
    def throughput(self) -> float:
        """Photos a second."""
        return len(self.seconds) / self.lasted

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return float(np.percentile(self.seconds, share)) * 1e3

    def stage(self, name: str) -> float:
        """Median milliseconds of a stage."""
        return float(np.median([told[name] for told in self.stages]))

    def rest(self) -> float:
        """Median milliseconds that are in no stage: HTTP on both sides, JSON, handing over."""
        told = [sum(stages[name] for name in STAGES) for stages in self.stages]
        return float(np.median(np.array(self.seconds) * 1e3 - told))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=150_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement, in all rounds together")
    parser.add_argument("--batching", action="store_true")
    told = parser.parse_args(arguments)
    if not console.is_terminal:
        console.width = 150
    release = big_release(told.classes)
    photos = [path.read_bytes() for path in release.photos]
    machine = this_machine()
    print(f"{machine.cpu}, {machine.cores} cores, load {machine.load:.1f}; {told.classes} SKUs", file=sys.stderr)
    if told.batching:
        _compare_batches(release, photos, told.seconds)
    else:
        _measure(release, photos, told.seconds)
    return 0


def _measure(release: BigRelease, photos: Sequence[bytes], seconds: float) -> None:
    courses = {asked: Course() for asked in ASKED}
    alone, together, workers = Course(), Course(), usable_cores()
    with _served(release) as server, _Encoders(release, workers) as encoders:
        _drive(server, photos, 2, 8, 3.0)  # both have seen photos before anything counts
        for _ in range(ROUNDS):
            _add(alone, encoders.run(1, 1, seconds / ROUNDS))
            for asked, course in courses.items():
                _add(course, _drive(server, photos, *asked, seconds / ROUNDS))
            _add(together, encoders.run(workers, 8, seconds / ROUNDS))
    rows = [
        ("the encoder alone, one photo at a time", *_row(alone)),
        *((_named(*asked), *_row(course)) for asked, course in courses.items()),
    ]
    print_table("From photo to answer", ("", "p50, ms", "p95, ms", "p99, ms", "photos a second", "failed"), rows)
    print_table(
        f"Throughput; the encoder alone in {workers} processes and batches of 8",
        ("", "photos a second", "share of the encoder alone"),
        [
            ("the encoder alone", f"{together.throughput:.1f}", "1.00"),
            *(
                (_named(*asked), f"{course.throughput:.1f}", f"{course.throughput / together.throughput:.2f}")
                for asked, course in courses.items()
            ),
        ],
    )
    print_table(
        "Where the milliseconds go (medians)",
        ("", *STAGES, "rest"),
        [
            (_named(*asked), *(f"{course.stage(stage):.1f}" for stage in STAGES), f"{course.rest():.1f}")
            for asked, course in courses.items()
        ],
    )

    print_table(
        "Processor milliseconds a photo",
        ("", "encoders", "server", "clients", "encoder alone"),
        [
            (
                _named(*asked),
                *(f"{1e3 * spent / len(course.seconds):.1f}" for spent in course.cores),
                f"{1e3 * together.cores[0] / len(together.seconds):.1f}",
            )
            for asked, course in courses.items()
        ],
    )


def _compare_batches(release: BigRelease, photos: Sequence[bytes], seconds: float) -> None:
    rows = []
    for batch, wait in BATCHES:
        with _served(release, batch=batch, batch_wait_ms=wait) as server:
            _drive(server, photos, 16, 1, 3.0)
            one, many = _drive(server, photos, 1, 1, seconds / 2), _drive(server, photos, 16, 1, seconds)
        rows.append((batch, wait, f"{one.percentile(50):.0f}", f"{many.percentile(95):.0f}", f"{many.throughput:.1f}"))
    columns = ("batch", "wait, ms", "1 client: p50, ms", "16 clients: p95, ms", "16 clients: photos a second")
    print_table("Batches", columns, rows)


def _named(clients: int, products: int) -> str:
    return f"HTTP, {clients} client{'s' if clients > 1 else ''}, products={products}"


def _row(course: Course) -> tuple[str, ...]:
    told = (f"{course.percentile(share):.1f}" for share in (50, 95, 99))
    return (*told, f"{course.throughput:.1f}", str(course.failed))


def _add(to: Course, more: Course) -> None:
    to.seconds += more.seconds
    to.stages += more.stages
    to.lasted += more.lasted
    to.failed += more.failed
    to.cores = [before + now for before, now in zip(to.cores, more.cores, strict=True)]


@contextmanager
def _served(release: BigRelease, **told: Any) -> Iterator[ServerUnderTest]:
    with TemporaryDirectory(prefix="skuloop-identify-") as folder:
        words = ("--weights", str(release.weights))
        with running_server(Path(folder), *words, bundle=release.root, workers=0, per_minute=0, **told) as server:
            yield server


def _drive(server: ServerUnderTest, photos: Sequence[bytes], clients: int, products: int, seconds: float) -> Course:
    """Let clients ask, each waiting for its answer; all are one thread here, which costs the cores little."""
    course, next_photo = Course(), cycle(photos)
    head = f"POST /v1/identify?products={products} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: image/jpeg\r\n"
    before, own, begun = _spent(server), time.process_time(), time.perf_counter()
    with ExitStack() as opened, selectors.DefaultSelector() as ready:
        for _ in range(clients):
            client = _Client(opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=120)))
            ready.register(client.socket, selectors.EVENT_READ, client)
            client.ask(head, next(next_photo))
        waiting = clients
        while waiting:
            for key, _ in ready.select():
                client: _Client = key.data
                if not client.read():
                    continue
                client.count(course)
                if time.perf_counter() < begun + seconds:
                    client.ask(head, next(next_photo))
                else:
                    waiting -= 1
    course.lasted = time.perf_counter() - begun
    spent = [later - earlier for later, earlier in zip(_spent(server), before, strict=True)]
    course.cores = [*spent, time.process_time() - own]
    return course


class _Client:
    """One connection that asks, waits and asks again."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self._heard, self._start = connection, b"", 0.0

    def ask(self, head: str, photo: bytes) -> None:
        self._heard, self._start = b"", time.perf_counter()
        self.socket.sendall(f"{head}content-length: {len(photo)}\r\n\r\n".encode() + photo)

    def read(self) -> bool:
        """Whether the answer is complete."""
        more = self.socket.recv(1 << 18)
        if not more:
            raise ConnectionError("the server hung up")
        self._heard += more
        end = self._heard.find(b"\r\n\r\n")
        return end > 0 and len(self._heard) >= end + 4 + int(self._header(b"content-length"))

    def count(self, course: Course) -> None:
        if self._heard.startswith(b"HTTP/1.1 200"):
            course.seconds.append(time.perf_counter() - self._start)
            course.stages.append(_told(self._header(b"server-timing").decode()))
        else:
            course.failed += 1

    def _header(self, name: bytes) -> bytes:
        _, _, after = self._heard.partition(b"\r\n" + name + b": ")
        return after.partition(b"\r\n")[0]


def _spent(server: ServerUnderTest) -> tuple[float, float]:
    """Processor seconds of the encoders, and of the server without them."""
    return sum(map(_processor_seconds, server.encoders())), _processor_seconds(server.process.pid)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _told(header: str) -> Mapping[str, float]:
    parts = (part.split(";dur=") for part in header.split(", "))
    return {stage: float(spent) for stage, spent in parts}


class _Encoders:
    """The encoder of a release in processes of one thread, on pictures that are read already."""

    def __init__(self, release: BigRelease, workers: int) -> None:
        bundle = open_current(release.root)
        spec = bundle.manifest.encoder.spec(release.weights, bundle.isolation_weights)
        arguments = (spec, release.photos[:64])
        spawn = multiprocessing.get_context("spawn")
        self._pools = [ProcessPoolExecutor(1, spawn, _open, arguments) for _ in range(workers)]

    def __enter__(self) -> Self:
        for waiting in [pool.submit(_encode, 8, 1.0) for pool in self._pools]:
            waiting.result()
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools:
            pool.shutdown()

    def run(self, workers: int, batch: int, seconds: float) -> Course:
        """Encode for some seconds in so many processes."""
        running = [pool.submit(_encode, batch, seconds) for pool in self._pools[:workers]]
        told = [one.result() for one in running]
        spent = [each for seconds_each, _ in told for each in seconds_each]
        return Course(spent, [], seconds, cores=[sum(cpu for _, cpu in told), 0.0, 0.0])


def _open(spec: EncoderSpec, paths: Sequence[Path]) -> None:
    keep_memory()
    _held["encoder"] = open_encoder(spec)
    _held["pictures"] = [read_picture(path) for path in paths]


def _encode(batch: int, seconds: float) -> tuple[list[float], float]:
    """Seconds that each photo took, those of a batch alike; and processor seconds of all."""
    pictures: Iterator[Any] = cycle(_held["pictures"])
    spent, end, cpu = list[float](), time.perf_counter() + seconds, time.process_time()
    while time.perf_counter() < end:
        batched = [next(pictures) for _ in range(batch)]
        start = time.perf_counter()
        _held["encoder"].encode_isolated(batched)
        spent += [time.perf_counter() - start] * batch
    return spent, time.process_time() - cpu


_held: dict[str, Any] = {}


if __name__ == "__main__":
    sys.exit(main())
