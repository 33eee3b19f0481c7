"""Where a model's weights are: the file that was named, or the one on the Hugging Face hub. Never anything else."""

import logging
from pathlib import Path

from recognition.encoders.spec import EncoderSpec
from recognition.errors import EncoderUnavailableError

_HUB_FILE = "model.safetensors"  # the only file ever asked for: the hub's pickles stay there
_HUB_PATIENCE_SECONDS = 5

_log = logging.getLogger(__name__)


def find_weights(spec: EncoderSpec) -> Path:
    """Give the safetensors file of a timm encoder, downloaded if it has to be.

    Raises:
        EncoderUnavailableError: the file is not there, is no safetensors file, or the hub does not answer.
    """
    return _from_hub(spec.name) if spec.weights is None else _local(spec.weights)


def brief(error: Exception) -> str:
    """Fold an error into one line of at most 300 characters, for the message of ours that carries it."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _local(weights: Path) -> Path:
    path = weights.expanduser()
    if not path.is_file():
        raise EncoderUnavailableError(f"There is no weights file {path}. Set `encoder.weights` to a safetensors file.")
    if path.suffix != ".safetensors":
        raise EncoderUnavailableError(
            f"{path.name} is no safetensors file. Other formats can run code when they are opened and are not read: "
            f"convert it with `safetensors.torch.save_file`, then set `encoder.weights` to the result."
        )
    return path.absolute()  # not resolved: the target of a link may have any name


def _from_hub(name: str) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository = _hub_repository(name)
    try:
        return Path(hf_hub_download(repository, _HUB_FILE, local_files_only=True))
    except LocalEntryNotFoundError:
        return _download(repository)


def _hub_repository(name: str) -> str:
    import timm

    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise EncoderUnavailableError(f"timm knows no model {name!r}: {error} See `timm.list_pretrained()`.") from error
    if config is None:
        raise EncoderUnavailableError(f"timm knows no model {name!r}. See `timm.list_pretrained()`.")
    if not config.hf_hub_id:
        raise EncoderUnavailableError(
            f"{name} has no weights on the Hugging Face hub. Set `encoder.weights` to a safetensors file of it, "
            f"or `encoder.name` to a model of `timm.list_pretrained()`."
        )
    return str(config.hf_hub_id)


def _download(repository: str) -> Path:
    from huggingface_hub import constants, get_session, hf_hub_download

    try:
        # One question first: the download itself tries for half a minute before it says that nobody is there.
        get_session().head(constants.ENDPOINT, timeout=_HUB_PATIENCE_SECONDS)
        _log.info("downloading %s of %s", _HUB_FILE, repository)
        return Path(hf_hub_download(repository, _HUB_FILE, etag_timeout=_HUB_PATIENCE_SECONDS))
    except Exception as error:  # the hub's client raises its HTTP library's errors, and changes library
        raise EncoderUnavailableError(
            f"The weights {repository} are not on this machine and cannot be fetched ({brief(error)}). Where the "
            f"Hugging Face hub can be reached, run `hf download {repository} {_HUB_FILE}`, copy the file here, and set "
            f"`encoder.weights` to its path. No other encoder is put in its place."
        ) from error
