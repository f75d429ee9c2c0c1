"""Reaching the database at start, making or moving on its tables, and refusing what this version cannot serve."""

from __future__ import annotations

import re
import time
from importlib.resources import files

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import EmbeddingMismatchError, SchemaVersionError, StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.checks import REINDEX, log_emptied, mismatched_model
from agent_brain_server.storage.postgres.failures import where
from agent_brain_server.storage.postgres.folders import list_folders
from agent_brain_server.storage.postgres.index import empty_content
from agent_brain_server.storage.postgres.jobs import add_job
from agent_brain_server.storage.postgres.ledger import refuse_unfinished
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.rows import new_identity

SCHEMA_VERSION = 3
OLDEST_SERVER = 150_000
OLDEST_PGVECTOR = (0, 8, 4)
OWNER_VARIABLE = "AGENT_BRAIN_OWNER_URL"
UNSIZED = EmbeddingModel("", 0)


def prepare_schema(
    session: Session, config: PostgresConfig, model: EmbeddingModel, tokenizer_version: str, discard: bool
) -> None:
    """Make the tables of a new database or check those of an old one, and this project's row in it; see `create_store`.

    In a transaction of the caller's, and one server at a time. Raises StorageError, SchemaVersionError or
    EmbeddingMismatchError.
    """
    session.run("lock_schema")
    check_server(session, config)
    prepare_tables(session, config)
    _refuse_other_project(session, config)
    refuse_unfinished(session, f"postgresql {where(config)}", discard)
    prepare_project(session, config, model, tokenizer_version, discard)


def _refuse_other_project(session: Session, config: PostgresConfig) -> None:
    if not session.one("may_use_project")[0]:
        raise StorageError(
            f"{config.user} may not use the project {session.project_id} in {where(config)}. Set {OWNER_VARIABLE} to "
            "the URL of the tables' owner, then run: agent-brain storage grant (if setup made its "
            "container: agent-brain "
            "setup --yes, then agent-brain db up)"
        )


def check_server(session: Session, config: PostgresConfig) -> None:
    """Refuse a server that lacks what the index needs, and enter our schema. Adds pgvector where it may."""
    (version,) = session.one("find_server_version")
    if version < OLDEST_SERVER:
        raise StorageError(
            f"PostgreSQL at {where(config)} is version {version // 10_000}, Agent Brain needs 15 or newer: upgrade it."
        )
    found = session.first("find_extension")
    if found is None:
        _create_extension(session, config)
        found = session.one("find_extension")
    if tuple(int(part) for part in re.findall(r"\d+", found[0])[:3]) < OLDEST_PGVECTOR:
        raise StorageError(
            f"PostgreSQL at {where(config)} has pgvector {found[0]}, Agent Brain needs 0.8.4 or newer: install it, "
            "then run in the database: ALTER EXTENSION vector UPDATE"
        )
    session.run("enter_namespace")


def _create_extension(session: Session, config: PostgresConfig) -> None:
    try:
        session.run("create_extension")
    except Exception as error:
        code = getattr(error, "sqlstate", "")
        if code in ("0A000", "58P01"):
            raise StorageError(
                f"PostgreSQL at {where(config)} has no pgvector: install it on the server (the package "
                "postgresql-NN-pgvector, or the image pgvector/pgvector)."
            ) from error
        if code == "42501":
            raise StorageError(
                f"{config.user} may not add pgvector to {where(config)}: let a superuser run there: "
                "CREATE EXTENSION vector"
            ) from error
        raise


def prepare_tables(session: Session, config: PostgresConfig) -> None:
    """Make the tables, or lead those of an older version to this one."""
    (known,) = session.one("find_namespace")
    if not known:
        session.run("create_namespace")
    (tables,) = session.one("count_tables")
    if not tables:
        create_tables(session)
        return
    stored, *_ = session.one("select_meta")
    if stored > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"{where(config)} was written by a newer Agent Brain (schema {stored}, this one knows {SCHEMA_VERSION}). "
            "Upgrade agent-brain, or use another database.",
            stored=stored,
        )
    if stored < SCHEMA_VERSION:
        _refuse_other_owner(session, config, stored)
        migrate(session, stored)


def _refuse_other_owner(session: Session, config: PostgresConfig, stored: int) -> None:
    owns, owner = session.one("find_owner")
    if not owns:
        raise SchemaVersionError(
            f"{where(config)} has tables of an older version ({stored}, needed: {SCHEMA_VERSION}), "
            f"and {config.user} may not "
            f"change tables. Set {OWNER_VARIABLE} to the URL of their owner, {owner}, then run: agent-brain storage "
            "prepare (if setup made its container: agent-brain db up)",
            stored=stored,
        )


