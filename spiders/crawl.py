"""One crawl in a process of its own: `python -m spiders.crawl` reads a job from stdin; run_crawl starts it."""

from dataclasses import dataclass
from pathlib import Path

from spiders.feed import CrawlFiles, CrawlSummary
from spiders.sources import Source

__all__ = ["EXIT_BAD_JOB", "EXIT_UNREACHED", "CrawlJob", "CrawlSummary", "files_of", "run_crawl"]

EXIT_FINISHED = 0
EXIT_BAD_JOB = 2
EXIT_UNREACHED = 3


@dataclass(frozen=True, slots=True)
class CrawlJob:
    """What to crawl and where to put it. `crawl_id` names one attempt for ever: finished once, it never runs again."""

    source: Source
    crawl_id: str
    feeds_root: Path
    images_root: Path
    timeout_seconds: float = 6 * 3600


def files_of(job: CrawlJob) -> CrawlFiles:
    """Where the job's files are (or will be)."""
    return CrawlFiles(job.feeds_root / job.source.name / job.crawl_id)


def run_crawl(job: CrawlJob) -> CrawlSummary:
    """Crawl in a subprocess and return how it ended; a crawl that was finished before is returned with `skipped=True`.

    An unreachable source is an answer (`reached=False`), not an error: the night goes on.

    Raises:
        BadCrawlJobError: the job cannot be used as written.
        CrawlCrashedError: the process died or ran past its timeout; starting the same job again is safe.
    """
    raise NotImplementedError
