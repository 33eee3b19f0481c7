"""One crawl in a process of its own: `python -m spiders.crawl` reads a job from stdin; run_crawl starts it.

A process of its own, because hostile pages and pictures are then read where a crash or a memory limit costs one crawl
and not the night.
"""

import fcntl
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recognition.files import write_durably
from recognition.pictures.reading import PictureLimits
from spiders.database import forget_database
from spiders.disk import is_disk_full, whole_lines
from spiders.errors import BadCrawlJobError, CrawlCrashedError
from spiders.feed import CrawlFiles, CrawlSummary, FeedWriter, VisitReport, read_summary
from spiders.folder import collect_photos
from spiders.images import ImageStore
from spiders.known_files import KnownFiles
from spiders.sources import Source, WebSource, with_absolute_path

__all__ = ["CrawlJob", "CrawlSummary", "files_of", "main", "run_crawl"]

EXIT_FINISHED = 0
EXIT_BAD_JOB = 2
EXIT_UNREACHED = 3
EXIT_DISK_FULL = 4

_MEMORY_LIMIT = 4 * 1024**3
_TAIL = 1500
_LOOK_SECONDS = 0.5
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class CrawlJob:
    """What to crawl and where to put it. `crawl_id` names one attempt for ever: finished once, it never runs again."""

    source: Source
    crawl_id: str
    feeds_root: Path
    images_root: Path
    timeout_seconds: float = 6 * 3600
    postponed: frozenset[str] = frozenset()
    """Addresses that failed on earlier nights and are not due yet."""
    most_products: int | None = None
    """With so many products in the feed nothing more is asked for: to try a source."""


class _JobDocument(BaseModel):
    """A job as it travels through stdin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    crawl_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
    feeds_root: Path
    images_root: Path
    postponed: frozenset[str] = frozenset()
    most_products: int | None = None


def files_of(job: CrawlJob) -> CrawlFiles:
    """Where the job's files are (or will be)."""
    return CrawlFiles(job.feeds_root / job.source.name / job.crawl_id)


def run_crawl(job: CrawlJob, on_progress: Callable[[str], None] | None = None) -> CrawlSummary:
    """Crawl in a subprocess and return how it ended; a crawl that was finished before is returned with `skipped=True`.

    `on_progress` is given a line every few seconds. An unreachable source is an answer (`reached=False`), not an error:
    the night goes on.

    Raises:
        BadCrawlJobError: the job cannot be used as written.
        CrawlCrashedError: the process died or ran past its timeout; starting the same job again goes on from there.
    """
    document = _document(job)
    files = CrawlFiles(document.feeds_root / job.source.name / job.crawl_id)
    if files.summary.exists():
        return read_summary(files.summary).model_copy(update={"skipped": True})
    started = time.monotonic()
    files.folder.mkdir(parents=True, exist_ok=True)
    code = _run(document, files, job.timeout_seconds, on_progress)
    if code == EXIT_FINISHED:
        return read_summary(files.summary)
    if code == EXIT_UNREACHED:
        rows = sum(1 for _ in whole_lines(files.failures))
        return CrawlSummary(
            crawl_id=job.crawl_id,
            source=job.source.name,
            failures=rows,
            seconds=round(time.monotonic() - started, 3),
            reached=False,
        )
    if code == EXIT_DISK_FULL:
        raise CrawlCrashedError(
            f"the crawl of {job.source.name} stopped because the disk is full; free some space and run it again, "
            "it goes on from there"
        )
    tail = files.progress.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
    if code == EXIT_BAD_JOB:
        raise BadCrawlJobError(tail)
    raise CrawlCrashedError(
        f"the crawl of {job.source.name} ended with exit code {code}; run it again. It said: {tail}"
    )


def _document(job: CrawlJob) -> _JobDocument:
    try:
        return _JobDocument(
            source=with_absolute_path(job.source, Path.cwd()),
            crawl_id=job.crawl_id,
            feeds_root=job.feeds_root.absolute(),
            images_root=job.images_root.absolute(),
            postponed=job.postponed,
            most_products=job.most_products,
        )
    except ValidationError as error:
        raise BadCrawlJobError(_explained(error)) from error


