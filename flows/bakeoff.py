"""The bake-off: encoders and ways to isolate beside each other on the store's own labelled photos.

It changes nothing that nights and cycles use: it says which settings to write, and keeps what those need.
"""

from pathlib import Path

from prefect import flow

from recognition.vocabulary import RunStatus
from tasks.bakeoff import MOST_PHOTOS, BakeoffReport, compare_encoders
from tasks.freshness import require_fresh
from tasks.loop import RunSkippedError, finish, open_loop
from tasks.report import final_state, publish_comparison, run_name
from tasks.settings import load_settings
from tasks.wiring import today


@flow(name="bakeoff", flow_run_name=run_name)
def bakeoff(
    config: str | None = None,
    label: str | None = None,
    models: list[str] | None = None,
    photos: int = MOST_PHOTOS,
    detector: str | None = None,
) -> BakeoffReport:
    """Run one bake-off.

    Args:
        config: path of `skuloop.toml`; by default SKULOOP_CONFIG or the current folder.
        label: name of the bake-off; by default today's date in the configured time zone.
        models: names of timm, or `name=weights.safetensors`; by default the encoder of the settings.
        photos: how many labelled photos may be asked about.
        detector: path of a YOLOX model (ONNX).
    """
    settings = load_settings(config)
    name = label or f"bakeoff-{today(settings)}"
    try:
        require_fresh(settings, "bakeoff", name, named=label is not None)
        with open_loop(settings, "bakeoff", name) as loop:
            report = compare_encoders(loop, models or [], photos, None if detector is None else Path(detector))
            finish(loop, report.problems)
            publish_comparison(report)
    except RunSkippedError as skipped:
        report = BakeoffReport(name, RunStatus.SKIPPED, (str(skipped),))
    return final_state(report)  # type: ignore[no-any-return]
