"""Connections of the driver's own: how they are made, whose rows they show, and how they are cut off from outside."""

from __future__ import annotations

import os
import random
import selectors
import socket
import time
from contextlib import suppress

import psycopg
from psycopg.types import TypeInfo

from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.session import Row, Session, Statements

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 30
CANCEL_SECONDS = 2.0

Connection = psycopg.Connection[Row]
_SELECTOR = getattr(selectors, "PollSelector", selectors.SelectSelector)


def connect(config: PostgresConfig, *, statement_seconds: int = STATEMENT_SECONDS) -> Connection:
    """Return a connection, each of whose statements is a transaction unless one is begun; 0 seconds set no bound."""
    local = config.host.startswith("/")
    return psycopg.connect(
        host=config.host,
        hostaddr="",  # else the environment might send us to another server than the settings
        port=config.port,
        user=config.user,
        password=config.password.get_secret_value() or None,
        dbname=config.database,
        sslmode="disable" if local else config.ssl_mode,
        gssencmode="disable",
        connect_timeout=CONNECT_SECONDS,
        client_encoding="utf8",
        application_name="agent-brain",
        # Statements are short: compiling them takes longer than running them, and a plan for any values misses what
        # these very values would allow.
        options=f"-c statement_timeout={statement_seconds:d}s -c jit=off -c plan_cache_mode=force_custom_plan",
        autocommit=True,
        cursor_factory=psycopg.RawCursor,
    )


def enter(connection: Connection, statements: Statements, project_id: str) -> None:
    """Enter our tables' schema as this project, whose rows alone the policies show, and let the driver read and write
    vectors where pgvector is there.

    A connection serves one project from its first statement to its last, so that the setting holds in each of its
    transactions without a round trip for each.
    """
    from pgvector.psycopg.vector import register_vector_info

    *_, vector, vectors = Session(connection, statements, project_id).one("enter_namespace")
    if vector is not None:
        # pgvector's own `register_vector` asks for four types, three statements each: a third of connecting.
        register_vector_info(connection, TypeInfo("vector", vector, vectors))


def is_alive(connection: Connection, seconds: float) -> bool:
    """Send an empty query; return whether the server has answered within so many seconds."""
    deadline = time.monotonic() + seconds
    driver = connection.pgconn
    try:
        driver.send_query(b"")
        driver.flush()
        while True:
            while driver.is_busy():
                left = deadline - time.monotonic()
                if left <= 0 or not is_readable(connection, left):
                    return False
                driver.consume_input()
            if (result := driver.get_result()) is None:
                return driver.status == psycopg.pq.ConnStatus.OK
            if result.status != psycopg.pq.ExecStatus.EMPTY_QUERY:
                return False
    except (psycopg.Error, OSError, ValueError):
        return False


def has_news(connection: Connection) -> bool:
    """Return whether the server has sent something on an idle connection: most often that it ends it."""
    try:
        return is_readable(connection, 0)
    except (psycopg.Error, OSError, ValueError):
        return True


def is_readable(connection: Connection, seconds: float) -> bool:
    """Wait until the server has sent something; return whether it has within so many seconds."""
    with _SELECTOR() as selector:
        selector.register(connection.pgconn.socket, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def cut_off(connection: Connection) -> None:
    """End the connection from any thread: the one that waits for an answer on it gets an error at once."""
    with suppress(psycopg.Error, OSError, ValueError):
        taken = socket.socket(fileno=os.dup(connection.fileno()))
        with taken:
            taken.shutdown(socket.SHUT_RDWR)


def cancel(connection: Connection) -> None:
    """Ask the server, from any thread, to end the statement that it runs on this connection."""
    with suppress(psycopg.Error, OSError):
        connection.cancel_safe(timeout=CANCEL_SECONDS)


def backoff(attempt: int, first: float) -> float:
    """Return seconds to wait after this attempt (from 1): doubled each time, between half and all of it by chance."""
    return first * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311  # no secret is made of it