def _run(document: _JobDocument, files: CrawlFiles, timeout: float, on_progress: Callable[[str], None] | None) -> int:
    """Run to the end. The process writes to a file, not to us: if we are killed, it can still finish."""
    with files.progress.open("w", encoding="utf-8") as progress, files.progress.open(encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "spiders.crawl"], stdin=subprocess.PIPE, stdout=progress, stderr=progress, cwd=_ROOT
        )
        try:
            _hand_over(process, document)
            deadline = time.monotonic() + timeout
            while (code := _wait(process)) is None:
                _pass_on(said, on_progress)
                if time.monotonic() > deadline:
                    raise CrawlCrashedError(
                        f"the crawl of {document.source.name} was stopped after {timeout:.0f} s; run it again and it "
                        "goes on from there, or lower max_pages of this source"
                    )
            _pass_on(said, on_progress)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return code


def _hand_over(process: "subprocess.Popen[bytes]", document: _JobDocument) -> None:
    if process.stdin is None:
        raise CrawlCrashedError("the crawl process has no input")
    with suppress(BrokenPipeError), process.stdin:  # one that died at once has said why in its file
        process.stdin.write(document.model_dump_json().encode())


def _wait(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _pass_on(said: TextIO, on_progress: Callable[[str], None] | None) -> None:
    for line in said:
        if line.strip() and on_progress is not None:
            on_progress(line.strip())


def main() -> int:
    """Read one job from stdin, do it, return the exit code (0 finished, 2 bad job, 3 not reached, 4 disk full)."""
    try:
        document = _JobDocument.model_validate_json(sys.stdin.buffer.read())
    except ValidationError as error:
        sys.stderr.write(f"this is no crawl job: {_explained(error)}\n")
        return EXIT_BAD_JOB
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, resource.getrlimit(resource.RLIMIT_AS)[1]))
    files = CrawlFiles(document.feeds_root / document.source.name / document.crawl_id)
    files.folder.mkdir(parents=True, exist_ok=True)
    with _alone(files.folder / ".lock"):
        if files.summary.exists():  # another process finished it while this one waited
            return EXIT_FINISHED
        return _crawl(document, files)


def _crawl(document: _JobDocument, files: CrawlFiles) -> int:
    started = time.monotonic()
    writer = FeedWriter(files)
    try:
        code, visit = _collect(document, files, writer)
        writer.close()
    except (OSError, sqlite3.OperationalError) as error:
        if not is_disk_full(error):
            raise
        return EXIT_DISK_FULL  # whatever more was said would have to be written somewhere
    finally:
        with suppress(OSError):  # on a full disk: what could not be written is not claimed
            writer.close()
    if code == EXIT_FINISHED:
        summary = CrawlSummary(
            crawl_id=document.crawl_id,
            source=document.source.name,
            products=writer.products,
            photos=writer.photos,
            images=writer.images,
            failures=writer.failures,
            seconds=round(time.monotonic() - started, 3),
            visit=visit,
        )
        write_durably(files.summary, summary.model_dump_json(indent=2).encode())
        sys.stderr.write(f"{summary.source}: done. {_counts(writer)} in {summary.seconds:.1f} s\n")
    return code


def _collect(document: _JobDocument, files: CrawlFiles, writer: FeedWriter) -> tuple[int, VisitReport | None]:
    store = ImageStore(document.images_root)
    if isinstance(document.source, WebSource):
        from spiders.web import visit_source  # what asks the web takes a while to import; folders do not need it

        most = document.most_products
        ending = visit_source(document.source, files, store, writer, postponed=document.postponed, most_products=most)
        if not ending.reached:
            forget_database(files.frontier)  # the next attempt begins anew
        return EXIT_FINISHED if ending.reached else EXIT_UNREACHED, ending.visit
    photos = replace(store, limits=PictureLimits())
    most, name = document.most_products, document.source.name
    with KnownFiles(files.known_files) as known:
        reached = collect_photos(document.source, photos, writer, known, lambda: _show_progress(name, writer), most)
    return EXIT_FINISHED if reached else EXIT_UNREACHED, None


def _show_progress(name: str, writer: FeedWriter) -> None:
    if (writer.photos + writer.failures) % 100 == 0:
        sys.stderr.write(f"{name}: {_counts(writer)}\n")


def _counts(writer: FeedWriter) -> str:
    return f"{writer.products} products, {writer.photos} photos, {writer.images} images, {writer.failures} failures"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for whoever works on the same crawl: a killed parent may have left its crawl process running."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _explained(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'document'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)
    )


if __name__ == "__main__":
    sys.exit(main())
