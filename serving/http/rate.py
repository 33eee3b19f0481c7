"""Rate limits: a sliding window of a minute for each key, or for each address without one."""

import time
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from serving.http.problems import ProblemError, ProblemType


class RateLimit:
    """How much each caller may still ask."""

    def __init__(self, per_minute: int) -> None:
        """0 sets no limit."""
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def spend(self, caller: str, cost: int = 1) -> None:
        """Count what a caller asks.

        Raises:
            ProblemError: it asked too much; the answer says when to come back.
        """
        if self._item is None or cost < 1 or self._limiter.hit(self._item, caller, cost=cost):
            return
        seconds = max(1, round(self._limiter.get_window_stats(self._item, caller).reset_time - time.time()))
        raise ProblemError(
            ProblemType.TOO_MANY_REQUESTS,
            f"More than {self._item.amount} photos and requests in a minute: come back in {seconds} s.",
            headers={"retry-after": str(seconds)},
        )


def address_of(client: str | None) -> str:
    """Whom an address stands for: in IPv6 the whole network of 64 bits, of which one caller has every address."""
    try:
        address = ip_address(client or "")
    except ValueError:
        return client or "unknown"
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
