"""`python -m agent_brain_server settings --project ROOT`: print every setting and its source, as JSON.

Only this process knows how the server reads its settings, so a program that explains them asks it. No secret is said.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from agent_brain_contract.defaults import DEFAULT_STORAGE_URL
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.consent import demands_of_files, load_settings, shown_address
from agent_brain_server.settings.model import (
    Settings,
    find_sources,
    read_settings,
)
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url
from agent_brain_server.settings.sources import (
    HARMLESS,
    MISSING,
    ProjectFiles,
    SettingsTree,
    database_variable,
    lookup,
    read_shared,
    source_of,
)
from agent_brain_server.settings.validation import reason

_NOT_SHOWN = frozenset({"token", "embedding.api_key", "storage.url", "storage.postgres.password"})


def main(arguments: list[str]) -> int:
    """Print the report; settings that are wrong are part of it, so the exit status is 0."""
    parser = argparse.ArgumentParser(prog="agent_brain_server settings", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="the project's root")
    parser.add_argument("--staged", type=Path, help="a directory with the files that are about to be written")
    parser.add_argument("--check", action="store_true", help="only say whether a server would accept the files")
    options = parser.parse_args(arguments)
    root = options.project.absolute()
    if options.check:
        return _check(root)
    print(json.dumps(report(root, options.staged)))
    return 0


def _check(root: Path) -> int:
    """Exit with 2 and one sentence for what a server would refuse. The record notes what was accepted."""
    try:
        load_settings(root)
    except SettingsError as error:
        print(f"agent-brain: {error}", file=sys.stderr)
        return 2
    return 0


def report(root: Path, staged: Path | None = None) -> dict[str, Any]:
    """Return the `names` of all settings, the `settings` that a source has, the `problems`, and the chosen `storage`.

    A setting has its `name`, `source` and `value` (null: not to be shown), says whether it `differs` from the default
    and names what it `hides`: a later place with another value, empty if there is none. `demands` are what the files
    alone set and a person has to accept. Of files that are `staged` for the project, these are read instead.
    """
    names = dict(setting_names(Settings))
    files = ProjectFiles(root, staged)
    settings, problems, found = None, [], {}
    try:
        found = find_sources(files)
        settings = read_settings(files, found)
    except SettingsError as error:
        problems = _problems(error, found)
    entries = [entry for name, default in names.items() if (entry := _entry(name, default, found))]
    return {
        "names": [*names],
        "settings": [*entries, *(_database_url(settings, files, found) if settings else [])],
        "problems": problems,
        "storage": _storage(settings) if settings else None,
        "embedding": settings.embedding.provider if settings else None,
        "demands": _demands(files) if settings else [],
        "ignored": _ignored(files) if settings else [],
    }


def _demands(files: ProjectFiles) -> list[dict[str, Any]]:
    """Return what the files set without this environment, which may be another one the next time."""
    try:
        return [asdict(demand) for demand in demands_of_files(files)]
    except SettingsError:
        return []


def _ignored(files: ProjectFiles) -> list[str]:
    """Return the settings in the project's own `.env` that only `.env.agent-brain` or the environment may decide."""
    given = read_shared(Settings, files)
    names = [name for name, _ in setting_names(Settings) if name not in HARMLESS]
    return [name for name in names if lookup(given, name) is not MISSING]


def setting_names(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path of every setting with its default."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if prefix + name == "storage.postgres":
            inner = PostgresConfig
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from setting_names(inner, f"{prefix}{name}.")
        elif name != "project_root":
            yield prefix + name, DEFAULT_STORAGE_URL if prefix + name == "storage.url" else field.default


def _entry(name: str, default: Any, places: Mapping[str, SettingsTree]) -> dict[str, Any] | None:
    given = {place: value for place, tree in places.items() if (value := lookup(tree, name)) is not MISSING}
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
    """Return nothing of a secret, and of an address neither user nor query, which may be one."""
    if name in _NOT_SHOWN:
        return None
    return shown_address(str(value)) if name == "embedding.base_url" else value


def _same(one: Any, other: Any) -> bool:
    """Compare as text, since a file of variables has nothing else."""
    return _text(one) == _text(other)


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(list(value) if isinstance(value, tuple) else value).lower()


def _database_url(settings: Settings, files: ProjectFiles, found: Mapping[str, SettingsTree]) -> list[dict[str, Any]]:
    """Return an entry for DATABASE_URL: no setting of ours, it goes before the connection in `storage.postgres`."""
    source = database_variable("DATABASE_URL", files)[1]
    if not source or settings.storage.postgres is None or source_of(found, "storage.url"):
        return []
    return [{"name": "DATABASE_URL", "source": source, "value": None, "differs": True, "hides": "storage.postgres"}]


def _storage(settings: Settings) -> dict[str, Any]:
    """Return the backend, and where it is: a file's path, or a database's host and port."""
    location = settings.storage.location
    if is_postgres_url(location):
        config = PostgresConfig.from_url(location, settings.storage.postgres)
        place = {"host": config.host, "port": config.port, "location": config.url(hide_password=True)}
        return {"backend": "postgresql", **place}
    backend = location.partition("://")[0]
    return {"backend": backend, "location": location if backend in ("sqlite", "memory") else ""}


def _problems(error: SettingsError, places: Mapping[str, SettingsTree]) -> list[dict[str, str]]:
    """Return all settings that are wrong, not only the first; without a name where nothing could be read."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return [{"name": "", "source": "", "kind": "", "reason": str(error)}]
    problems = []
    for one in cause.errors(include_input=False, include_url=False):
        name = ".".join(map(str, one["loc"]))
        source = next((place for place, tree in places.items() if lookup(tree, name) is not MISSING), "")
        problems.append({"name": name, "source": source, "kind": one["type"], "reason": reason(one)})
    return problems
