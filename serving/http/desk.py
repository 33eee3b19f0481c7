"""The desk: photos in, answers out, by a crew of encoder processes and the release that is served just then.

A worker takes what waits as soon as it is free, so batches grow with the load and nobody waits for company. Photos are
looked at in processes of their own; what was seen is compared in a thread here, in the release of that moment.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

from recognition.errors import RecognitionError
from recognition.vocabulary import PictureReason
from serving.answers import Identification
from serving.http.keeping import Keeper, Keepsake
from serving.http.metrics import Metrics
from serving.http.options import Crew, Limits
from serving.http.queue import Answered, PhotoQueue, Waiting
from serving.http.releases import ServedReleases
from serving.http.wire import Refused, Report, Task
from serving.http.worker import Worker, WorkerDiedError
from serving.looker import Looked
from serving.stopwatch import Stopwatch

_Arguments = TypeVarTuple("_Arguments")
_Done = TypeVar("_Done")
_Given = TypeVar("_Given")

QUEUE = "queue"
_PAUSE_SECONDS = 5.0  # between tries to start an encoder that does not

_log = logging.getLogger(__name__)


class Desk:
    """Answers photos; `open` and `close` block, everything else belongs to one event loop."""

    def __init__(
        self, crew: Crew, limits: Limits, releases: ServedReleases, metrics: Metrics, keeper: Keeper | None
    ) -> None:
        self._crew, self._limits, self._releases, self._metrics = crew, limits, releases, metrics
        self._keeper = keeper
        self._workers = [Worker(limits.picture, crew.extra_bytes) for _ in range(crew.workers)]
        self._threads = ThreadPoolExecutor(crew.workers, thread_name_prefix="skuloop-desk")
        self._queue = PhotoQueue(limits.waiting, crew.workers)
        self._tasks: list[asyncio.Task[None]] = []
        metrics.watch("waiting_photos", "Photos that wait for an encoder.", lambda: len(self._queue))
        metrics.watch("encoders", "Encoders that are alive.", lambda: self.encoders)

    @property
    def encoders(self) -> int:
        """Encoders that are alive."""
        return sum(worker.is_alive for worker in self._workers)

    def open(self) -> None:
        """Start the encoders.

        Raises:
            EncoderUnavailableError: the encoder cannot be loaded.
            EncoderMismatchError: the weights are not those of the release.
        """
        started = [self._threads.submit(self._start, worker) for worker in self._workers]
        try:
            for each in started:
                each.result()
        except BaseException:
            self.close()
            raise

    def begin(self) -> None:
        """Take photos from now on, in the running event loop."""
        self._tasks = [asyncio.create_task(self._work(worker)) for worker in self._workers]

    async def end(self) -> None:
        """Take no more photos."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        """End the encoders."""
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def answer(self, photos: Sequence[bytes], most: int) -> list[Answered]:
        """Answer the photos of one request, in the order given.

        Raises:
            ProblemError: too many photos wait; a deliberate 503.
            TimeoutError: no answer came in time.
        """
        answers = self._queue.put(photos, most)
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                return list(await asyncio.gather(*answers))
        finally:
            for answer in answers:
                answer.cancel()  # where the caller has left: what still waits is not worth a look

    async def _work(self, worker: Worker) -> None:
        while True:
            await self._revive(worker)
            if not len(self._queue) and await self._kept_one(worker):
                continue
            batch = await self._queue.take(self._crew.batch, self._crew.wait_seconds)
            try:
                await self._answer(worker, batch)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - a defect must not end the loop: the next are served
                for waiting in batch:
                    _give(waiting, error)

    async def _answer(self, worker: Worker, batch: Sequence[Waiting]) -> None:
        taken = time.perf_counter()
        task = Task(tuple(waiting.photo for waiting in batch), batch[0].most)
        try:
            answers, seconds = await self._in_time(self._look_and_judge, worker, task)
        except WorkerDiedError as error:
            await self._answer_apart(worker, batch, error)
            return
        self._queue.took(len(batch), time.perf_counter() - taken)
        self._metrics.batches.observe(len(batch))
        for waiting, answer in zip(batch, answers, strict=True):
            _give(waiting, Answered(answer, {QUEUE: taken - waiting.since, **seconds}))
            if self._keeper is not None and isinstance(answer, Identification):
                self._keeper.offer(waiting.photo, answer)

    async def _answer_apart(self, worker: Worker, batch: Sequence[Waiting], error: WorkerDiedError) -> None:
        """A worker died over these photos: each gets a worker of its own, and one that kills it again is refused."""
        _log.warning("an encoder died over %d photos (%s)", len(batch), error)
        if len(batch) == 1:
            reason = Refused(PictureReason.UNREADABLE, "no encoder survived it")
            _give(batch[0], Answered(reason, {}))
            return
        for waiting in batch:
            await self._revive(worker)
            await self._answer(worker, [waiting])

    async def _kept_one(self, worker: Worker) -> bool:
        """Keep one photo that waits for it, if there is one."""
        keepsake = self._keeper.next() if self._keeper is not None else None
        if keepsake is None:
            return False
        try:
            await self._in_time(self._keep, worker, keepsake)
        except (WorkerDiedError, OSError) as error:
            _log.warning("a photo was not kept: %s", error)
        return True

    def _keep(self, worker: Worker, keepsake: Keepsake) -> None:
        picture = worker.draw(keepsake.photo)
        if picture and self._keeper is not None:
            self._keeper.keep(keepsake, picture)
            self._metrics.kept.labels(keepsake.verdict.value).inc()

    def _look_and_judge(self, worker: Worker, task: Task) -> tuple[list[Identification | Refused], dict[str, float]]:
        report = worker.look(task)
        watch = Stopwatch()
        answers = _judged(report, self._releases, worker.fingerprint, watch)
        seconds = {str(stage): spent + report.seconds.get(stage, 0.0) for stage, spent in watch.seconds.items()}
        return answers, seconds

    async def _revive(self, worker: Worker) -> None:
        while not worker.is_alive:
            self._metrics.restarts.inc()
            try:
                await self._in_thread(self._start, worker)
            except RecognitionError as error:
                _log.error("no encoder: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)

    def _start(self, worker: Worker) -> None:
        worker.start(self._releases.encoder)
        self._releases.check_encoder(worker.fingerprint)

    async def _in_time(self, work: Callable[[Worker, _Given], _Done], worker: Worker, given: _Given) -> _Done:
        """Ask a worker in a thread; it is ended where it takes longer than an answer may."""
        watchdog = asyncio.get_running_loop().call_later(self._limits.answer_seconds, worker.kill)
        try:
            return await self._in_thread(work, worker, given)
        finally:
            watchdog.cancel()

    async def _in_thread(self, work: Callable[[Unpack[_Arguments]], _Done], *arguments: *_Arguments) -> _Done:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)


def _judged(
    report: Report, releases: ServedReleases, fingerprint: str, watch: Stopwatch
) -> list[Identification | Refused]:
    release = releases.current  # one release for the whole batch, whatever is published meanwhile
    looked = [look for look in report.looks if isinstance(look, Looked)]
    answers = iter(release.answer(looked, fingerprint, watch))
    return [look if isinstance(look, Refused) else next(answers) for look in report.looks]


def _give(waiting: Waiting, answer: Answered | Exception) -> None:
    with contextlib.suppress(asyncio.InvalidStateError):  # the caller has left
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
