"""Deploy both flows, with a local Prefect server where none is configured."""

from pathlib import Path


def deploy(config: Path | None) -> None:
    """To be written with prefect.yaml."""
    raise NotImplementedError(config)
