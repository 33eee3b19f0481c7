"""The demo command: surroundings of its own, then the story."""

import os
from pathlib import Path

from skuloop.exit_codes import ExitCode
from skuloop.output import complain


def run_demo(folder: Path, *, keep: bool) -> None:
    """Tell the story in `folder`; Prefect keeps its own records in there too."""
    from skuloop.demo.workspace import WorkspaceError, fresh_workspace

    try:
        folder = fresh_workspace(folder)
    except WorkspaceError as error:
        complain(str(error))
        raise SystemExit(ExitCode.USAGE) from error
    prefect_home = folder / "prefect"
    prefect_home.mkdir()
    os.environ["PREFECT_HOME"] = str(prefect_home)  # before Prefect is imported: it reads it once
    from skuloop.demo.store import DemoStoreError
    from skuloop.demo.story import tell

    try:
        tell(folder, keep=keep)
    except DemoStoreError as error:
        complain(str(error))
        raise SystemExit(ExitCode.USAGE) from error
