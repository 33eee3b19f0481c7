"""A port that is listened on, or a sentence that says why it is not."""

import socket

from serving.errors import PortTakenError


def listening(host: str, port: int, remedy: str) -> socket.socket:
    """A socket that is bound.

    Args:
        host: name or address to listen on.
        port: 0 takes a free one.
        remedy: what to do where it cannot be had, as a clause.

    Raises:
        PortTakenError: the port cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise PortTakenError(f"{host}:{port} cannot be listened on ({error}): {remedy}.") from error
    return listener
