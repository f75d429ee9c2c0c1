"""Spreading the tables over a Citus cluster, once, by hand (docs/scale.md)."""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.errors import StorageError
from agent_brain_server.postgres_config import PostgresConfig
from agent_brain_server.storage.postgres.connection import single_transaction
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries

# `projects` leads; `files` before `chunks`, which refer to them.
TABLES = (
    *("index_state", "files", "chunks", "chunk_terms", "term_frequencies", "symbols", "symbol_references", "vectors"),
    *("folders", "jobs"),
)


async def distribute(config: PostgresConfig) -> bool:
    """Spread the tables by project, or those that a newer version has added; False if all are spread already.

    Raises StorageError where Citus is missing or a server has not made the tables yet.
    """
    with translated(config):
        async with single_transaction(config, Statements(load_queries(__package__)), "") as session:
            await session.run("enter_namespace")
            if not (await session.one("find_citus"))[0]:
                raise StorageError(
                    f"PostgreSQL at {where(config)} has no Citus: install it there and run CREATE EXTENSION citus "
                    "(docs/scale.md)."
                )
            if not (await session.one("count_tables"))[0]:
                raise StorageError(f"{where(config)} has no tables yet. Make them first: agent-brain start")
            spread = {name for (name,) in await session.rows("list_distributed")}
            missing = [name for name in TABLES if name not in spread]
            if missing:
                await session.run("drop_policies")
            if "projects" not in spread:
                await _spread(session)
            else:  # a newer version has made tables since
                await _spread_tables(session, missing)
            return bool(missing)


async def _spread(session: Session) -> None:
    await session.run("drop_foreign_key")
    await session.run("distribute_reference")
    await session.run("distribute_first")
    await _spread_tables(session, TABLES)
    await session.run("add_foreign_key")


async def _spread_tables(session: Session, names: Sequence[str]) -> None:
    for name in names:
        await session.run("distribute_table", name=f"agent_brain.{name}")
