"""How fast is a crawl, and what does a second night over an unchanged shop cost?

    python -m benchmarks.crawl [PRODUCTS]

Needs nginx. A shop of static files (10 KB pages, 96 KB photos, a sitemap with lastmod) is crawled by Scrapy with its
stock ImagesPipeline and by skuloop, one after the other, each in a process of its own with 16 requests at a time and no
delay; three times in turn, and the run of the median CPU counts. CPU seconds are those of the process, start and end
included. Three second nights: the sitemap says that nothing has changed; it says nothing (every page is asked for, and
answered 304); and, as a shop really is asked, politely: a pause of 20 ms between requests in both nights. Bytes are
what nginx sent, headers included.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crawl_shop import build_shop, free_port, served
from benchmarks.machine import this_machine
from skuloop.output import console, print_table, say
from spiders.crawl import CrawlJob, run_crawl
from spiders.sources import SiteSource

_PRODUCTS = 2000
_CONCURRENCY = 16
_ROUNDS = 3
_POLITE_DELAY = 0.02
_OUT = Path("benchmarks/out/crawl")


@dataclass(frozen=True, slots=True)
class _Cost:
    """What one crawl cost; bytes are what the server sent."""

    images: int
    cpu: float
    wall: float
    bytes: int

    @property
    def rate(self) -> float:
        return self.images / self.cpu


def main() -> int:
    products = int(sys.argv[1]) if len(sys.argv) > 1 else _PRODUCTS
    if not console.is_terminal:
        console.width = 130
    root, port = _OUT / f"shop-{products}", free_port()
    url = f"http://127.0.0.1:{port}/"
    build_shop(root, url, products)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        with served(root, work / "nginx", port):
            log = work / "nginx" / "access.log"
            stocks, all_ours = [], []
            for round_ in range(_ROUNDS):
                shutil.rmtree(work / "ours", ignore_errors=True)
                say(f"first nights, {round_ + 1} of {_ROUNDS}")
                stocks.append(_measured(log, lambda: _stock(url, work / "stock")))
                all_ours.append(_measured(log, lambda: _ours(url, work / "ours", "night-1")))
            stock, ours = _median(stocks), _median(all_ours)
            same = _measured(log, lambda: _ours(url, work / "ours", "night-2"))
            polite = _measured(log, lambda: _ours(url, work / "polite", "night-1", delay=_POLITE_DELAY))
            later = _measured(log, lambda: _ours(url, work / "polite", "night-2", delay=_POLITE_DELAY))
        build_shop(root, url, products, with_lastmod=False)
        with served(root, work / "nginx", port):
            asked = _measured(log, lambda: _ours(url, work / "ours", "night-3"))
    _print(products, {"Scrapy, stock ImagesPipeline": stock, "skuloop": ours}, same, asked, polite, later)
    return 0


def _median(costs: list[_Cost]) -> _Cost:
    return sorted(costs, key=lambda cost: cost.cpu)[len(costs) // 2]


def _print(products: int, first: dict[str, _Cost], same: _Cost, asked: _Cost, polite: _Cost, later: _Cost) -> None:
    machine = this_machine()
    stock, ours = first.values()
    print_table(
        f"{products} pages and photos, first night ({machine.cpu}, {machine.cores} cores, load {machine.load:.1f})",
        ("crawler", "images", "CPU s", "images per core-second", "times", "wall s", "MB sent"),
        [
            (name, cost.images, f"{cost.cpu:.1f}", f"{cost.rate:.0f}", f"{cost.rate / stock.rate:.1f}",
             f"{cost.wall:.1f}", f"{cost.bytes / 1e6:.1f}")
            for name, cost in first.items()
        ],
    )  # fmt: skip
    print_table(
        "second night, nothing changed, beside its first",
        ("", "share of bytes", "share of CPU", "share of time", "wall s"),
        [
            _shares("no delay; the sitemap says so", same, ours),
            _shares("no delay; every page asked for (304)", asked, ours),
            _shares(f"{_POLITE_DELAY * 1000:.0f} ms between requests; the sitemap says so", later, polite),
        ],
    )


def _shares(name: str, second: _Cost, first: _Cost) -> tuple[str, ...]:
    shares = (second.bytes / first.bytes, second.cpu / first.cpu, second.wall / first.wall)
    return (name, *(f"{share:.2%}" for share in shares), f"{second.wall:.1f}")


def _measured(log: Path, crawl: Callable[[], int]) -> _Cost:
    before, sent, begun = resource.getrusage(resource.RUSAGE_CHILDREN), _sent(log), time.monotonic()
    images = crawl()
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _Cost(images, cpu, wall, _sent(log) - sent)


def _sent(log: Path) -> int:
    """All bytes that nginx says it sent."""
    return sum(int(line.rsplit(" ", 1)[1]) for line in log.read_text().splitlines())


def _stock(url: str, folder: Path) -> int:
    shutil.rmtree(folder, ignore_errors=True)
    arguments = [sys.executable, "-m", "benchmarks.crawl_stock", url, str(folder), str(_CONCURRENCY)]
    subprocess.run(arguments, check=True, env=os.environ | {"PYTHONPATH": "."})  # noqa: S603 - our own words
    return sum(1 for _ in (folder / "images/full").iterdir())


def _ours(url: str, folder: Path, night: str, *, delay: float = 0.0) -> int:
    source = SiteSource(
        name="bench",
        url=url,
        allow_private=True,
        download_delay=delay,
        concurrency=_CONCURRENCY,
        contact="bench@shop.example",
    )
    return run_crawl(CrawlJob(source, night, folder / "feeds", folder / "images")).images


if __name__ == "__main__":
    sys.exit(main())
