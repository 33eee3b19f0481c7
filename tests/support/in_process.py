"""skuloop in this process: its command line with its exit code, and nights and cycles without Prefect."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest import mock

from skuloop.main import main
from tasks.audit import audit_catalogue
from tasks.catalogue import follow_catalogue
from tasks.crawl import crawl_source
from tasks.effect import tell_effect
from tasks.embed import embed_new
from tasks.ingest import ingest_feeds
from tasks.loop import Loop, finish, open_loop
from tasks.recognise import RecogniseReport, recognise_new
from tasks.review import ReviewReport, review_queue
from tasks.settings import load_settings
from tasks.train import TrainReport, train_release


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def call_skuloop(*words: str) -> Said:
    """Run a command as the entry point does, in an environment that holds nothing of the developer's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SKULOOP_")}
    wide = {"COLUMNS": "250", "TERM": "dumb"}  # rich folds lines to the terminal, and tests look for whole sentences
    out, err, code = StringIO(), StringIO(), 0
    with (
        mock.patch.dict(os.environ, kept | wide, clear=True),
        mock.patch.object(sys, "argv", ["skuloop", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def plain_night(config: Path, label: str) -> tuple[RecogniseReport, ReviewReport]:
    """The stages of a night in their order, without Prefect's server."""
    with _loop(config, "nightly", label) as loop:
        for source in loop.parts.settings.source:
            crawl_source.fn(loop, source)
        ingest_feeds.fn(loop)
        audit_catalogue.fn(loop)
        embed_new.fn(loop)
        follow_catalogue.fn(loop)
        recognised = recognise_new.fn(loop)
        return recognised, review_queue.fn(loop, recognised)


def plain_cycle(config: Path, label: str) -> TrainReport:
    """Audit, embed, train and tell, without a pull and without Prefect's server."""
    with _loop(config, "cycle", label) as loop:
        audit_catalogue.fn(loop)
        embed_new.fn(loop)
        trained = train_release.fn(loop)
        tell_effect.fn(loop)
        return trained


@contextmanager
def _loop(config: Path, flow: str, label: str) -> Iterator[Loop]:
    with open_loop(load_settings(config), flow, label) as loop:
        yield loop
        finish(loop, ())
