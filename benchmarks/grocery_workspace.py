"""The folder of a benchmark run: what it was told, where everything lies, and how it is emptied."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import tomli_w

from labelling.server import LocalLabelStudio

REPOSITORY = Path(__file__).resolve().parents[1]
ENCODER = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"
LABEL_STUDIO = REPOSITORY / ".venv-label-studio" / "bin" / "label-studio"
_IMAGE_SIZE = 224
_MARKER = ".grocery-loop"


class WorkFolderError(Exception):
    """The work folder cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run was told.

    Attributes:
        folder: work folder; everything the loop makes lies in it.
        shared: folder of photos and weights.
        classes: how many classes take part; None for all.
        budget: questions per night.
        error_rate: share of questions that the simulated annotator answers wrong.
        seed: of the order of the test photos and of the annotator's mistakes.
        workers: encoder processes; 0 for one per core.
        whole_picture: do not isolate the product and do not see colour.
        known_vectors: take the vectors of photos that a benchmark has encoded before, where the encoder is the same.
    """

    folder: Path
    shared: Path
    classes: int | None
    budget: int
    error_rate: float
    seed: int
    workers: int
    whole_picture: bool = False
    known_vectors: bool = False

    @property
    def data(self) -> Path:
        """The dataset."""
        return self.shared / "data" / "grocery"

    @property
    def weights(self) -> Path:
        """The encoder's weights."""
        return self.shared / "weights" / f"{ENCODER}.safetensors"

    @property
    def labelled(self) -> Path:
        """Labelled photos, a folder per SKU."""
        return self.folder / "labelled"

    @property
    def inbox(self) -> Path:
        """Unlabelled camera photos."""
        return self.folder / "inbox"


def prepare(plan: Plan, *, fresh: bool) -> None:
    """Make the work folder; with `fresh`, empty it of an earlier run, whose Label Studio is stopped first.

    Raises:
        WorkFolderError: data are missing, or the folder is in use.
    """
    for needed in (plan.data / "images.csv", plan.weights):
        if not needed.exists():
            raise WorkFolderError(f"{needed} is missing. Set SKULOOP_SHARED to the folder with data and weights.")
    if plan.folder.exists() and any(plan.folder.iterdir()):
        if not (plan.folder / _MARKER).exists():
            raise WorkFolderError(f"{plan.folder} holds something else. Name another folder with --dir.")
        if not fresh:
            raise WorkFolderError(f"{plan.folder} holds an earlier run. Say --fresh to empty it.")
        _stop_left_over(plan.folder / "store")
        shutil.rmtree(plan.folder)
    plan.folder.mkdir(parents=True, exist_ok=True)
    (plan.folder / _MARKER).touch()
    (plan.folder / "prefect").mkdir()


def write_settings(plan: Plan, shop_url: str, foreground_head: Path | None) -> Path:
    """The run's `skuloop.toml`: a shop, a folder of labelled photos, a camera's inbox.

    Args:
        plan: what the run was told.
        shop_url: where the shop is.
        foreground_head: of an encoder that isolates products and sees their colours; None for one that does not.
    """
    encoder: dict[str, object] = {
        "name": ENCODER,
        "weights": str(plan.weights),
        "image_size": _IMAGE_SIZE,
        "workers": plan.workers,
    }
    if foreground_head is not None:
        encoder |= {"colour": True, "isolation": {"method": "foreground", "weights": str(foreground_head)}}
    settings = {
        "timezone": "UTC",
        "encoder": encoder,
        "label_studio": {"port": 0, "executable": str(LABEL_STUDIO)},
        "review": {"budget": plan.budget},
        "source": [
            {"kind": "site", "name": "shop", "url": shop_url, "allow_private": True, "download_delay": 0.0},
            {"kind": "folder", "name": "labelled", "path": str(plan.labelled)},
            {"kind": "inbox", "name": "camera", "path": str(plan.inbox)},
        ],
    }
    path = plan.folder / "skuloop.toml"
    path.write_bytes(tomli_w.dumps(settings).encode())
    return path


def _stop_left_over(store: Path) -> None:
    """A run that was killed leaves its Label Studio running on the files that are about to go."""
    LocalLabelStudio(store / "label-studio", store / "images", LABEL_STUDIO).stop()
