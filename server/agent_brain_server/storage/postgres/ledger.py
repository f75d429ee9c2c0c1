"""The checkpoints of an unfinished copy of a project into this database, written under the lock of the schema.

While a project has a ledger, its rows are a part of an index, and no other process may write them.
"""

from __future__ import annotations

import json

from agent_brain_server.errors import ConflictError
from agent_brain_server.storage.postgres.index import empty_content
from agent_brain_server.storage.postgres.session import Session
from agent_brain_server.storage.tables import PAGED, Table
from agent_brain_server.storage.transfer import Checkpoint, TargetState, target_state, unfinished


def refuse_unfinished(session: Session, place: str, discard: bool) -> None:
    """Refuse the project while it is a part of an index; with `discard`, empty it."""
    if not session.rows("list_checkpoints"):
        return
    if not discard:
        raise unfinished(place)
    if not session.one("lock_copy_once")[0]:
        raise running(place)
    throw_away(session)
    session.run("give_up_writing")


def running(place: str) -> ConflictError:
    """Return the error for a copy that another process runs."""
    return ConflictError(f"A copy into {place} is running already. Wait until it has finished, or end it.")


def throw_away(session: Session) -> None:
    """Remove what was copied so far."""
    empty_content(session, vectors=True)
    drop(session)


def find(session: Session) -> TargetState:
    """Return what the database holds of the project."""
    rows = sum(session.one("count_rows")[: len(PAGED)])
    return target_state(rows, session.rows("list_checkpoints"))


def begin(session: Session, source: str) -> None:
    """Begin the ledger of a copy from the state that `source` names."""
    for table in PAGED:
        session.run("insert_checkpoint", table_name=table.name, source=source)


def save(session: Session, table: Table, checkpoint: Checkpoint) -> bool:
    """Add the checkpoint's rows, up to its key; return False if the copy has been discarded."""
    saved = session.run(
        "save_checkpoint", table_name=table.name, last_key=json.dumps(checkpoint.after), rows=checkpoint.rows
    )
    return bool(saved.rowcount)


def drop(session: Session) -> None:
    """Remove the project's ledger."""
    session.run("clear_ledger")
