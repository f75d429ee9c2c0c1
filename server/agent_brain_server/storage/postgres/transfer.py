"""A project in a PostgreSQL database as an endpoint of a copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import ConflictError, StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import ledger
from agent_brain_server.storage.postgres.alone import Alone, single_session
from agent_brain_server.storage.postgres.driver import enter
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.schema import SCHEMA_VERSION, check_server, prepare_project, prepare_tables
from agent_brain_server.storage.postgres.session import SNAPSHOT, Session, Statements
from agent_brain_server.storage.postgres.snapshot import PostgresSnapshot
from agent_brain_server.storage.postgres.target import PostgresTarget
from agent_brain_server.storage.queries import load_queries
from agent_brain_server.storage.transfer import Entry, Project, TargetState, admit, other_schema

# Columns that `Project` carries; all others are in TABLES under their own names, or here below with the reason.
PROJECT_COLUMNS = frozenset(
    {
        *(f"projects.{name}" for name in ("tokenizer_version", "next_job")),
        *(f"projects.embedding_{name}" for name in ("name", "dimensions", "tokenizer")),
        *(f"index_state.{name}" for name in ("generation", "next_row", "embedded_texts")),
    }
)
EXCLUDED: Mapping[str, str] = {
    ".project_id": "says whose row it is, and the target has one project",
    "meta": "belongs to all projects of the database; the application makes it",
    "projects.instance": "names one copy",
    "index_state.next_file": "one more than the highest id",
    "index_state.chunks": "counted while copying",
    "index_state.terms": "counted while copying",
    "index_state.vectors": "counted while copying",
    "index_state.writer": "the lease is the copy's own",
    "index_state.writer_until": "the lease is the copy's own",
    "unfinished_copies": "says how far a copy is",
    "project_roles": "says who may use the project in this database",
    "chunk_terms": "made of the chunks",
    "term_frequencies": "made of the chunks",
}


class PostgresEndpoint:
    """The project `project_id` in the database that `config` names."""

    def __init__(self, config: PostgresConfig, project_id: str) -> None:
        self._config = config
        self._project_id = project_id
        self._statements = Statements(load_queries(__package__))

    def describe(self) -> str:
        return f"postgresql {where(self._config)}"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[PostgresSnapshot]:
        async with self._connected() as alone:
            with translated(self._config):
                project = await alone.run(self._begin_reading)
            yield PostgresSnapshot(self._config, alone, project)

    def _begin_reading(self, session: Session) -> Project:
        """Begin the transaction of a snapshot, which lasts as long as its connection."""
        self._enter(session)
        session.begin(SNAPSHOT)
        there = session.one("find_namespace")[0] and session.one("count_tables")[0]
        if there and (version := session.one("select_meta")[0]) != SCHEMA_VERSION:
            raise other_schema(self.describe(), version, SCHEMA_VERSION)
        found = session.first("describe_project") if there else None
        if found is None:
            raise StorageError(
                f"{where(self._config)} holds no index of this project. Correct the URL, or make one: "
                "agent-brain index --wait"
            )
        ledger.refuse_unfinished(session, self.describe(), discard=False)
        instance, generation, tokenizer_version, name, dimensions, tokenizer, *counters = found
        return Project(instance, generation, tokenizer_version, EmbeddingModel(name, dimensions, tokenizer), *counters)

    def _enter(self, session: Session) -> None:
        enter(session.connection, self._statements, self._project_id)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Alone]:
        async with AsyncExitStack() as stack:
            with translated(self._config):
                session = single_session(self._config, self._statements, self._project_id)
                alone = await stack.enter_async_context(session)
            yield alone

    async def check(self, project: Project, source: str, entry: Entry) -> TargetState:
        """Do all of the beginning, and undo it."""
        async with self._connected() as alone:
            with translated(self._config):
                return await alone.run(lambda session: self._begin(session, project, source, entry, keep=False))

    @asynccontextmanager
    async def writing(self, project: Project, source: str, entry: Entry) -> AsyncIterator[PostgresTarget]:
        async with self._connected() as alone:
            with translated(self._config):
                found = await alone.run(lambda session: self._begin(session, project, source, entry, keep=True))
                await alone.run(self._enter)
            yield PostgresTarget(self._config, alone, found.checkpoints)

    def _begin(self, session: Session, project: Project, source: str, entry: Entry, *, keep: bool) -> TargetState:
        """Make the tables, take the right to write and make the ledger, in one transaction; return what was there."""
        self._enter(session)
        if not session.one("lock_copy")[0]:
            raise ledger.running(self.describe())
        with session.transaction():
            session.run("lock_schema")
            check_server(session, self._config)
            prepare_tables(session, self._config)
            found = ledger.find(session)
            admit(self.describe(), found, source, entry)
            if found.source is not None and entry == "start-over":
                ledger.throw_away(session)
            model = project.model
            prepare_project(session, self._config, model, project.tokenizer_version, discard=False)
            self._hold_writing(session)
            if not keep:
                session.roll_back()
            elif found.source is None or entry == "start-over":
                ledger.begin(session, source)
                return ledger.find(session)
            return found

    def _hold_writing(self, session: Session) -> None:
        if not session.run("hold_writing").rowcount:
            raise ConflictError(
                f"A worker is indexing this project in {where(self._config)}. Stop it, or cancel its job (agent-brain "
                "jobs), then copy."
            )
