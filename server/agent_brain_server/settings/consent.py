"""What of the settings needs the person's consent: what a file of the project decides and is not harmless."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from agent_brain_contract.consent import (
    EMBEDDING,
    FOLDER,
    STORAGE,
    Demand,
    Record,
    files_digest,
    find_record,
    save_record,
    token_hash,
)
from agent_brain_contract.envfile import read_env
from agent_brain_contract.errors import ContractError
from agent_brain_contract.identity import new_id, read_id, write_id
from agent_brain_contract.ownership import require_safe_state
from agent_brain_contract.paths import ENV_FILE, STATE_DIRECTORY, TOKEN_VARIABLE
from agent_brain_contract.tracking import require_untracked_state
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.folder_consent import outside_folder
from agent_brain_server.settings.model import Settings, find_sources, read_settings
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url
from agent_brain_server.settings.sources import (
    ENVIRONMENT,
    ProjectFiles,
    SettingsTree,
    database_variable,
    source_of,
)

_CONNECTION = tuple(f"storage.postgres.{name}" for name in ("host", "port", "database", "user"))
_SSL_MODE = "storage.postgres.ssl_mode"


def load_settings(project_root: Path, *, port: int | None = None) -> Settings:
    """Return the settings of the project at `project_root`; arguments are flags and win.

    The project's id is written into its state where there is none yet. Raise SettingsError naming the setting, or the
    value in a file of the project that the person has not accepted.
    """
    root = project_root.absolute()
    try:
        require_safe_state(root)
        require_untracked_state(root)
        record = find_record(root)
        settings = _accepted_settings(ProjectFiles(root), record, port)
        if record is not None:
            _remember_checked(root, record)
        return settings.model_copy(update={"project_id": settings.project_id or _identity(root, record)})
    except ContractError as error:
        raise SettingsError(str(error)) from error


def find_demands(
    settings: Settings, files: ProjectFiles, found: Mapping[str, SettingsTree], *, environment: bool = True
) -> list[Demand]:
    """Return what the files of the project decide of where text goes, where the index is and what is read outside."""
    return [
        *_embedding(settings, found),
        *_storage(settings, files, found, environment),
        *_folders(settings, found),
    ]


def _accepted_settings(files: ProjectFiles, record: Record | None, port: int | None) -> Settings:
    found = find_sources(files)
    settings = read_settings(files, found, port=port)
    _require_own_token(settings, found, record)
    for demand in _effective(files, find_demands(settings, files, found)):
        if record is None or not record.accepts(demand.kind, demand.value):
            raise SettingsError(demand.sentence())
    return settings


def _effective(files: ProjectFiles, demands: list[Demand]) -> list[Demand]:
    """Return what the files alone ask for of the kinds in `demands`: what setup shows knows no environment."""
    if not demands:
        return []
    kinds = {demand.kind for demand in demands}
    alone = [demand for demand in demands_of_files(files) if demand.kind in kinds]
    return alone or demands


def demands_of_files(files: ProjectFiles) -> list[Demand]:
    """Return what the files ask for without this process's environment. Raise SettingsError."""
    found = find_sources(files, environment=False)
    settings = read_settings(files, found, environment=False)
    return find_demands(settings, files, found, environment=False)


def _require_own_token(settings: Settings, found: Mapping[str, SettingsTree], record: Record | None) -> None:
    source = source_of(found, "token")
    if source in ("", ENVIRONMENT):
        return
    if record is None:
        root = settings.project_root
        raise SettingsError(f"{root} is not set up here, so its {source} is not used. Run: agent-brain setup")
    if record.token != token_hash(settings.token.get_secret_value()):
        raise SettingsError(f"{source} sets AGENT_BRAIN_TOKEN to another token than setup made. Run: agent-brain setup")


def _embedding(settings: Settings, found: Mapping[str, SettingsTree]) -> Iterator[Demand]:
    source = source_of(found, "embedding.base_url")
    if settings.embedding.provider == "openai-compatible" and source not in ("", ENVIRONMENT):
        yield Demand(EMBEDDING, source, "embedding.base_url", shown_address(settings.embedding.base_url))


def shown_address(url: str) -> str:
    """Return the address without what may be a secret: no user, no password, no query."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
    except ValueError:
        return "an address that cannot be read"


def _storage(
    settings: Settings, files: ProjectFiles, found: Mapping[str, SettingsTree], environment: bool
) -> Iterator[Demand]:
    url = source_of(found, "storage.url")
    location = settings.storage.location
    if not is_postgres_url(location):
        if url not in ("", ENVIRONMENT) and (chosen := _chosen_file(location, files.root)):
            yield Demand(STORAGE, url, "storage.url", chosen)
        return
    key, source = _storage_source(found, files, environment)
    if source != ENVIRONMENT:
        yield Demand(STORAGE, source, key, database_address(location, settings.storage.postgres))


def _storage_source(found: Mapping[str, SettingsTree], files: ProjectFiles, environment: bool) -> tuple[str, str]:
    """Return what decides where the database is, a file before the environment: the key and its place."""
    variable = database_variable("DATABASE_URL", files, environment=environment)[1]
    if url := source_of(found, "storage.url"):
        deciding = [("storage.url", url)]
    elif variable:
        deciding = [("DATABASE_URL", variable)]
    else:
        deciding = [(name, source) for name in _CONNECTION if (source := source_of(found, name))]
        deciding = deciding or [("storage.postgres", source_of(found, "storage.postgres"))]
    if mode := source_of(found, _SSL_MODE):
        deciding.append((_SSL_MODE, mode))
    return next(((key, source) for key, source in deciding if source != ENVIRONMENT), deciding[0])


def database_address(url: str, tuning: PostgresConfig | None = None) -> str:
    """Return the address of a database without its password: who, where, which, how encrypted."""
    return PostgresConfig.from_url(url, tuning).with_password("").url()


def _chosen_file(location: str, root: Path) -> str:
    """Return the URL of a SQLite file that is not the one that setup makes, empty for that one."""
    scheme, _, rest = location.partition(":///")
    if scheme != "sqlite":
        return ""
    path, own = Path(os.path.realpath(root / unquote(rest))), root.resolve()
    if path == own / STATE_DIRECTORY / "index.db":
        return ""
    # By its place in the project, which may be moved.
    return f"sqlite:///{path.relative_to(own) if path.is_relative_to(own) else path}"


def _folders(settings: Settings, found: Mapping[str, SettingsTree]) -> Iterator[Demand]:
    source = source_of(found, "index.folders")
    if source in ("", ENVIRONMENT):
        return
    for folder in settings.index.folders:
        if outside := outside_folder(settings.project_root, folder):
            yield Demand(FOLDER, source, "index.folders", outside)


def _remember_checked(root: Path, record: Record) -> None:
    """Note the files as they are, if they alone, without this process's environment, set only what is accepted."""
    digest = files_digest(root)
    if record.checked == digest:
        return
    try:
        demands = demands_of_files(ProjectFiles(root))
    except SettingsError:
        return
    token = read_env(root / ENV_FILE).get(TOKEN_VARIABLE, "")
    if record.token == token_hash(token) and all(record.accepts(one.kind, one.value) for one in demands):
        save_record(root, replace(record, checked=digest))


def _identity(root: Path, record: Record | None) -> str:
    claimed = record.project_id if record else read_id(root)
    if not claimed:
        claimed = new_id()
        write_id(root, claimed)
    return claimed
