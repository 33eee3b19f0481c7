"""Settings: one `skuloop.toml` and the environment. This is the only module that reads either.

Environment variables override the file: `SKULOOP_REVIEW__BUDGET=20` is `[review] budget = 20`. Secrets belong there.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from recognition.asking.night import ReviewPolicy
from recognition.audit.tiers import TierPolicy
from recognition.encoders.device import AUTO
from recognition.index.stores import MilvusAddress
from recognition.release.gate import GatePolicy
from recognition.release.references import ReferencePolicy
from recognition.triage.calibration import CalibrationPolicy
from recognition.vocabulary import IsolationMethod
from spiders.sources import KINDS, Source

FILE_NAME = "skuloop.toml"
CONFIG_VARIABLE = "SKULOOP_CONFIG"
SHARED_VARIABLE = "SKULOOP_SHARED"
PRODUCTION_ENCODER = "vit_small_patch14_reg4_dinov2.lvd142m"

_TIERS, _REVIEW, _PROMISE, _GATE = TierPolicy(), ReviewPolicy(), CalibrationPolicy(), GatePolicy()
_REFERENCES = ReferencePolicy()


class SettingsError(Exception):
    """The settings cannot be used; the message names the key and what to write instead."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IsolationSettings(_Section):
    """How the product is found on a photo, see `recognition.isolation`.

    Attributes:
        method: none, attention, foreground or box.
        weights: the foreground head (safetensors) or the detector (ONNX) of the methods that need one.
        second_pass: also encode what the product was cut to.
    """

    method: IsolationMethod = IsolationMethod.NONE
    weights: Path | None = None
    second_pass: bool = False


class EncoderSettings(_Section):
    """Which encoder turns photos into vectors.

    Attributes:
        name: a timm model, or `handcrafted` (the demo's encoder, which needs no weights).
        weights: local safetensors file; without it timm asks its hub.
        image_size: side in pixels that the photo is brought to.
        device: `auto` is a GPU that torch can use (CUDA) where there is one, else `cpu`; or any device of torch.
        workers: encoder processes of one thread each; 0 means one per core. A GPU needs none.
        colour: put a descriptor of the product's colours beside what the model sees.
        isolation: how the product is found on the photo.
    """

    name: str = PRODUCTION_ENCODER
    weights: Path | None = None
    image_size: int | None = 224
    device: str = AUTO
    workers: int = Field(default=0, ge=0)
    colour: bool = False
    isolation: IsolationSettings = IsolationSettings()


class LabelStudioSettings(_Section):
    """Where people answer.

    Attributes:
        url: a running Label Studio; without it, skuloop's own local one is used (`skuloop labelling start`).
        site: where annotators' browsers reach `url`, if that is another address.
        token: access token for `url`; set it as SKULOOP_LABEL_STUDIO__TOKEN, not in the file.
        project: title of the project that skuloop keeps.
        port: of the local Label Studio.
        executable: of the local Label Studio, in its own environment.
    """

    url: AnyHttpUrl | None = None
    site: AnyHttpUrl | None = None
    token: SecretStr | None = None
    project: str = "skuloop review"
    port: int = Field(default=8080, ge=0, le=65535)
    executable: Path = Path(".venv-label-studio/bin/label-studio")


class WebhookSettings(_Section):
    """Hints that somebody answered, between the hourly pulls; see `labelling.hints`.

    Attributes:
        url: of the receiver, as Label Studio reaches it; without it Label Studio is not asked for hints.
        host: that the receiver listens on.
        port: its port.
        seconds: from a hint to its pull; the hints in between want the same one.
    """

    url: AnyHttpUrl | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8301, ge=1, le=65535)
    seconds: float = Field(default=60.0, ge=1)


class AuditSettings(_Section):
    """Limits between tiers, see `recognition.audit.tiers`."""

    trained_minimum: int = Field(default=_TIERS.trained_minimum, ge=1)
    hysteresis: int = Field(default=_TIERS.hysteresis, ge=0)
    max_conflict_share: float = Field(default=_TIERS.max_conflict_share, ge=0, le=1)


