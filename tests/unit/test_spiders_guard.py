import asyncio
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from spiders.errors import AddressRefusedError
from spiders.fetch import Fetcher
from spiders.guard import guarded_socket, is_public

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "192.0.2.1",
    "0.0.0.0", "0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255",  # noqa: S104 - addresses to refuse
    "::1", "::", "fe80::1%eth0", "fc00::1", "fd00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:a00:1", "::ffff:0:127.0.0.1", "::127.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::",
    "no address at all", "0x7f.1", "2130706433", "017700000001", "127.1", "",
]  # fmt: skip
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a name of this machine to refuse
SPELLINGS = [
    "localhost", "LOCALHOST", "localhost.", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "127.1", "127.0.1",
    "0", EVERYWHERE, "127.0.0.1", "127.0.0.2", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[::127.0.0.1]",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127\u30020\u30020\u30021", "127.0.0.1.", "user:secret@127.0.0.1",
    "example.com@127.0.0.1", "localhost%2e", "169.254.169.254", "[fd00:ec2::254]", "ip6-localhost",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_spelling_of_a_private_address_counts_as_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:93.184.215.14", "64:ff9b::8.8.8.8", "2002:808:808::"]
)
def test_a_public_address_is_let_through(address: str) -> None:
    assert is_public(address)


class Liar(AbstractResolver):
    """Answers a public address first, then this machine's: DNS rebinding."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        kind = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
        return [
            ResolveResult(hostname=host, host=address, port=port, family=each, proto=0, flags=0)
            for address, each in zip(found, kind, strict=True)
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def visitors() -> Iterator[tuple[int, list[str]]]:
    """A server of this machine that nobody may reach: its port, and who came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port, came
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(url: str, resolver: AbstractResolver | None = None, *, allow_private: bool = False) -> int:
    async def ask() -> int:
        fetcher = Fetcher(allow_private=allow_private, resolver=resolver)
        try:
            return (await fetcher.get(url, {}, max_bytes=1000, seconds=3)).status
        finally:
            await fetcher.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_name_for_this_machine_gets_past_the_guard(visitors: tuple[int, list[str]], host: str) -> None:
    port, came = visitors
    with pytest.raises((AddressRefusedError, aiohttp.ClientError)):
        fetch(f"http://{host}:{port}/secret")
    assert came == []


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["10.0.0.1"]])
def test_a_name_with_one_private_address_is_refused_as_a_whole(
    visitors: tuple[int, list[str]], answers: list[str]
) -> None:
    port, came = visitors
    with pytest.raises(AddressRefusedError, match="allow_private = true"):
        fetch(f"http://shop.example:{port}/", Liar(answers))
    assert came == []


def test_a_name_that_is_rebound_after_the_check_is_not_asked_for_again(visitors: tuple[int, list[str]]) -> None:
    port, came = visitors
    liar = Liar(["192.88.99.1"], ["127.0.0.1"])  # public, and nobody is there
    with pytest.raises((TimeoutError, aiohttp.ClientError)):
        fetch(f"http://shop.example:{port}/", liar)
    assert (liar.asked, came) == (1, [])


def test_an_address_that_came_past_the_resolver_is_refused_at_the_socket() -> None:
    with pytest.raises(AddressRefusedError):
        guarded_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))


def test_a_source_may_allow_its_own_network(visitors: tuple[int, list[str]]) -> None:
    port, came = visitors
    assert fetch(f"http://127.0.0.1:{port}/inside", allow_private=True) == 200
    assert came == ["/inside"]
