"""How many workers work at once: found out while they work, for a machine's cores do not tell.

A container may be given less time than it has cores, and other work may take most of it. More workers then add memory
and nothing else. So one worker begins, and their number is doubled as long as that pays. Nothing is encoded for the
measurement alone.
"""

from statistics import fmean

WORTH_IT = 1.1
"""A doubling must raise the throughput at least by this factor."""


class Crew:
    """The number of workers that are given work at once, and what it is measured by.

    Attributes:
        size: Workers now.
        most: Workers at most.
        settled: Whether the size is final.
    """

    def __init__(self, most: int, *, measured: bool) -> None:
        """Begin with one worker and measure, or with all of them."""
        self.most = most
        self.settled = not measured or most == 1
        self.size = most if self.settled else 1
        self._smaller, self._throughput = 1, 0.0  # of the size before this one
        self._rates: list[float] = []

    def note(self, files: int, seconds: float) -> None:
        """Take in how long one worker took over some files at the present size."""
        if self.settled:
            return
        self._rates.append(files / max(seconds, 1e-9))
        starting = self.size if self.size > 1 else 0  # what ran beside the start of new workers tells nothing
        if len(self._rates) < starting + self.size:
            return
        throughput = self.size * fmean(self._rates[starting:])
        self._rates.clear()
        if throughput < WORTH_IT * self._throughput:
            self.size, self.settled = self._smaller, True
        elif self.size == self.most:
            self.settled = True
        else:
            self._smaller, self._throughput = self.size, throughput
            self.size = min(2 * self.size, self.most)

    @property
    def in_flight(self) -> int:
        """Shards to hand out before one is awaited: one waits behind each worker once all of them are at work."""
        return 2 * self.size if self.settled and self.size == self.most else self.size
