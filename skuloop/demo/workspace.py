"""The folder of the demo: made anew for each run, but for the drawn pictures, which are kept."""

import os
import shutil
from pathlib import Path

import tomli_w

_MARKER = ".skuloop-demo"
_PICTURES = "pictures"


class WorkspaceError(Exception):
    """The folder cannot be used for the demo."""


def fresh_workspace(folder: Path) -> Path:
    """The absolute folder, emptied of an earlier demo; its pictures stay, since drawing them again brings the same.

    Raises:
        WorkspaceError: the folder holds something that is not a demo: it is left alone.
    """
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise WorkspaceError(f"{folder} is not empty and not a demo. Name another folder with --dir.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).touch()
    for path in folder.iterdir():
        if path.name in {_MARKER, _PICTURES}:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return folder


def write_settings(folder: Path, shop_url: str, labelled: Path, inbox: Path) -> Path:
    """The demo's `skuloop.toml`: one shop, one folder of labelled photos, one inbox of camera photos."""
    settings = {
        "timezone": "UTC",
        "encoder": {"name": "handcrafted"},
        "label_studio": {"port": 0, "executable": str(Path(".venv-label-studio/bin/label-studio").resolve())},
        "review": {"budget": 100},
        "promise": {"sure_precision": 0.9},
        "source": [
            {"kind": "site", "name": "shop", "url": shop_url, "allow_private": True, "download_delay": 0.0},
            {"kind": "folder", "name": "labelled", "path": str(labelled)},
            {"kind": "inbox", "name": "camera", "path": str(inbox)},
        ],
    }
    path = folder / "skuloop.toml"
    path.write_bytes(tomli_w.dumps(settings).encode())
    return path


def deliver(photos: tuple[Path, ...], inbox: Path, night: str) -> None:
    """Put the night's camera photos into the inbox, as a camera would; hard links, so that they cost no space."""
    target = inbox / night
    target.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        if not (target / photo.name).exists():
            os.link(photo, target / photo.name)
