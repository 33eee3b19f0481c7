"""The local Label Studio: start, stop, open."""

import webbrowser
from pathlib import Path

from labelling.errors import LabelStudioDownError
from labelling.server import LocalLabelStudio
from skuloop.output import print_json, say
from tasks.label_studio import local_label_studio
from tasks.settings import load_settings
from tasks.wiring import Parts


def start(config: Path | None, *, as_json: bool) -> None:
    """Start it and say where it is. The password is shown to the person at the terminal, never logged."""
    info = _local(config).start(say)
    if as_json:
        print_json({"url": info.url, "username": info.username, "pid": info.pid})
    else:
        say(f"Label Studio: {info.url}  login {info.username}  password {info.password.get_secret_value()}")


def stop(config: Path | None) -> None:
    """Stop it."""
    _local(config).stop()
    say("Label Studio is stopped.")


def open_in_browser(config: Path | None) -> None:
    """Open it in the browser of this machine.

    Raises:
        LabelStudioDownError: it is not running.
    """
    info = _local(config).info()
    if info is None:
        raise LabelStudioDownError("the local Label Studio is not running. Start it with `skuloop labelling start`.")
    say(f"Label Studio: {info.url}  login {info.username}  password {info.password.get_secret_value()}")
    webbrowser.open(info.url)


def _local(config: Path | None) -> LocalLabelStudio:
    return local_label_studio(Parts(load_settings(config)))
