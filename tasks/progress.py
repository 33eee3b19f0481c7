"""Progress of what people wait for: one line per step, in the log of the flow or on the terminal."""

import logging

_log = logging.getLogger("skuloop.progress")
_log.setLevel(logging.INFO)  # Prefect attaches its handler, but leaves the level to the root logger: warnings


def report_line(line: str) -> None:
    """Pass on what another process says of its progress."""
    _log.info("%s", line)


def report_progress(what: str, done: int, total: int) -> None:
    """Say how far a stage has come."""
    _log.info("%s: %d of %d", what, done, total)