def create_tables(session: Session) -> None:
    """Create all tables as this version has them."""
    for name in session.statements.names("create_"):
        if name not in ("create_namespace", "create_extension", "create_vector_index", "create_halfvec_index"):
            session.run(name)
    session.run("insert_meta", schema_version=SCHEMA_VERSION)


def migrations() -> dict[int, str]:
    """Return the statements to each schema version from the one before; those of version 1 from an empty schema."""
    found = files(__package__).joinpath("migrations").iterdir()
    return {int(entry.name[:4]): entry.read_text(encoding="utf-8") for entry in found if entry.name.endswith(".sql")}


def migrate(session: Session, stored: int) -> None:
    """Migrate the tables from the version `stored` to this one, in order, inside of the caller's transaction."""
    steps = migrations()
    session.run("see_all_projects", seen="on")
    for version in range(stored + 1, SCHEMA_VERSION + 1):
        for statement in split_statements(steps[version]):
            session.execute(statement)
        session.run("advance_schema", schema_version=version)
    for (role,) in session.rows("list_roles"):  # none but the owner may grant what a new table is for
        session.run_written("write_grants", role=role)
    session.run("see_all_projects", seen="off")


def split_statements(script: str) -> list[str]:
    """Split a migration into statements: each ends in a semicolon at a line's end, but not inside of $$ … $$."""
    found = re.findall(r"((?:\$\$.*?\$\$|.)+?)(?:;[ \t]*$|\Z)", script, flags=re.MULTILINE | re.DOTALL)
    return [statement for statement in found if statement.strip()]


def prepare_project(
    session: Session, config: PostgresConfig, model: EmbeddingModel, tokenizer_version: str, discard: bool
) -> None:
    """Make the project's row, or check it; see `create_store` for `discard`."""
    stored = session.first("select_project")
    if stored is None:
        session.run("insert_project", **new_identity(model, tokenizer_version))
        session.run("insert_index_state")
    elif discard:
        _begin_again(session, EmbeddingModel(*stored[2:]), model, tokenizer_version)
    elif tuple(stored[1:]) != (tokenizer_version, model.name, model.dimensions, model.tokenizer):
        _replace_model(session, config, EmbeddingModel(*stored[2:]), model, tokenizer_version)
    if model.dimensions:
        _size_vectors(session, config, model)


def _begin_again(session: Session, old: EmbeddingModel, model: EmbeddingModel, tokenizer_version: str) -> None:
    """Empty the project, of any version and model. Vectors of this model stay, so that no text is embedded twice."""
    # First, as every write does: a write that runs now ends before or not at all.
    session.run("clear_lease")
    session.run("replace_project", **new_identity(model, tokenizer_version))
    empty_content(session, vectors=old != model)


def _replace_model(
    session: Session, config: PostgresConfig, old: EmbeddingModel, model: EmbeddingModel, tokenizer_version: str
) -> None:
    """Take on another tokenizer, and another model where the project has nothing of the old one's.

    Vectors stay when the project is emptied for another tokenizer, so that no text is embedded a second time, and a job
    is queued.
    """
    has_chunks, has_vectors = session.one("find_content")
    if old != model and (has_chunks or has_vectors):
        raise mismatched_model(old, model)
    session.run("replace_project", **new_identity(model, tokenizer_version))
    if has_chunks:
        # First, as every write does: a write that runs now, in the old way, ends before or not at all.
        session.run("clear_lease")
        empty_content(session, vectors=False)
        job = add_job(session, [], force=False, now=time.time()) if list_folders(session) else None
        log_emptied(f"postgresql {where(config)}", job)


def _size_vectors(session: Session, config: PostgresConfig, model: EmbeddingModel) -> None:
    """Set the dimensions of the vectors: one database holds those of one model, in one column for all projects."""
    _, name, dimensions, tokenizer = session.one("select_meta")
    stored = EmbeddingModel(name, dimensions, tokenizer)
    if stored == model:
        return
    identity = new_identity(model, "")
    (holder,) = session.one("replace_model", **{key: identity[key] for key in identity if key.startswith("embedding_")})
    if holder == "others":
        raise EmbeddingMismatchError(
            f"Other projects in {where(config)} use the embedding {stored.name} ({stored.dimensions} dimensions), but "
            f"the settings say {model.name} ({model.dimensions}). Use the same one here, or another database "
            f"(storage.url), then run: {REINDEX}",
            stored=stored.name,
            asked=model.name,
        )
    if holder == "own":
        raise mismatched_model(stored, model)