class CatalogueSettings(_Section):
    """What is made of many nights of listings.

    Attributes:
        gone_after: crawls in a row without a product after which it is gone from its shop.
        placeholder_products: products of one source at which one picture stands for none of them.
    """

    gone_after: int = Field(default=3, ge=1)
    placeholder_products: int = Field(default=5, ge=2)


class ReviewSettings(_Section):
    """How much may be asked each night, see `recognition.asking.night`.

    Attributes:
        overlap_share: share of the questions that two people answer each; the rest is its policy.
    """

    budget: int = Field(default=_REVIEW.budget, ge=0)
    minutes: float = Field(default=_REVIEW.minutes, ge=0)
    random_share: float = Field(default=_REVIEW.random_share, ge=0, le=1)
    golden_share: float = Field(default=_REVIEW.golden_share, ge=0, le=1)
    unseen_share: float = Field(default=_REVIEW.unseen_share, ge=0, le=1)
    few_samples_share: float = Field(default=_REVIEW.few_samples_share, ge=0, le=1)
    doubt_share: float = Field(default=_REVIEW.doubt_share, ge=0, le=0.5)
    overlap_share: float = Field(default=0.0, ge=0, le=1)


class CycleSettings(_Section):
    """When a cycle is due, beside its schedule.

    Attributes:
        answers: so many that no release was taught are worth a cycle.
        days: so long does a single one wait for it.
    """

    answers: int = Field(default=100, ge=1)
    days: float = Field(default=3.0, ge=0)


class PromiseSettings(_Section):
    """What a sure answer promises, see `recognition.triage.calibration`."""

    sure_precision: float = Field(default=_PROMISE.sure_precision, gt=0, lt=1)
    unseen_share: float = Field(default=_PROMISE.unseen_share, ge=0, lt=1)
    known_lost: float = Field(default=_PROMISE.known_lost, ge=0, lt=1)


class FirstDaySettings(_Section):
    """How a product is taught that has catalogue photos and hardly a camera photo, see `recognition.isolation.views`.

    Attributes:
        views: composited views of each of its catalogue photos; 0, the default, makes none. Only where the encoder
            isolates the product. Whether they pay depends on the catalogue (docs/adr/0010-views-on-the-first-days.md).
        camera_photos: with so many camera photos of its own a product is taught by photos alone.
        most_views: of one run; what is left over waits for the next.
    """

    views: int = Field(default=0, ge=0, le=100)
    camera_photos: int = Field(default=5, ge=1)
    most_views: int = Field(default=20_000, ge=0)


class GateSettings(_Section):
    """When a candidate is refused, see `recognition.release.gate`."""

    accuracy_loss: float = Field(default=_GATE.accuracy_loss, ge=0, le=1)
    class_loss: float = Field(default=_GATE.class_loss, ge=0, le=1)
    promise_slack: float = Field(default=_GATE.promise_slack, ge=0, le=1)
    fewest_sure: int = Field(default=_GATE.fewest_sure, ge=1)


class ReferenceSettings(_Section):
    """The small pictures of each product in a release, see `recognition.release.references`."""

    pictures: int = Field(default=_REFERENCES.pictures, ge=0)
    most_mib: int = Field(default=_REFERENCES.most_mib, ge=0)


class KeepSettings(_Section):
    """Photos that were not answered surely, kept for the next night; see `serving.http.keeping`.

    Attributes:
        folder: where they are kept; without it none is.
        photos: how many, the oldest go first.
        mib: how many MiB, the oldest go first.
    """

    folder: Path | None = None
    photos: int = Field(default=5000, ge=1)
    mib: int = Field(default=2048, ge=1)


