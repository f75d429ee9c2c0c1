"""The server's settings: flag > environment > `.env.agent-brain` > `.env` > `config.yaml` > default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Interval
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_contract.container import START, publishes
from agent_brain_contract.defaults import DEFAULT_PORT, DEFAULT_STORAGE_URL
from agent_brain_contract.identity import FORM
from agent_brain_contract.paths import COMPOSE
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url
from agent_brain_server.settings.sources import (
    ENVIRONMENT,
    HARMLESS,
    ProjectFiles,
    SettingsTree,
    database_variable,
    lookup,
    read_sources,
    source_of,
)
from agent_brain_server.settings.validation import UNKNOWN, reason

PREFIX = "AGENT_BRAIN_"
_FILES = f"{STATE_DIRECTORY}/config.yaml, {ENV_FILE} or the environment"
_SHOWN = (*HARMLESS, "embedding.provider", "index.folders")
"""The settings whose value a message may show: none of them can hold a secret."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StorageSettings(_Section):
    """Where the index lives: at `url`, else in PostgreSQL as the section `postgres` says, else in the project.

    A relative SQLite path is relative to the project's root. A `url` may hold a password, so it is not shown.
    """

    url: str | None = Field(
        default=None,
        repr=False,
        exclude=True,
        description="where the index lives, see [storage.md](storage.md); a relative path is relative to the project",
    )
    postgres: PostgresConfig | None = Field(
        default=None, description='PostgreSQL by its parts, as below; in the environment as JSON: `{"host": "db"}`'
    )

    @property
    def location(self) -> str:
        """Return the URL that is used, with its password."""
        if self.url is not None:
            return self.url
        return DEFAULT_STORAGE_URL if self.postgres is None else self.postgres.url()


class EmbeddingSettings(_Section):
    """What turns text into vectors. Everything but `provider` is for `openai-compatible`."""

    provider: Literal["built-in", "openai-compatible", "none"] = Field(
        "built-in", description="what turns text into vectors; without one, search is by keywords alone"
    )
    base_url: str = Field("", description="of the endpoint, up to and without `/embeddings`")
    model: str = Field("", description="the endpoint's name for the model")
    api_key: SecretStr = Field(SecretStr(""), description="sent as a bearer token; keep it in `.env.agent-brain`")
    dimensions: Annotated[int, Interval(ge=1, le=16_000)] | None = Field(
        None, description="the length of its vectors; left out, the endpoint is asked"
    )
    batch_size: Annotated[int, Interval(ge=1, le=2_048)] = Field(128, description="texts a request")
    concurrency: Annotated[int, Interval(ge=1, le=64)] = Field(4, description="requests at once")
    timeout_seconds: Annotated[float, Interval(gt=0, le=600)] = Field(30.0, description="for each request")


