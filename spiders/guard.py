"""The wall against being sent to private networks (SSRF): every address is checked at the moment it is connected to.

What it covers: pages, robots files, sitemaps, images and every hop of a redirect, because all of them resolve their
host here and Twisted then connects to exactly the addresses that are returned. A name is therefore never resolved a
second time between check and use (DNS rebinding), and odd spellings (`0x7f.1`, `2130706433`, `[::ffff:10.0.0.1]`) are
judged by what they resolve to. A name with one forbidden address is refused as a whole.

What it does not cover: proxies (they would resolve for us: none is used) and public hosts that relay requests.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer  # type: ignore[import-untyped]

from spiders.errors import AddressRefusedError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; of a mapped or tunnelled one the address inside counts."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


@implementer(IResolutionReceiver)
class _CheckingReceiver:
    """Holds the addresses back until all are known to be public (zope's interfaces have no types: hence Any)."""

    def __init__(self, receiver: Any, host: str, refused: dict[str, str]) -> None:
        self._receiver = receiver
        self._host = host
        self._refused = refused
        self._addresses: list[IAddress] = []

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802 - Twisted's name
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802 - Twisted's name
        self._addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802 - Twisted's name
        forbidden = [address for address in self._addresses if not _is_public_endpoint(address)]
        if forbidden:
            self._refused[self._host] = str(getattr(forbidden[0], "host", forbidden[0]))
        else:
            for address in self._addresses:
                self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()


def _is_public_endpoint(address: IAddress) -> bool:
    return isinstance(address, IPv4Address | IPv6Address) and is_public(address.host)


@implementer(IHostnameResolver)
class GuardedResolver:
    """Scrapy's resolver setting points here; without `SKULOOP_ALLOW_PRIVATE` only public addresses come through."""

    def __init__(self, reactor: Any, *, allow_private: bool) -> None:
        self._reactor = reactor
        self._original = reactor.nameResolver
        self._allow_private = allow_private
        self.refused: dict[str, str] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: Any) -> "GuardedResolver":
        """Built by Scrapy before the reactor runs."""
        return cls(reactor, allow_private=crawler.settings.getbool("SKULOOP_ALLOW_PRIVATE"))

    def install_on_reactor(self) -> None:
        """From now on every connection of this process goes through the check."""
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 - Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803 - Twisted's names
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> Any:
        """Resolve with the system's resolver, and keep what is not public to ourselves."""
        receiver = resolutionReceiver
        if not self._allow_private:
            receiver = _CheckingReceiver(resolutionReceiver, hostName, self.refused)
        return self._original.resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)


class GuardMiddleware:
    """Tells a refused address from an unknown host, so that the failure row says what happened and what to do."""

    def process_exception(self, request: Request, exception: Exception, spider: Spider | None = None) -> None:  # noqa: ARG002
        """Turn "cannot resolve" into "refused" where it was the guard that held the addresses back."""
        from twisted.internet import reactor  # the reactor is installed by Scrapy, after this module is imported

        resolver = reactor.nameResolver
        host = urlparse_cached(request).hostname or ""
        if isinstance(exception, CannotResolveHostError) and isinstance(resolver, GuardedResolver):
            address = resolver.refused.get(host)
            if address is not None:
                raise AddressRefusedError(
                    f"{host} is at {address}, which is not a public address. If this shop is really inside your "
                    "network, set allow_private = true for its source."
                ) from exception
