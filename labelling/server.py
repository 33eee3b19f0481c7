"""The Label Studio of this machine: started when it is needed, found again when it runs, stopped on request."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from pydantic import SecretStr

from labelling.credentials import Credentials, credentials
from labelling.errors import LabelStudioServerError
from labelling.processes import can_find_processes, command_lines, end, is_running, spawn
from labelling.served import document_root, link_pictures

_HOST = "127.0.0.1"
_DATABASE, _LOG, _CREDENTIALS, _LOCK = "label_studio.sqlite3", "server.log", "credentials.json", "start.lock"
_DATA_DIR_FLAG, _PORT_FLAG = "--data-dir", "--port"
_LOG_LINES = 15
_POLL_SECONDS = 0.5
_NEWS_SECONDS = 10.0
_STOP_SECONDS = 10.0

# Its guard against requests into one's own network has no exceptions: what it bans by default is written out here, but
# for 127.0.0.1.
_BANNED = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
    192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 233.252.0.0/24 240.0.0.0/4
    255.255.255.255/32 ::/128 ::1/128 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001:0000::/32
    2001:20::/28 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 ff00::/8
""".split()  # noqa: SIM905 - as it stands there
_OTHER_LOOPBACK = [str(net) for net in IPv4Network("127.0.0.0/8").address_exclude(IPv4Network(_HOST))]
_CALLS_LOOPBACK = {
    "LABEL_STUDIO_USE_DEFAULT_BANNED_SUBNETS": "false",
    "LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS": ",".join([*_BANNED, *_OTHER_LOOPBACK]),
}


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A Label Studio that runs and answers; people log in at `url` with the username and the password."""

    url: str
    username: str
    password: SecretStr
    token: SecretStr
    pid: int


def _say_nothing(_: str) -> None:
    pass


class LocalLabelStudio:
    """A Label Studio server on the loopback interface, with its data in one folder.

    Args:
        data_dir: its database, log and credentials.
        images_root: the pictures that it may show; nothing beside them is served.
        executable: `label-studio` of its own environment.
        port: to listen on; 0 takes a free one.
        patience: seconds that a start may take; the first one migrates an empty database.
        hints: whether it may call 127.0.0.1, which it refuses otherwise; every other address of its own networks it
            refuses all the same.
    """

    def __init__(
        self,
        data_dir: Path,
        images_root: Path,
        executable: Path,
        port: int = 8080,
        patience: float = 300.0,
        *,
        hints: bool = False,
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._images_root = images_root.resolve()
        self._executable = executable.absolute()  # not resolved: a link inside an environment is not its target
        self._port = port
        self._patience = patience
        self._hints = hints

    def info(self) -> ServerInfo | None:
        """The server if it runs and answers, else None."""
        found = self._find()
        if found is None or not _answers(_url(found[1])):
            return None
        return self._info(*found)

    def start(self, on_progress: Callable[[str], None] = _say_nothing) -> ServerInfo:
        """Start the server unless it runs already, and wait until it answers.

        Args:
            on_progress: told in words what is happening.

        Raises:
            LabelStudioServerError: it cannot be started; the message says why and what to do.
        """
        self._check()
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._images_root.mkdir(parents=True, exist_ok=True)
        link_pictures(self._images_root)
        with self._one_starter():
            pid, port = self._find() or self._spawn(on_progress)
            self._wait(pid, port, on_progress)
        info = self._info(pid, port)
        self._check_token(info)
        return info

    def stop(self) -> bool:
        """Stop the server; False where none ran."""
        found = self._find()
        if found is None:
            return False
        end(found[0], _STOP_SECONDS)
        return True

    def _check(self) -> None:
        if not can_find_processes():
            raise LabelStudioServerError(
                "the local Label Studio needs Linux (/proc). Run one yourself and set label_studio.url."
            )
        if not self._executable.is_file():
            raise LabelStudioServerError(
                f"there is no Label Studio at {self._executable}. Run `make setup-label-studio`, "
                "or set label_studio.executable."
            )

    @contextmanager
    def _one_starter(self) -> Iterator[None]:
        """Two servers on one database would corrupt each other's view of it."""
        try:
            with FileLock(self._data_dir / _LOCK, timeout=self._patience):
                yield
        except Timeout as error:
            raise LabelStudioServerError(
                f"another process has been starting it for {self._patience:.0f} s; see {self._data_dir / _LOG}"
            ) from error

    def _find(self) -> tuple[int, int] | None:
        """Pid and port of the server of our data folder."""
        if not can_find_processes():
            return None
        for pid, words in command_lines().items():
            if {_DATA_DIR_FLAG, _PORT_FLAG} <= set(words[:-1]) and _after(words, _DATA_DIR_FLAG) == str(self._data_dir):
                return pid, int(_after(words, _PORT_FLAG))
        return None

    def _spawn(self, on_progress: Callable[[str], None]) -> tuple[int, int]:
        port = _free_port(self._port)
        first = not (self._data_dir / _DATABASE).exists()
        if not first and not (self._data_dir / _CREDENTIALS).exists():
            raise LabelStudioServerError(
                f"{self._data_dir} holds a Label Studio, but not its {_CREDENTIALS}. Restore that file, or move the "
                "whole folder away to begin with an empty one: skuloop asks its open questions again."
            )
        user = credentials(self._data_dir / _CREDENTIALS)  # before the database, which knows only its first user
        on_progress("starting Label Studio" + (" for the first time, which takes about a minute" if first else ""))
        self._use_write_ahead_log()
        (self._data_dir / _LOG).unlink(missing_ok=True)
        argv = [str(self._executable), "start", "--no-browser", _DATA_DIR_FLAG, str(self._data_dir)]
        argv += ["--internal-host", _HOST, _PORT_FLAG, str(port)]
        return spawn(argv, self._environ(user), self._data_dir / _LOG), port

    def _use_write_ahead_log(self) -> None:
        """On SQLite's default journal, contention makes Label Studio replay whole requests: annotations come twice.

        The mode is stored in the file, so an empty file made here keeps it for ever.
        """
        with closing(sqlite3.connect(self._data_dir / _DATABASE)) as database:
            (mode,) = database.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise LabelStudioServerError(
                f"SQLite cannot keep a write-ahead log in {self._data_dir} (it says {mode!r}). Use a local disk."
            )

    def _environ(self, user: Credentials) -> dict[str, str]:
        """The whole environment: Label Studio would also obey a HOST, DEBUG or USERNAME of ours."""
        return {
            "PATH": f"{self._executable.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self._data_dir),
            "LANG": "C.UTF-8",
            "LABEL_STUDIO_BASE_DATA_DIR": str(self._data_dir),
            "LABEL_STUDIO_USERNAME": user.username,
            "LABEL_STUDIO_PASSWORD": user.password.get_secret_value(),
            "LABEL_STUDIO_USER_TOKEN": user.token.get_secret_value(),
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
            "LABEL_STUDIO_AZURE_MOUNT_FIX": "1",  # its own switch for the write-ahead log
            "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
            "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(document_root(self._images_root)),
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
            **(_CALLS_LOOPBACK if self._hints else {}),
        }

    def _wait(self, pid: int, port: int, on_progress: Callable[[str], None]) -> None:
        began = told = time.monotonic()
        while not _answers(_url(port)):
            now = time.monotonic()
            if not is_running(pid):
                raise LabelStudioServerError(f"Label Studio ended while it was starting.\n{self._last_words()}")
            if now - began > self._patience:
                end(pid, _STOP_SECONDS)
                raise LabelStudioServerError(
                    f"Label Studio did not answer within {self._patience:.0f} s and was stopped. Start it again when "
                    f"the machine is less busy.\n{self._last_words()}"
                )
            if now - told > _NEWS_SECONDS:
                on_progress(f"Label Studio is starting ({now - began:.0f} s)")
                told = now
            time.sleep(_POLL_SECONDS)

    def _check_token(self, info: ServerInfo) -> None:
        """The token is of no use with a database that came from elsewhere: better said now than at night."""
        token = {"Authorization": f"Token {info.token.get_secret_value()}"}
        seen = httpx.get(f"{info.url}/api/current-user/whoami", headers=token, timeout=30, trust_env=False)
        if seen.status_code != httpx.codes.OK:
            raise LabelStudioServerError(
                f"Label Studio runs at {info.url}, but refuses the token of {self._data_dir / _CREDENTIALS} (HTTP "
                f"{seen.status_code}): the file and the database do not belong together. Restore the right file."
            )

    def _last_words(self) -> str:
        path = self._data_dir / _LOG
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        return "\n".join([f"The end of {path}:", *lines[-_LOG_LINES:]])

    def _info(self, pid: int, port: int) -> ServerInfo:
        user = credentials(self._data_dir / _CREDENTIALS)
        return ServerInfo(_url(port), user.username, user.password, user.token, pid)


def _url(port: int) -> str:
    return f"http://{_HOST}:{port}"


def _after(words: list[str], flag: str) -> str:
    return words[words.index(flag) + 1]


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _free_port(wanted: int) -> int:
    """Label Studio would silently take the next port where ours is in use, and we would talk to a stranger."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, wanted))
        except OSError as error:
            raise LabelStudioServerError(
                f"port {wanted} is in use by another program. Set label_studio.port to a free one, or to 0 to take any."
            ) from error
        return int(probe.getsockname()[1])
