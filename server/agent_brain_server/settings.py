"""The server's settings: flag > environment > `.env.agent-brain` > `.env` > `config.yaml` > default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Interval
from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as SourceError

from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_server.errors import SettingsError
from agent_brain_server.postgres_config import PostgresConfig, is_postgres_url
from agent_brain_server.setting_files import UNREADABLE, readable, require_readable

DEFAULT_PORT = 8317
DEFAULT_STORAGE_URL = f"sqlite:///{STATE_DIRECTORY}/index.db"


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
        """The URL that is used, with its password."""
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


class IndexSettings(_Section):
    """What is indexed and how. `folders` is where a new index starts; later the index itself knows its folders."""

    folders: tuple[str, ...] = Field(
        (".",), description="what a new index starts with; later use `agent-brain folders`"
    )
    watch: bool = Field(True, description="keep the index fresh while files change")
    max_file_bytes: Annotated[int, Interval(ge=1_000, le=100_000_000)] = Field(
        1_000_000, description="larger files are left out"
    )
    workers: Annotated[int, Interval(ge=1, le=64)] | None = Field(
        None, description="processes that read and parse; left out, one a processor, 4 at most"
    )


class Settings(BaseSettings):
    """All of it. `project_root` comes from the command line alone; `port` 0 takes a free one."""

    model_config = SettingsConfigDict(
        env_prefix="AGENT_BRAIN_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        nested_model_default_partial_update=True,
    )

    project_root: Path
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

    @property
    def state_directory(self) -> Path:
        """Where everything of this project is kept."""
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
        """Only what `load_settings` gives: the sources depend on the project."""
        return (init_settings,)


class ProjectDotEnv(DotEnvSettingsSource):
    """A `.env` is shared with the project: names that are not ours are not ours to refuse."""

    def __call__(self) -> dict[str, Any]:
        prefix = self.env_prefix.lower()
        return {
            name: value
            for name, value in super().__call__().items()
            if name in self.settings_cls.model_fields or name.startswith(prefix)
        }


def load_settings(project_root: Path, *, port: int | None = None) -> Settings:
    """The settings of the project at `project_root`; arguments are flags and win.

    Raises SettingsError naming the setting.
    """
    root = project_root.absolute()
    for own in (root / ENV_FILE, root / STATE_DIRECTORY / "config.yaml"):
        require_readable(own)
    flags: dict[str, Any] = {"project_root": root} | ({} if port is None else {"port": port})

    class ProjectSettings(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: object, **__: object
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (
                init_settings,
                EnvSettingsSource(settings_cls),
                ProjectDotEnv(settings_cls, env_file=list(filter(None, (readable(root / ".env"), root / ENV_FILE)))),
                YamlConfigSettingsSource(settings_cls, yaml_file=root / STATE_DIRECTORY / "config.yaml"),
            )

    try:
        settings = ProjectSettings(**flags)
        storage = _connected(settings.storage, {**dotenv_values(root / ENV_FILE), **os.environ})
        return settings.model_copy(update={"storage": storage})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        places = f"{STATE_DIRECTORY}/config.yaml, {ENV_FILE} or the environment"
        raise SettingsError(f"setting {name}: {first['msg']}. Correct it in {places}.") from error
    except (SourceError, OSError, *UNREADABLE) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(
            f"the settings cannot be read ({STATE_DIRECTORY}/config.yaml, {ENV_FILE}): {reason}"
        ) from error


def _connected(storage: StorageSettings, environment: Mapping[str, str | None]) -> StorageSettings:
    """`storage` with what PostgreSQL's own variables add. They alone never select PostgreSQL: they are often another
    program's.
    """
    if storage.url is not None:
        if not is_postgres_url(storage.url):
            return storage
        config = PostgresConfig.from_url(storage.url, storage.postgres, name="setting storage.url")
    elif storage.postgres is None:
        return storage
    elif url := environment.get("DATABASE_URL"):
        config = PostgresConfig.from_url(url, storage.postgres, name="DATABASE_URL")
    else:
        config = storage.postgres
    if not config.password.get_secret_value() and (password := environment.get("POSTGRES_PASSWORD")):
        config = config.with_password(password)
    return storage.model_copy(update={"url": config.url(), "postgres": config})
