"""Spreading the tables over a Citus cluster, once, by hand (docs/scale.md)."""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.errors import StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries

# `projects` leads; `files` before `chunks`, which refer to them.
TABLES = (
    *("index_state", "files", "chunks", "chunk_terms", "term_frequencies", "symbols", "symbol_references", "vectors"),
    *("folders", "jobs"),
)


async def distribute(config: PostgresConfig) -> bool:
    """Spread the tables by project, or those that a newer version has added; return False if all are spread.

    Raise StorageError where Citus is missing or a server has not made the tables yet.
    """
    with translated(config):
        statements = Statements(load_queries(__package__))
        return await single_transaction(config, statements, "", lambda session: _distribute(session, config))


def _distribute(session: Session, config: PostgresConfig) -> bool:
    session.run("enter_namespace")
    if not session.one("find_citus")[0]:
        raise StorageError(
            f"PostgreSQL at {where(config)} has no Citus: install it there and run CREATE EXTENSION citus "
            "(docs/scale.md)."
        )
    if not session.one("count_tables")[0]:
        raise StorageError(f"{where(config)} has no tables yet. Make them first: agent-brain start")
    spread = {name for (name,) in session.rows("list_distributed")}
    missing = [name for name in TABLES if name not in spread]
    if missing:
        session.run("drop_policies")
    if "projects" not in spread:
        _spread(session)
    else:  # a newer version has made tables since
        _spread_tables(session, missing)
    return bool(missing)


def _spread(session: Session) -> None:
    session.run("drop_foreign_key")
    session.run("distribute_reference")
    session.run("distribute_first")
    _spread_tables(session, TABLES)
    session.run("add_foreign_key")


def _spread_tables(session: Session, names: Sequence[str]) -> None:
    for name in names:
        session.run("distribute_table", name=f"agent_brain.{name}")
