"""The one switch: the URL of the settings decides which backend holds the index."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from agent_brain_contract.defaults import SIDE_FILES
from agent_brain_contract.paths import location_id
from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.postgres import PostgresConfig, is_postgres_url
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.transfer import CopyEndpoint

ACCEPTED = "sqlite:///relative/or/absolute/path, postgresql://user:password@host:port/database and memory://"


def create_store(
    url: str,
    project_root: Path,
    model: EmbeddingModel,
    tokenizer_version: str,
    *,
    project_id: str = "",
    discard: bool = False,
    postgres: PostgresConfig | None = None,
) -> Store:
    """Return the store that `url` names, not opened yet. Raise SettingsError for a URL that no backend knows.

    `project_id` keeps the project's rows apart in a shared database, the id of its location where none is given.
    With `discard`, `open` begins the index again, also one of another version or model and a damaged file: its folders
    stay, and so do the vectors that are whole and of this model.
    `postgres` holds what a PostgreSQL URL does not say: the sizes of the pool and of the indexes.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        shown = url.rpartition("@")[2]  # what comes before may be a password
        raise SettingsError(f"The storage URL {shown!r} is not a URL; accepted are {ACCEPTED}.")
    project_id = project_id or location_id(project_root)
    if scheme == "memory":
        return _memory(rest, model, tokenizer_version)
    if scheme == "sqlite":
        return _sqlite(rest, project_root, model, tokenizer_version, discard)
    if is_postgres_url(url):
        return _postgres(
            PostgresConfig.from_url(url, postgres),
            project_id,
            model,
            tokenizer_version,
            discard,
        )
    raise SettingsError(f"The storage scheme {scheme}:// is not known; accepted are {ACCEPTED}.")


def create_endpoint(
    url: str, project_root: Path, *, project_id: str = "", postgres: PostgresConfig | None = None
) -> CopyEndpoint:
    """Return the endpoint of a copy that `url` names. Raise SettingsError for a URL that nothing can be copied to."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from agent_brain_server.storage.sqlite.transfer import SqliteEndpoint

        return SqliteEndpoint(_sqlite_path(rest, project_root).resolve(), project_root)
    if is_postgres_url(url):
        from agent_brain_server.storage.postgres.transfer import PostgresEndpoint

        return PostgresEndpoint(PostgresConfig.from_url(url, postgres), project_id or location_id(project_root))
    raise SettingsError("An index is copied between sqlite:/// and postgresql:// URLs.")


async def distribute_tables(url: str, *, postgres: PostgresConfig | None = None) -> bool:
    """Spread the tables of the database over its Citus cluster; return False if they are already.

    Raise SettingsError for a URL that is not PostgreSQL's, and StorageError where Citus is missing.
    """
    if not is_postgres_url(url):
        raise SettingsError("Only tables in PostgreSQL can be distributed; storage.url names something else.")
    from agent_brain_server.storage.postgres.distribute import distribute

    return await distribute(PostgresConfig.from_url(url, postgres))


async def prepare_tables(url: str, *, postgres: PostgresConfig | None = None) -> None:
    """Make the tables of the database, or lead them to this version, as their owner."""
    from agent_brain_server.storage.postgres.roles import prepare

    await prepare(PostgresConfig.from_url(url, postgres))


async def grant_project(
    url: str, project: str, password: str = "", *, postgres: PostgresConfig | None = None
) -> PostgresConfig:
    """Make the project's role, or change its password, to a random one where none is given: the value is how it
    connects.
    """
    from agent_brain_server.storage.postgres.roles import grant

    return await grant(PostgresConfig.from_url(url, postgres), project, password)


async def revoke_project(url: str, project: str, *, postgres: PostgresConfig | None = None) -> bool:
    """Take the project's role its rights; False if there is none."""
    from agent_brain_server.storage.postgres.roles import revoke

    return await revoke(PostgresConfig.from_url(url, postgres), project)


def require_postgres(url: str) -> None:
    """Raise SettingsError unless `url` is PostgreSQL's."""
    if not is_postgres_url(url):
        raise SettingsError("Only PostgreSQL has owners and roles; the storage URL names something else.")


def _memory(rest: str, model: EmbeddingModel, tokenizer_version: str) -> Store:
    from agent_brain_server.storage.memory.store import MemoryStore

    if rest:
        raise SettingsError("The storage URL memory:// takes nothing behind it.")
    return MemoryStore(model, tokenizer_version)


def _sqlite(rest: str, project_root: Path, model: EmbeddingModel, tokenizer_version: str, discard: bool) -> Store:
    from agent_brain_server.storage.sqlite.store import SqliteStore

    return SqliteStore(_sqlite_path(rest, project_root), model, tokenizer_version, discard=discard, root=project_root)


def sqlite_file(url: str, project_root: Path) -> Path | None:
    """Return the file that holds the index of `url`, None where no file does."""
    scheme, _, rest = url.partition("://")
    return _sqlite_path(rest, project_root) if scheme == "sqlite" else None


def files_of_index(url: str, project_root: Path) -> list[Path]:
    """Return the real paths of the file that holds the index of `url`, if any, and of the files added to it."""
    if (file := sqlite_file(url, project_root)) is None:
        return []
    file = file.resolve()
    added = [file.with_name(f"{file.name}{suffix}") for suffix in (*SIDE_FILES, ".new")]
    return [file, *added, *map(file.with_suffix, (".vectors", ".vectors.cache"))]


def _sqlite_path(rest: str, project_root: Path) -> Path:
    if not rest.startswith("/"):
        raise SettingsError(f"A SQLite storage URL has three slashes before its path; accepted are {ACCEPTED}.")
    path = unquote(rest[1:])
    if not path or path.endswith("/") or "?" in rest or "\0" in path or path == ":memory:":
        raise SettingsError(f"The storage URL sqlite://{rest} names no file; accepted are {ACCEPTED}.")
    return project_root / path


def _postgres(
    config: PostgresConfig, project_id: str, model: EmbeddingModel, tokenizer_version: str, discard: bool
) -> Store:
    from agent_brain_server.storage.postgres.store import PostgresStore

    return PostgresStore(config, project_id, model, tokenizer_version, discard=discard)
