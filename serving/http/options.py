"""What a server is told when it starts. The defaults are those of `[serve]` in the settings."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from recognition.index.stores import MilvusAddress
from recognition.pictures.reading import PictureLimits

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What callers may ask for.

    Attributes:
        photos: photos of one request.
        picture: what one photo may cost.
        request_bytes: bytes of one request's body.
        held_bytes: bytes of all bodies that are held at the same time.
        per_minute: photos and other requests of one key, or of one address without a key, in a minute; 0 is no limit.
        waiting: photos that wait for an encoder.
        connections: open connections.
        header_seconds: until the headers of a request are there.
        body_seconds: until its body is there.
        answer_seconds: until its answer is there.
    """

    photos: int
    picture: PictureLimits
    request_bytes: int
    held_bytes: int
    per_minute: int
    waiting: int
    connections: int
    header_seconds: float
    body_seconds: float
    answer_seconds: float


@dataclass(frozen=True, slots=True)
class Crew:
    """The encoders.

    Attributes:
        workers: processes of one thread each.
        batch: photos that one looks at together, at most.
        wait_seconds: how long an idle worker waits for more photos than one.
        extra_bytes: memory that one may take beyond what its encoder takes.
    """

    workers: int
    batch: int
    wait_seconds: float
    extra_bytes: int


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where photos that were not answered surely are kept, and how many; the oldest go first."""

    folder: Path
    photos: int
    bytes: int


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Everything that a server is told.

    Attributes:
        bundle: folder of one release, or of all: then the current one is served, and followed.
        weights: local safetensors of the encoder; None asks timm's hub.
        host: address to listen on.
        port: its port; 0 takes a free one.
        keys: file of the API keys.
        open: no key is asked for, wherever it listens.
        hosts: names that it is called by, besides localhost and IP addresses, where no key is asked for.
        origins: web pages of other origins that may ask.
        proxies: addresses whose X-Forwarded-For is believed.
        certificate: PEM file of a TLS certificate; None speaks plain HTTP.
        private_key: PEM file of its key.
        drain_seconds: how long requests may take to end once it is told to stop.
        keep: where photos are kept; None keeps none.
        milvus: the Milvus to search in; None searches the index of each release.
    """

    bundle: Path
    weights: Path | None
    host: str
    port: int
    keys: Path
    open: bool
    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    proxies: tuple[str, ...]
    certificate: Path | None
    private_key: Path | None
    drain_seconds: int
    limits: Limits
    crew: Crew
    keep: Keeping | None
    milvus: MilvusAddress | None = None

    @property
    def asks_for_keys(self) -> bool:
        """Whether callers need a key: always beyond loopback, unless it was switched off."""
        return not self.open and not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
