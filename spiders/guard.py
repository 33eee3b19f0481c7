"""The wall against being sent to private networks (SSRF): every address is checked at the moment it is connected to.

What it covers: pages, robots files, sitemaps, images and every hop of a redirect, because all of them connect here.
A name is resolved once; if one of its addresses is forbidden, the name is refused as a whole, and only addresses that
were checked are connected to (DNS rebinding finds no second look-up to lie to). The socket itself is made here too and
checks its address again: whatever spelling, literal or cache an address came by, there is no way around it.

What it does not cover: proxies (they would resolve for us: none is used) and public hosts that relay requests.
"""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from spiders.errors import AddressRefusedError

# Addresses that carry another one inside: NAT64 (RFC 6052, 8215) and IPv4-compatible ones (RFC 4291, 2.5.5.1).
_LAST_32_BITS = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("::/96"),
    ipaddress.ip_network("::ffff:0:0:0/96"),
)
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
# Global to Python, and yet never a shop: protocol assignments and the metadata services of clouds.
_NEVER = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "168.63.129.16/32")))
SocketFactory = Callable[[Any], socket.socket]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; of a mapped or tunnelled one the address inside counts.

    What is no address in its usual spelling is not public.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _LOCAL_NAT64:
            return False
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in _NEVER))


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if any(ip in network for network in _LAST_32_BITS):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


class GuardedResolver(AbstractResolver):
    """Resolves as the system does, and refuses names that lead to an address which is not public."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """All addresses of a host, every one of them public.

        Raises:
            AddressRefusedError: one is not.
        """
        found = await self._inner.resolve(host, port, family)
        for each in found:
            if not is_public(each["host"]):
                raise _refused(host, each["host"])
        return found

    async def close(self) -> None:
        """Release what the system's resolver holds."""
        await self._inner.close()


def guarded_socket(address_info: Any) -> socket.socket:
    """Make a socket for a public address: (family, type, protocol, name, (host, port, ...)).

    Raises:
        AddressRefusedError: it is not public.
    """
    family, kind, protocol, _, address = address_info
    if not is_public(str(address[0])):
        raise _refused("the server", str(address[0]))
    return socket.socket(family, kind, protocol)


def _refused(host: str, address: str) -> AddressRefusedError:
    return AddressRefusedError(
        f"{host} is at {address}, which is not a public address. If this shop is really inside your network, set "
        "allow_private = true for its source."
    )