def _listed(value: object) -> object:
    """Return a variable's text as a list: JSON, or with commas between as setup takes it."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("must be paths with commas between, or a JSON list") from None
    return [part.strip() for part in value.split(",") if part.strip()]


class IndexSettings(_Section):
    """What is indexed and how. `folders` is where a new index starts; later the index itself knows its folders."""

    folders: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (".",),
        description="the folders of a new index; later use `agent-brain folders`. One that leads out of the project"
        " counts once you have accepted where, and our own state is never indexed",
    )
    watch: bool = Field(True, description="keep the index fresh while files change")
    max_file_bytes: Annotated[int, Interval(ge=1_000, le=100_000_000)] = Field(
        1_000_000, description="larger files are left out"
    )
    workers: Annotated[int, Interval(ge=1, le=64)] | None = Field(
        None, description="processes that read and parse; left out, one a processor, 4 at most"
    )


class Settings(BaseSettings):
    """All of it. `project_root` comes from the command line alone, `project_id` from the environment or the project's
    state; `port` 0 takes a free one.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        nested_model_default_partial_update=True,
    )

    project_root: Path
    project_id: str = Field(
        "",
        description="what keeps this project's rows apart in a shared database; setup makes one, and a file of the"
        " project cannot set it",
    )
    token: SecretStr = Field(
        SecretStr(""), description="what clients must send; setup makes one, keep it in `.env.agent-brain`"
    )
    port: Annotated[int, Interval(ge=0, le=65_535)] = Field(
        DEFAULT_PORT, description="where the server listens on 127.0.0.1; setup picks a free one, 0 takes any"
    )
    idle_stop_minutes: Annotated[float, Ge(0)] = Field(
        30.0, description="the server stops after so long without a request; 0 never"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="how much the server's log says"
    )
    storage: StorageSettings = StorageSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    index: IndexSettings = IndexSettings()

    @field_validator("project_root")
    @classmethod
    def _existing(cls, value: Path) -> Path:
        if not value.is_dir():
            raise ValueError(f"{value} is not a directory")
        return value.resolve()

    @field_validator("project_id")
    @classmethod
    def _opaque(cls, value: str) -> str:
        if value and not FORM.fullmatch(value):
            raise ValueError("must be 8 to 64 letters, digits, _ or -")
        return value

    @property
    def state_directory(self) -> Path:
        """Return where everything of this project is stored."""
        return self.project_root / STATE_DIRECTORY

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only what `load_settings` gives: the sources depend on the project."""
        return (init_settings,)


def read_settings(
    files: ProjectFiles, found: Mapping[str, SettingsTree], *, port: int | None = None, environment: bool = True
) -> Settings:
    """Return what the places `found` of a project set, accepted or not; arguments are flags and win.

    Without the `environment` PostgreSQL's own variables count by the project's files alone. Raise SettingsError naming
    the setting.
    """
    # A file of the project must not choose whose rows of a shared database it reads.
    own_id = found.get(ENVIRONMENT, {}).get("project_id", "")
    flags = {"project_root": files.root, "project_id": own_id} | ({} if port is None else {"port": port})

    class ProjectSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings, *(InitSettingsSource(settings_cls, dict(tree)) for tree in found.values()))

    try:
        settings = ProjectSettings(**flags)
    except ValidationError as error:
        raise SettingsError(_refusal(error, found)) from error
    return settings.model_copy(update={"storage": _connected(settings.storage, files, environment)})


def _refusal(error: ValidationError, found: Mapping[str, SettingsTree]) -> str:
    """Return the first thing that is wrong, with its place and, unless it may be a secret, its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    place = source_of(found, name)
    if first["type"] in UNKNOWN:
        shown = name.upper() if name.startswith(PREFIX.lower()) else name
        return f"{shown} in {_named(place)} is not a setting. Correct its name or remove it, or see: agent-brain doctor"
    value = lookup(found.get(place, {}), name)
    shown = f", not {value!r:.60}" if isinstance(value, str | int | float) and name.startswith(_SHOWN) else ""
    problem = f"{name}{reason(first)}{shown}"
    return f"the setting {problem}. Correct it in {_named(place)}, or see: agent-brain doctor"


def _named(place: str) -> str:
    return "the environment" if place == ENVIRONMENT else place or _FILES


def find_sources(files: ProjectFiles, *, environment: bool = True) -> dict[str, SettingsTree]:
    """Return what each place sets, the first to decide first. Raise SettingsError for a file that cannot be read."""
    return read_sources(Settings, files, environment=environment)


def _connected(storage: StorageSettings, files: ProjectFiles, environment: bool) -> StorageSettings:
    """`storage` with what PostgreSQL's own variables add. They alone never select PostgreSQL: they are often another
    program's.
    """
    if storage.url is not None:
        if not is_postgres_url(storage.url):
            return storage
        config = PostgresConfig.from_url(storage.url, storage.postgres, name="setting storage.url")
    elif storage.postgres is None:
        return storage
    elif url := database_variable("DATABASE_URL", files, environment=environment)[0]:
        config = PostgresConfig.from_url(url, storage.postgres, name="DATABASE_URL")
    else:
        config = storage.postgres
    password = database_variable("POSTGRES_PASSWORD", files, environment=environment)[0]
    if not config.password.get_secret_value() and password:
        config = config.with_password(password)
    if _is_container(config, files):
        config = config.started_by(START)
    return storage.model_copy(update={"url": config.url(), "postgres": config})


def _is_container(config: PostgresConfig, files: ProjectFiles) -> bool:
    """Return whether it is the database in the container that setup described. The answer changes words alone."""
    try:
        return publishes(read_regular_file(files.root / COMPOSE), config.host, config.port)
    except OSError:
        return False
