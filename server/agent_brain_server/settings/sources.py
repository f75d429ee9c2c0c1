"""Where settings come from: the environment, and the files of the project, each as far as it may decide."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource, InitSettingsSource
from pydantic_settings.exceptions import SettingsError as SourceError

from agent_brain_client.yaml_file import load_yaml
from agent_brain_contract.paths import CONFIG, ENV_FILE
from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.files import readable, reading

ENVIRONMENT = "environment"
SHARED_ENV_FILE = ".env"
HARMLESS = (
    "port",
    "idle_stop_minutes",
    "log_level",
    "embedding.dimensions",
    "embedding.batch_size",
    "embedding.concurrency",
    "embedding.timeout_seconds",
    "index.watch",
    "index.max_file_bytes",
    "index.workers",
)
"""What the project's own `.env` may set: nothing here sends text anywhere, opens anything or holds a secret."""
MISSING: Any = object()
_OF_COMMANDS = re.compile(r"project|python|started_in|owner_url|copy_(?:url|from|to)|setup_\w+")
"""Variables of ours that commands read from the environment alone; a file that is also exported may hold them."""

SettingsTree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The files that set something: in the project at `root`, or as `setup` is about to write them, in `staged`."""

    root: Path
    staged: Path | None = None

    @property
    def config(self) -> Path:
        """Return the path of the settings."""
        return (self.staged or self.root) / CONFIG

    @property
    def secrets(self) -> Path:
        """Return the path of `.env.agent-brain`."""
        return (self.staged or self.root) / ENV_FILE

    @property
    def shared(self) -> Path:
        """Return the path of the project's own `.env`."""
        return self.root / SHARED_ENV_FILE

    def variables(self) -> Mapping[str, str | None]:
        """Return all that `.env.agent-brain` sets; `${…}` in it means itself."""
        return _read_variables(self.secrets)


class _EnvFileSource(DotEnvSettingsSource):
    """Variables of a file by our prefix. Nothing in it is replaced by what the environment holds."""

    def _read_env_files(self) -> Mapping[str, str | None]:
        values = _read_variables(Path(str(self.env_file)))
        return {name.lower(): value for name, value in values.items() if value}

    def __call__(self) -> dict[str, Any]:
        prefix = self.env_prefix.lower()
        return {
            name: value
            for name, value in super().__call__().items()
            if name in self.settings_cls.model_fields
            or (name.startswith(prefix) and not _OF_COMMANDS.fullmatch(name.removeprefix(prefix)))
        }


def _read_variables(path: Path) -> Mapping[str, str | None]:
    """Return what the file at `path` sets; a missing file sets nothing. Raise OSError, UnicodeDecodeError."""
    try:
        text = read_regular_file(path).decode("utf-8")
    except FileNotFoundError:
        return {}
    return dotenv_values(stream=StringIO(text), interpolate=False)


def _read_config(path: Path) -> Any:
    """Return the tree of the YAML file at `path`, empty for a missing file. Raise OSError, YAMLError, TypeError."""
    try:
        tree = load_yaml(read_regular_file(path)) or {}
    except FileNotFoundError:
        return {}
    if not isinstance(tree, dict):
        raise TypeError("it is not a mapping of settings")
    if (odd := next((name for name in tree if not isinstance(name, str)), MISSING)) is not MISSING:
        raise TypeError(f"{odd!r:.40} is not the name of a setting")
    return tree


def read_sources(
    model: type[BaseSettings], files: ProjectFiles, *, environment: bool = True
) -> dict[str, SettingsTree]:
    """Return what each place sets, as trees, the first to decide first; without the `environment` the files alone.

    Raise SettingsError for a place that cannot be read.
    """
    outside = {ENVIRONMENT: _environment(model)} if environment else {}
    with reading(files.root, ENV_FILE, files.secrets):
        secrets = _EnvFileSource(model, env_file=files.secrets)()
    with reading(files.root, CONFIG, files.config):
        config = InitSettingsSource(model, init_kwargs=_read_config(files.config))()
    shared = only_harmless(read_shared(model, files))
    return {**outside, ENV_FILE: secrets, SHARED_ENV_FILE: shared, CONFIG: config}


def _environment(model: type[BaseSettings]) -> SettingsTree:
    try:
        return EnvSettingsSource(model)()
    except (SourceError, ValueError) as error:
        reason = " ".join(str(error).partition(" from source ")[0].split())
        raise SettingsError(f"the environment cannot be read: {reason}. Correct that variable, or unset it.") from error


def read_shared(model: type[BaseSettings], files: ProjectFiles) -> SettingsTree:
    """Return all that the project's own `.env` sets of ours, harmless or not; nothing where it cannot be read."""
    try:
        return _EnvFileSource(model, env_file=files.shared)() if readable(files.shared) else {}
    except ValueError:  # it is not UTF-8, and not ours to correct
        return {}


def only_harmless(tree: SettingsTree, prefix: str = "") -> dict[str, Any]:
    """Return what of `tree` the project's own `.env` may set."""
    kept: dict[str, Any] = {}
    for name, value in tree.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            if inner := only_harmless(value, f"{path}."):
                kept[name] = inner
        elif path in HARMLESS:
            kept[name] = value
    return kept


def lookup(tree: Any, name: str) -> Any:
    """Return what `tree` holds at the dotted `name`, MISSING if nothing."""
    for part in name.split("."):
        tree = tree.get(part, MISSING) if isinstance(tree, Mapping) else MISSING
    return tree


def source_of(found: Mapping[str, SettingsTree], *names: str) -> str:
    """Return the first place that sets one of the dotted `names`, empty if none does."""
    return next((place for place, tree in found.items() if any(lookup(tree, n) is not MISSING for n in names)), "")


def database_variable(name: str, files: ProjectFiles, *, environment: bool = True) -> tuple[str, str]:
    """Return the value of PostgreSQL's own variable `name`, and the place that sets it; twice empty if none does."""
    if environment and (value := os.environ.get(name)):
        return value, ENVIRONMENT
    value = files.variables().get(name)
    return (value, ENV_FILE) if value else ("", "")
