"""Which addresses belong to one shop."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def shop_host(url: str) -> tuple[str, int | None]:
    """Host without "www." and the port where it is not the scheme's own; ("", None) for what is not a web address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "", None
    return host.removeprefix("www."), None if port == _DEFAULT_PORTS.get(parts.scheme) else port


def same_shop(url: str, other: str) -> bool:
    """Whether two addresses belong to the same shop: same host, "www." and http or https notwithstanding."""
    host = shop_host(url)
    return bool(host[0]) and host == shop_host(other)
