"""A role for one project: it owns nothing, and reads and writes the rows of that project alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from agent_brain_contract.container import project_role
from agent_brain_server.errors import StorageError
from agent_brain_server.settings.postgres import PostgresConfig
from agent_brain_server.storage.postgres.alone import single_transaction
from agent_brain_server.storage.postgres.failures import translated, where
from agent_brain_server.storage.postgres.schema import OWNER_VARIABLE, check_server, prepare_tables
from agent_brain_server.storage.postgres.session import Session, Statements
from agent_brain_server.storage.queries import load_queries

SCRAM_ITERATIONS = 4_096
PASSWORD_BYTES = 24

Result = TypeVar("Result")


async def prepare(owner: PostgresConfig) -> None:
    """Make the tables of the database, or lead them to this version. Raise StorageError if `owner` is not theirs."""

    def work(session: Session) -> None:
        session.run("lock_schema")
        check_server(session, owner)
        prepare_tables(session, owner)
        _require_owner(session, owner)

    await _in_transaction(owner, "", work)


async def grant(owner: PostgresConfig, project_id: str, password: str = "") -> PostgresConfig:
    """Make the project's role, or change the password of the one that is there: the value is how it connects.

    Without a `password` it gets a random one. See `prepare` for what is done before. Raises StorageError where `owner`
    may not.
    """
    await prepare(owner)
    role = project_role(owner.database, project_id)
    password = password or secrets.token_urlsafe(PASSWORD_BYTES)

    def work(session: Session) -> None:
        session.run("lock_schema")
        _require_guarded(session, owner)
        if not _find_role(session, role):
            _require_role_maker(session, owner)
            session.run_written("write_create_role", role=role)
        session.run("bind_role", role=role)
        session.run_written("write_grants", role=role)
        session.run_written("write_connect", role=role)
        session.run_written("write_login", role=role, verifier=scram_verifier(password))

    await _in_transaction(owner, project_id, work)
    return PostgresConfig.model_validate({**owner.model_dump(), "user": role, "password": password})


async def revoke(owner: PostgresConfig, project_id: str) -> bool:
    """Take the project's role its rights and end its sessions; False if there is none.

    The role itself stays, unable to log in, where `owner` may not end a session that has temporary tables.
    """
    role = project_role(owner.database, project_id)

    def work(session: Session) -> bool:
        session.run("enter_namespace")
        _require_owner(session, owner)
        if not _find_role(session, role):
            return False
        session.run_written("write_no_login", role=role)
        session.run("release_role", role=role)
        session.run_written("write_revokes", role=role)
        return True

    if not await _in_transaction(owner, project_id, work):
        return False
    with suppress(StorageError):
        await _in_transaction(owner, project_id, lambda session: session.run("end_sessions", role=role))
    with suppress(StorageError):
        await _in_transaction(owner, project_id, lambda session: session.run_written("write_drop_role", role=role))
    return True


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores of an ASCII password (RFC 5803): no statement then holds the password."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{shown[0]}${shown[1]}:{shown[2]}"


async def _in_transaction(owner: PostgresConfig, project_id: str, work: Callable[[Session], Result]) -> Result:
    with translated(owner):
        return await single_transaction(owner, Statements(load_queries(__package__)), project_id, work)


def _require_owner(session: Session, owner: PostgresConfig) -> None:
    found = session.first("find_owner")
    if found is None:
        raise StorageError(f"{where(owner)} has no tables yet. Make them first: agent-brain storage prepare")
    if not found[0]:
        raise StorageError(
            f"{owner.user} does not own the tables in {where(owner)}. Set {OWNER_VARIABLE} to the URL of their owner, "
            f"{found[1]}, then run the command again."
        )


def _require_guarded(session: Session, owner: PostgresConfig) -> None:
    session.run("enter_namespace")
    _require_owner(session, owner)
    if not session.one("is_guarded")[0]:
        raise StorageError(
            f"The tables in {where(owner)} are distributed over a Citus cluster, which has no row "
            "level security: make a "
            "database for each project that is to be kept apart (docs/scale.md)."
        )


def _require_role_maker(session: Session, owner: PostgresConfig) -> None:
    if not session.one("may_create_roles")[0]:
        raise StorageError(
            f"{owner.user} may not make roles in PostgreSQL at {where(owner)}. Let a superuser run there: "
            f'ALTER ROLE "{owner.user}" CREATEROLE'
        )


def _find_role(session: Session, role: str) -> bool:
    found = session.first("find_role", role=role)
    if found is not None and found[0]:
        raise StorageError(f"The role {role} exists and has more rights than a project's role: rename it.")
    return found is not None
