"""Errors of PostgreSQL, its driver and the network, as one sentence that names the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from traceback import walk_tb

import psycopg

from agent_brain_contract.container import SERVER_VARIABLE
from agent_brain_server.errors import AgentBrainError, StorageError, StorageLoginError, StorageLostError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.checks import repeated_chunk_id

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SERIALISATION, _DEADLOCK = "40001", "40P01"
_STARTING, _SHUT_DOWN, _CRASHED, _CUT_OFF = "57P03", "57P01", "57P02", "57P05"
_LOST = {_STARTING, _SHUT_DOWN, _CRASHED, _CUT_OFF, "25P03"}
_TOO_MANY = {"53300"}
_WRONG_LOGIN = {"28P01", "28000"}
_FULL = {"53100", "53200"}
_READ_ONLY = {"25006"}
_CANCELLED = {"57014"}
_FORBIDDEN = {"42501"}
_MISSING_TABLE = {"42P01", "3F000", "42704", "42883"}
# What a server says while a connection is made comes as text alone, after a word for how severe it is.
_REFUSALS = (
    ("28P01", re.compile(r"password authentication failed|no password supplied|empty password")),
    ("28000", re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects|role .* (does not exist|is not permitted)")),
    ("28000", re.compile(r"(Peer|Ident|SCRAM|certificate|LDAP|PAM) authentication failed")),
    ("3D000", re.compile(r"database .* does not exist")),
    ("57P03", re.compile(r"the database system is|not yet accepting connections")),
    ("57P01", re.compile(r"terminating connection")),
    ("53300", re.compile(r"too many (clients|connections)|connection slots are reserved")),
    ("42501", re.compile(r"permission denied for database")),
)
_REFUSED = re.compile(r"failed: [^:\n]+:  ")  # the word is FATAL, or what the server's language has for it
_UNTRUSTED = re.compile(r"certificate verify failed|root certificate file|server certificate for")
_NO_ANSWER = re.compile(r"timeout expired|timed out")
_REASONS = (
    (re.compile("Connection refused"), "connection refused"),
    (_NO_ANSWER, "no answer in time"),
    (
        re.compile(
            "closed the connection|consuming input failed|connection is closed|connection is lost"
            "|lost synchronization|could not receive data|could not send data|Connection reset|SSL error|SSL SYSCALL"
        ),
        "connection lost",
    ),
)


class PoolTimeoutError(Exception):
    """No connection of the pool was released in time."""


@contextmanager
def translated(config: PostgresConfig) -> Iterator[None]:
    """Raise StorageError for what goes wrong with this database in the block."""
    try:
        yield
    except AgentBrainError:
        raise
    except Exception as error:
        known = isinstance(error, (psycopg.Error, PoolTimeoutError, TimeoutError))
        if not known and not _is_unread(error):
            raise
        raise translate(error, config) from error


def is_repeatable(error: BaseException) -> bool:
    """Return whether the transaction was certainly undone, and the same may succeed at once."""
    return _code(error) in (_SERIALISATION, _DEADLOCK) or _is_stale_plan(error)


def is_lost(error: BaseException) -> bool:
    """Return whether the connection is gone, or could not be had, for a reason that may pass."""
    if code := _code(error):
        return code in _LOST or code in _TOO_MANY or code.startswith("08")
    if isinstance(error, psycopg.Error):
        # Without a code it is of the driver's own: a connection, or an answer that it could not read.
        of_connection = isinstance(error, (psycopg.OperationalError, psycopg.InternalError))
        known = of_connection or type(error) in (psycopg.DatabaseError, psycopg.InterfaceError)
        return known and not _UNTRUSTED.search(str(error))
    return isinstance(error, TimeoutError) or _is_unread(error)


def has_no_space(error: BaseException) -> bool:
    """Return whether a disk or the shared memory is full."""
    return _code(error) in _FULL


def translate(error: BaseException, config: PostgresConfig) -> StorageError:
    """Return the error for a person; a StorageLostError for what may pass."""
    code, place = _code(error), where(config)
    if isinstance(error, PoolTimeoutError):
        return StorageLostError(
            f"All {config.pool_max} connections to PostgreSQL at {place} are busy: try again, or raise "
            "storage.postgres.pool_max."
        )
    if code in _WRONG_LOGIN:
        return StorageLoginError(_refused_login(place, config))
    if code in _FULL:
        return StorageLostError(
            f"PostgreSQL at {place} has no space left: free some on its disk; the job goes on by itself then."
        )
    if code in _TOO_MANY:
        return StorageLostError(
            f"PostgreSQL at {place} takes no more connections: raise its max_connections, or lower "
            "storage.postgres.pool_max."
        )
    if is_lost(error) and config.start_command:
        return StorageLostError(
            f"PostgreSQL at {place} does not answer ({_reason(error)}). Run: {config.start_command}"
        )
    if is_lost(error):
        return StorageLostError(
            f"PostgreSQL at {place} does not answer ({_reason(error)}): start it, or correct storage.url."
        )
    return _lasting(error, code, place, config)


def _refused_login(place: str, config: PostgresConfig) -> str:
    """Say where the refused password comes from, and what to do."""
    exported = os.environ.get(SERVER_VARIABLE)
    if exported and exported == config.password.get_secret_value():
        return (
            f"PostgreSQL at {place} refuses the login of {config.user}: the environment sets POSTGRES_PASSWORD, "
            "perhaps for another program, and it goes before .env.agent-brain. "
            "Run: unset POSTGRES_PASSWORD; agent-brain restart"
        )
    return (
        f"PostgreSQL at {place} refuses the login of {config.user}: correct POSTGRES_PASSWORD in .env.agent-brain, "
        "or the password in the storage URL, then run: agent-brain restart"
    )


def _lasting(error: BaseException, code: str, place: str, config: PostgresConfig) -> StorageError:
    reason = _reason(error)
    if code == "23505" and "chunk_id" in str(error):
        return repeated_chunk_id()
    if code == "3D000":
        return StorageError(
            f"PostgreSQL at {place} has no database {config.database}: create it (createdb {config.database}), or "
            "correct storage.url."
        )
    if code in _READ_ONLY:
        return StorageError(f"PostgreSQL at {place} can only be read: point storage.url at its primary server.")
    if code in _CANCELLED:
        return StorageError(f"PostgreSQL at {place} took too long and was stopped ({reason}): ask for fewer results.")
    if code in _FORBIDDEN:
        return StorageError(
            f"PostgreSQL at {place} does not let {config.user} do this ({reason}): let its owner run "
            f"GRANT CREATE ON DATABASE {config.database} TO {config.user} (if setup made its "
            "container: agent-brain db up)"
        )
    if code in _MISSING_TABLE:
        return StorageError(
            f"PostgreSQL at {place} lacks tables of Agent Brain, or has changed ones ({reason}). "
            "The server creates them when it starts: agent-brain restart"
        )
    return StorageError(f"PostgreSQL at {place} reports an error: {reason}. See: agent-brain doctor")


def where(config: PostgresConfig) -> str:
    """Return the server and the database, as people write them."""
    if config.host.startswith("/"):
        return f"{config.host}/{config.database}"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{host}:{config.port}/{config.database}"


def _is_unread(error: BaseException) -> bool:
    """Return whether the driver could not read what came: it then raises any error of its parser, as IndexError."""
    if isinstance(error, (psycopg.Error, PoolTimeoutError)):
        return False
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return bool(files) and not {"psycopg", "pgvector"}.isdisjoint(PurePath(files[-1]).parts)


def _code(error: BaseException) -> str:
    """Return the SQLSTATE, also of what a server said while a connection to it was made."""
    if not isinstance(error, psycopg.Error):
        return ""
    if error.sqlstate:
        return error.sqlstate
    said = str(error)
    if not isinstance(error, psycopg.OperationalError) or not _REFUSED.search(said):
        return ""
    for code, pattern in _REFUSALS:
        if pattern.search(said):
            return code
    driver = error.pgconn
    return "28P01" if driver is not None and driver.used_password else ""


def _is_stale_plan(error: BaseException) -> bool:
    """Return whether another server changed a table: the driver has forgotten its plan by now."""
    return isinstance(error, psycopg.errors.FeatureNotSupported) and "cached plan" in str(error)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if _is_unread(error):
        return "connection lost"
    said = str(error)
    if isinstance(error, psycopg.Error) and not error.sqlstate:
        for pattern, reason in _REASONS:
            if pattern.search(said):
                return reason
        said = _REFUSED.split(said)[-1].rpartition("failed: ")[2]
    return " ".join(said.split()).rstrip(".") or type(error).__name__
