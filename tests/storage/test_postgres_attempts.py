"""A write that is tried again: only the attempt whose commit may have arrived leaves open whether it did."""

from __future__ import annotations

import psycopg
import pytest

from agent_brain_server.errors import StorageLostError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres import connection
from agent_brain_server.storage.postgres.connection import Database
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries
from support.postgres import DatabaseServer

STATEMENTS = Statements(load_queries("agent_brain_server.storage.postgres"))
DEFERRED = """
CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number = 1 THEN
        RAISE EXCEPTION 'another transaction was first' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END $$;
CREATE TABLE written (number integer);
CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON written DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fail_once();
"""


@pytest.fixture
async def config(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> PostgresConfig:
    monkeypatch.setattr(connection, "FIRST_PAUSE_SECONDS", 0.01)
    config = PostgresConfig.from_url(postgres_url)
    DatabaseServer(config).psql(DEFERRED)
    return config


async def test_a_commit_that_was_refused_leaves_the_next_attempt_repeatable(config: PostgresConfig) -> None:
    """The second attempt loses its connection before its commit, so nothing of it was written: a third is safe."""
    database = Database(config, STATEMENTS, "p")
    attempts = 0

    def work(session: Session) -> int:
        nonlocal attempts
        attempts += 1
        session.execute(f"INSERT INTO written VALUES ({attempts})")
        if attempts == 2:
            raise psycopg.OperationalError("the connection is lost")
        return attempts

    try:
        assert await database.write(work) == 3
    finally:
        await database.close()


async def test_a_commit_whose_answer_is_lost_is_not_tried_again(
    config: PostgresConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(config, STATEMENTS, "p")
    attempts = 0

    def lost(*_: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    def work(session: Session) -> None:
        nonlocal attempts
        attempts += 1
        monkeypatch.setattr(Session, "commit", lost)

    try:
        with pytest.raises(StorageLostError):
            await database.write(work)
        assert attempts == 1
    finally:
        await database.close()
