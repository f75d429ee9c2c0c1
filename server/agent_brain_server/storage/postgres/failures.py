"""What PostgreSQL, its driver and the network say, as one sentence that names the fix."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from ssl import SSLCertVerificationError
from traceback import walk_tb

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from agent_brain_contract.container import SERVER_VARIABLE
from agent_brain_server.errors import AgentBrainError, StorageError, StorageLoginError, StorageLostError
from agent_brain_server.postgres_config import PostgresConfig
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
# The second is what the driver raises after a connection was lost in the middle of a COPY: it thinks that it goes on.
_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError)


@contextmanager
def translated(config: PostgresConfig) -> Iterator[None]:
    """Raise StorageError for what goes wrong with this database in the block."""
    try:
        yield
    except AgentBrainError:
        raise
    except Exception as error:
        known = isinstance(error, (SQLAlchemyError, asyncpg.PostgresError, *_DRIVER, OSError, TimeoutError))
        if not known and not _is_unread(error):
            raise
        raise translate(error, config) from error


def is_repeatable(error: BaseException) -> bool:
    """Whether the transaction was certainly undone, and the same may succeed at once."""
    return _code(error) in (_SERIALISATION, _DEADLOCK) or _is_stale_plan(error)


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or could not be had, for a reason that may pass."""
    if isinstance(error, PoolTimeoutError):
        return False
    code = _code(error)
    if code:
        return code in _LOST or code in _TOO_MANY or code.startswith("08")
    cause = _cause(error)
    if isinstance(cause, (OSError, TimeoutError, *_DRIVER)):
        return not isinstance(cause, SSLCertVerificationError)
    return _is_unread(cause)


def has_no_space(error: BaseException) -> bool:
    """Whether a disk or the shared memory is full."""
    return _code(error) in _FULL


def translate(error: BaseException, config: PostgresConfig) -> StorageError:
    """The sentence. What is wrong for now is a StorageLostError."""
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
    """Where the password that is refused comes from, and what to do."""
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
    """The server and the database, as people write them."""
    if config.host.startswith("/"):
        return f"{config.host}/{config.database}"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{host}:{config.port}/{config.database}"


def _cause(error: BaseException) -> BaseException:
    """The driver's own error behind SQLAlchemy's. Behind a timeout there is only how it came about."""
    while not isinstance(error, TimeoutError):
        inner = error.orig if isinstance(error, DBAPIError) else error.__cause__
        if inner is None or inner is error:
            break
        error = inner
    return error


def _is_unread(error: BaseException) -> bool:
    """Whether the driver could not read what came: then it raises whatever its parser met, as IndexError."""
    if isinstance(error, (SQLAlchemyError, asyncpg.PostgresError)):
        return False
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return any("asyncpg" in PurePath(file).parts for file in files)


def _code(error: BaseException) -> str:
    return getattr(_cause(error), "sqlstate", None) or ""


def _is_stale_plan(error: BaseException) -> bool:
    """Another server changed a table; the driver has forgotten its plan by now."""
    return isinstance(_cause(error), asyncpg.InvalidCachedStatementError)


def _reason(error: BaseException) -> str:
    cause = _cause(error)
    if isinstance(cause, asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(cause, asyncpg.InternalClientError) or (not isinstance(cause, OSError) and _is_unread(cause)):
        return "connection lost"
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return " ".join(str(cause).split()).rstrip(".") or type(cause).__name__
