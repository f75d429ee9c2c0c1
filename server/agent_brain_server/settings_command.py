"""`python -m agent_brain_server settings --project ROOT`: what every setting is and where it stands, as JSON.

Only this process knows how the server reads its settings, so whoever wants to explain them asks it. No secret is said.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_server.errors import SettingsError
from agent_brain_server.postgres_config import PostgresConfig, is_postgres_url
from agent_brain_server.settings import DEFAULT_STORAGE_URL, ProjectDotEnv, ProjectYaml, Settings, load_settings

ENVIRONMENT = "environment"
CONFIG = f"{STATE_DIRECTORY}/config.yaml"
_NOT_SHOWN = frozenset({"token", "embedding.api_key", "storage.url", "storage.postgres.password"})
_MISSING = object()

Place = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    """Print the report; settings that are wrong are part of it, so the exit status is 0."""
    parser = argparse.ArgumentParser(prog="agent_brain_server settings", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="the project's root")
    print(json.dumps(report(parser.parse_args(arguments).project.absolute())))
    return 0


def report(root: Path) -> dict[str, Any]:
    """`names` of all settings, the `settings` that stand somewhere, the `problems`, and the `storage` that is chosen.

    A setting has its `name`, `source` and `value` (null: not to be shown), says whether it `differs` from the default
    and names what it `hides`: a later place with another value, empty if there is none.
    """
    names = dict(setting_names(Settings))
    settings, problems = None, []
    try:
        settings = load_settings(root)
    except SettingsError as error:
        problems = _problems(error, root)
    readable = all(problem["name"] for problem in problems)
    places = _places(root) if readable else {}
    found = [entry for name, default in names.items() if (entry := _entry(name, default, places))]
    return {
        "names": [*names],
        "settings": [*found, *(_database_url(settings, root) if settings else [])],
        "problems": problems,
        "storage": _storage(settings) if settings else None,
        "embedding": settings.embedding.provider if settings else None,
    }


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The path of every setting with its default."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if prefix + name == "storage.postgres":
            inner = PostgresConfig
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{prefix}{name}.")
        elif name != "project_root":
            yield prefix + name, DEFAULT_STORAGE_URL if prefix + name == "storage.url" else field.default


def _places(root: Path) -> dict[str, Place]:
    """What stands where, the first place first."""
    return {
        ENVIRONMENT: EnvSettingsSource(Settings)(),
        ENV_FILE: ProjectDotEnv(Settings, env_file=root / ENV_FILE)(),
        ".env": ProjectDotEnv(Settings, env_file=root / ".env")(),
        CONFIG: ProjectYaml(Settings, yaml_file=root / CONFIG)(),
    }


def _entry(name: str, default: Any, places: Mapping[str, Place]) -> dict[str, Any] | None:
    given = {place: value for place, tree in places.items() if (value := _lookup(tree, name)) is not _MISSING}
    if not given:
        return None
    source, value = next(iter(given.items()))
    others = [place for place, other in given.items() if not _same(other, value)]
    return {
        "name": name,
        "source": source,
        "value": _shown(name, value),
        "differs": not _same(value, default),
        "hides": others[0] if others else "",
    }


def _shown(name: str, value: Any) -> Any:
    """Nothing of a secret, and of an address nothing that may be one: no user, no query."""
    if name in _NOT_SHOWN:
        return None
    if name != "embedding.base_url":
        return value
    try:
        parts = urlsplit(str(value))
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else None


def _lookup(tree: Any, name: str) -> Any:
    for part in name.split("."):
        tree = tree.get(part, _MISSING) if isinstance(tree, Mapping) else _MISSING
    return tree


def _same(one: Any, other: Any) -> bool:
    """As text, since a file of variables has nothing else."""
    return _text(one) == _text(other)


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(list(value) if isinstance(value, tuple) else value).lower()


def _database_url(settings: Settings, root: Path) -> list[dict[str, Any]]:
    """DATABASE_URL is no setting of ours, but goes before the connection in `storage.postgres`."""
    uses_section = settings.storage.postgres is not None and not any(
        _lookup(tree, "storage.url") is not _MISSING for tree in _places(root).values()
    )
    for source, values in ((ENVIRONMENT, os.environ), (ENV_FILE, dotenv_values(root / ENV_FILE))):
        if uses_section and values.get("DATABASE_URL"):
            return [
                {"name": "DATABASE_URL", "source": source, "value": None, "differs": True, "hides": "storage.postgres"}
            ]
    return []


def _storage(settings: Settings) -> dict[str, Any]:
    """The backend, and where it is: a file's path, or a database's host and port."""
    location = settings.storage.location
    if is_postgres_url(location):
        config = PostgresConfig.from_url(location, settings.storage.postgres)
        place = {"host": config.host, "port": config.port, "location": config.url(hide_password=True)}
        return {"backend": "postgresql", **place}
    backend = location.partition("://")[0]
    return {"backend": backend, "location": location if backend in ("sqlite", "memory") else ""}


def _problems(error: SettingsError, root: Path) -> list[dict[str, str]]:
    """Every setting that is wrong, not only the first one; without a name where nothing could be read."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return [{"name": "", "source": "", "kind": "", "reason": str(error)}]
    places = _places(root)
    problems = []
    for one in cause.errors(include_input=False, include_url=False):
        name = ".".join(map(str, one["loc"]))
        source = next((place for place, tree in places.items() if _lookup(tree, name) is not _MISSING), "")
        problems.append({"name": name, "source": source, "kind": one["type"], "reason": one["msg"]})
    return problems
