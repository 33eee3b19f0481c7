"""Serve photos over HTTP. Nothing of the loop is imported: no Prefect, no DuckDB."""

import logging
import socket
import sys
from pathlib import Path

from recognition.encoders.parallel import usable_cores
from recognition.pictures.reading import PictureLimits
from serving.http.options import MIB, Crew, Keeping, Limits, ServerOptions
from serving.http.service import Service
from skuloop.commands.keys import settings_or_defaults
from skuloop.output import say
from tasks.paths import Paths
from tasks.settings import ServeSettings, Settings, load_settings

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - as it is shown, not what is listened on


def serve_photos(
    config: Path | None,
    bundle: Path | None,
    weights: Path | None,
    *,
    host: str | None,
    port: int | None,
    keep: Path | None,
    without_keys: bool,
) -> None:
    """Serve until told to stop. What the command line says goes before the settings."""
    settings = settings_or_defaults(config) if bundle else load_settings(config)
    if bundle is None:
        bundle = Paths(settings.resolve(settings.store)).releases
        weights = weights or _resolved(settings, settings.encoder.weights)
    said = {"host": host, "port": port, "open": without_keys or None}
    told = settings.serve.model_copy(update={name: value for name, value in said.items() if value is not None})
    options = server_options(settings, told, bundle, weights, keep)
    _log_plainly()
    from serving.http.server import serve

    serve(options, lambda address, service: _say_where(address, service, settings))


def server_options(
    settings: Settings, told: ServeSettings, bundle: Path, weights: Path | None, keep: Path | None = None
) -> ServerOptions:
    """What the server is told, from the settings."""
    kept_in = keep or _resolved(settings, told.keep.folder)
    return ServerOptions(
        bundle=bundle,
        weights=weights,
        host=told.host,
        port=told.port,
        keys=settings.resolve(told.keys_file),
        open=told.open,
        hosts=told.hosts,
        origins=told.origins,
        proxies=told.proxies,
        certificate=_resolved(settings, told.tls_certificate),
        private_key=_resolved(settings, told.tls_key),
        drain_seconds=told.drain_seconds,
        limits=_limits(told),
        crew=Crew(told.workers or usable_cores(), told.batch, told.batch_wait_ms / 1e3, told.worker_mib * MIB),
        milvus=settings.index.address,
        keep=Keeping(kept_in, told.keep.photos, told.keep.mib * MIB) if kept_in else None,
    )


def _limits(told: ServeSettings) -> Limits:
    return Limits(
        photos=told.photos,
        picture=PictureLimits(max_bytes=told.photo_mib * MIB, max_pixels=round(told.megapixels * 1e6)),
        request_bytes=told.request_mib * MIB,
        held_bytes=told.held_mib * MIB,
        per_minute=told.per_minute,
        waiting=told.waiting,
        connections=told.connections,
        header_seconds=told.header_seconds,
        body_seconds=told.body_seconds,
        answer_seconds=told.answer_seconds,
    )


def _say_where(address: str, service: Service, settings: Settings) -> None:
    options = service.options
    say(f"release {service.releases.current.release_id} is served at {address}")
    if _EVERYWHERE in address and (own := _own_address()):
        say(f"other devices on this network reach it at {address.replace(_EVERYWHERE, own)}")
    if service.keys is not None and not len(service.keys):
        say("nobody holds a key yet, so nobody may ask: `skuloop keys add NAME` makes one")
    if options.open:
        say("no key is asked for: everybody who reaches this address may ask")
    if options.keep is not None:
        unread = _unless_read(options.keep, settings)
        say(f"photos that are not answered surely are kept in {options.keep.folder}{unread}")


def _own_address() -> str | None:
    """The address of this machine on its network; None where it is on none. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of RFC 5737: only the way there is looked up
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _unless_read(keep: Keeping, settings: Settings) -> str:
    """A hint where no night would read what is kept."""
    inboxes = {settings.resolve(source.path) for source in settings.source if source.kind == "inbox" and source.path}
    folder = keep.folder.resolve()
    read = any(folder.is_relative_to(inbox) for inbox in inboxes)
    return "" if read else f"; no night reads them before `skuloop source add {folder}`"


def _resolved(settings: Settings, path: Path | None) -> Path | None:
    return None if path is None else settings.resolve(path)


def _log_plainly() -> None:
    """Lines on stderr, for journald and its like. Neither photos nor keys are ever in them."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("serving").setLevel(logging.INFO)
