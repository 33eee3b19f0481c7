"""Keys of the HTTP API."""

import os
from pathlib import Path

from serving.http.keys import add_key, read_keys, remove_key
from skuloop.output import print_json, print_table, say
from tasks.settings import CONFIG_VARIABLE, FILE_NAME, Settings, default_settings, load_settings


def settings_or_defaults(config: Path | None) -> Settings:
    """The settings of a file if one is named or lies here, else the defaults: the API needs no store."""
    named = config or os.environ.get(CONFIG_VARIABLE)
    return load_settings(config) if named or Path(FILE_NAME).is_file() else default_settings()


def add(config: Path | None, name: str) -> None:
    """Make a key, print it on stdout and nothing else."""
    path = _path(config)
    key = add_key(path, name)
    say(f"the key of {name}; it is not stored, keep it now. Its hash is in {path}")
    print(key)


def list_all(config: Path | None, *, as_json: bool) -> None:
    """Print the holders, never a key."""
    held = read_keys(_path(config))
    if as_json:
        print_json([{"name": key.name, "created_at": key.created_at} for key in held])
    else:
        print_table("Keys", ("name", "made"), [(key.name, key.created_at) for key in held])


def remove(config: Path | None, name: str) -> None:
    """Take a key away."""
    remove_key(_path(config), name)
    say(f"{name} holds no key any more")


def _path(config: Path | None) -> Path:
    settings = settings_or_defaults(config)
    return settings.resolve(settings.serve.keys_file)