class ServeSettings(_Section):
    """The HTTP API, see `serving.http`.

    Attributes:
        host: address to listen on.
        port: its port; 0 takes a free one.
        keys_file: file of the API keys.
        open: ask for no key, wherever it listens.
        hosts: names that it is called by where no key is asked for, besides localhost and IP addresses.
        origins: web pages of other origins that may ask.
        proxies: addresses of reverse proxies, whose X-Forwarded-For is believed.
        tls_certificate: PEM file; without it plain HTTP is spoken.
        tls_key: PEM file of its key.
        workers: encoder processes of one thread each; 0 means one per core.
        batch: photos that one looks at together, at most.
        batch_wait_ms: how long an idle one waits for a second photo.
        worker_mib: memory that one may take beyond what its encoder takes.
        photos: of one request.
        photo_mib: of one photo's file.
        megapixels: of one photo.
        request_mib: of one request.
        held_mib: of all requests that are held at the same time.
        per_minute: photos and other requests of one caller; 0 sets no limit.
        waiting: photos that wait for an encoder.
        connections: open ones.
        header_seconds: until the headers of a request are there.
        body_seconds: until its body is there.
        answer_seconds: until its answer is there.
        drain_seconds: that requests under way have to end, once the server is told to stop.
        keep: what is kept for the next night.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=8300, ge=0, le=65535)
    keys_file: Path = Path("serve-keys.json")
    open: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    workers: int = Field(default=0, ge=0)
    batch: int = Field(default=8, ge=1, le=64)
    batch_wait_ms: float = Field(default=0, ge=0, le=1000)
    worker_mib: int = Field(default=1024, ge=64)
    photos: int = Field(default=16, ge=1, le=1000)
    photo_mib: int = Field(default=20, ge=1)
    megapixels: float = Field(default=25, gt=0)
    request_mib: int = Field(default=64, ge=1)
    held_mib: int = Field(default=256, ge=1)
    per_minute: int = Field(default=1200, ge=0)
    waiting: int = Field(default=64, ge=1)
    connections: int = Field(default=512, ge=1)
    header_seconds: float = Field(default=10, gt=0)
    body_seconds: float = Field(default=30, gt=0)
    answer_seconds: float = Field(default=30, gt=0)
    drain_seconds: int = Field(default=30, ge=1)
    keep: KeepSettings = KeepSettings()


class IndexSettings(_Section):
    """Where the embeddings of a release are searched, see `recognition.index`.

    Attributes:
        milvus: address of a Milvus; without it each process searches the index that the release brings.
        token: for that Milvus; set it as SKULOOP_INDEX__TOKEN, not in the file.
    """

    milvus: str | None = None
    token: SecretStr | None = None

    @property
    def address(self) -> MilvusAddress | None:
        """The Milvus, if one is named."""
        token = self.token.get_secret_value() if self.token else ""
        return MilvusAddress(self.milvus, token) if self.milvus else None


class Engine(StrEnum):
    """What encodes."""

    LOCAL = "local"
    DASK = "dask"


class ClusterSettings(_Section):
    """Encoding on more than one machine, see `tasks.cluster`.

    Attributes:
        engine: `local`, processes of this machine; or `dask`.
        address: of a Dask scheduler; without it processes of this machine are started for the time of a stage.
        workers: processes of that cluster; 0 means one per core.
        objects: URL of the folder or bucket that all machines share, as fsspec writes it.
    """

    engine: Engine = Engine.LOCAL
    address: str | None = None
    workers: int = Field(default=0, ge=0)
    objects: str | None = None


class NotifySettings(_Section):
    """Whom Prefect tells when a night fails or a person has to decide; without one of the two, nobody.

    Attributes:
        url: Slack's incoming webhook, any other webhook, or an address of Apprise such as `mailtos://`; a secret.
        block: a notification block that is in Prefect already, as `type/name`.
    """

    url: SecretStr | None = None
    block: str | None = None

    @field_validator("block")
    @classmethod
    def _type_and_name(cls, block: str | None) -> str | None:
        if block is not None and len(block.split("/")) != 2:
            raise ValueError(f"{block!r} is not a block; write type and name, like 'slack-webhook/on-call'")
        return block


class Settings(BaseSettings):
    """Everything that can be set. Relative paths are relative to the folder of `skuloop.toml`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="SKULOOP_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    home: Path = Path()
    store: Path = Path("store")
    timezone: str = "UTC"
    free_disk_gib: float = Field(default=1.0, ge=0)
    encoder: EncoderSettings = EncoderSettings()
    label_studio: LabelStudioSettings = LabelStudioSettings()
    webhook: WebhookSettings = WebhookSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    audit: AuditSettings = AuditSettings()
    review: ReviewSettings = ReviewSettings()
    cycle: CycleSettings = CycleSettings()
    promise: PromiseSettings = PromiseSettings()
    gate: GateSettings = GateSettings()
    references: ReferenceSettings = ReferenceSettings()
    index: IndexSettings = IndexSettings()
    first_day: FirstDaySettings = FirstDaySettings()
    serve: ServeSettings = ServeSettings()
    notify: NotifySettings = NotifySettings()
    cluster: ClusterSettings = ClusterSettings()
    source: tuple[Source, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{name!r} is not a time zone; write one like 'Europe/Berlin'") from error
        return name

    @field_validator("source")
    @classmethod
    def _distinct_names(cls, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        names = [source.name for source in sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {twice[0]!r}; every source needs a name of its own")
        return sources

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a night has its date."""
        return ZoneInfo(self.timezone)

    def resolve(self, path: Path) -> Path:
        """A path of the settings, relative ones under `home`."""
        return (self.home / path).resolve()


def load_settings(config: Path | str | None = None) -> Settings:
    """Read the settings of a `skuloop.toml`; by default that of SKULOOP_CONFIG, else the one in the current folder.

    Raises:
        SettingsError: there is no such file, it is not TOML, or a key or value is not valid.
    """
    path = Path(config or os.environ.get(CONFIG_VARIABLE, FILE_NAME)).resolve()
    if not path.is_file():
        raise SettingsError(
            f"there is no settings file {path}. Run `skuloop demo` to see one at work, "
            f"or name yours with --config or {CONFIG_VARIABLE}."
        )
    _refuse_unknown_variables(os.environ)
    try:
        if "home" in tomllib.loads(path.read_text(encoding="utf-8")):
            raise SettingsError(f"{path}: 'home' is always the folder of this file; remove the key")
        return _settings_class(path)(home=path.parent)
    except ValidationError as error:
        raise SettingsError(f"{path}: " + "; ".join(_explanations(error))) from error
    except ValueError as error:  # TOML syntax, or JSON in an environment variable
        raise SettingsError(f"{path} cannot be read: {error}") from error


def default_settings() -> Settings:
    """The settings without a file: defaults and the environment, relative to the current folder.

    Raises:
        SettingsError: a variable is not valid.
    """
    _refuse_unknown_variables(os.environ)
    try:
        return Settings(home=Path.cwd())
    except ValidationError as error:
        raise SettingsError("; ".join(_explanations(error))) from error
    except ValueError as error:  # JSON in an environment variable
        raise SettingsError(str(error)) from error


def _refuse_unknown_variables(environ: Mapping[str, str]) -> None:
    """A misspelt variable would be ignored in silence, and the setting it was meant for would keep its value."""
    valid = {f"SKULOOP_{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE, SHARED_VARIABLE}
    for name in sorted(environ):
        if name.startswith("SKULOOP_") and name.split("__")[0] not in valid:
            close = difflib.get_close_matches(name, valid, n=1)
            raise SettingsError(f"unknown variable {name}" + (f"; did you mean {close[0]}?" if close else ""))


def prefect_api_url() -> str | None:
    """Address of the Prefect server of this process; None where each command starts its own."""
    return os.environ.get("PREFECT_API_URL")


def shared_data(environ: Mapping[str, str] | None = None) -> Path:
    """Folder of the photos and weights that tests and benchmarks share; it need not exist."""
    return Path((os.environ if environ is None else environ).get(SHARED_VARIABLE, "../shared")).resolve()


def _settings_class(path: Path) -> type[Settings]:
    class _FileSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not a source of ours
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not a source of ours
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    return _FileSettings


def _explanations(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        where = [str(part) for part in problem["loc"]]
        if problem["type"] == "extra_forbidden":
            yield f"unknown key '{'.'.join(where)}'{_nearest(where)}"
        else:
            yield f"'{'.'.join(where)}': {problem['msg'].removeprefix('Value error, ')}"


def _nearest(where: list[str]) -> str:
    close = difflib.get_close_matches(where[-1], _valid_names(where[:-1]), n=1, cutoff=0.5)
    return f"; did you mean '{'.'.join([*where[:-1], close[0]])}'?" if close else "; see docs/reference/settings.md"


def _valid_names(section: list[str]) -> list[str]:
    fields: Any = Settings.model_fields
    if section and section[0] == "source":
        return sorted({name for kind in KINDS for name in kind.model_fields})
    for part in section:
        fields = fields[part].annotation.model_fields
    return list(fields)
