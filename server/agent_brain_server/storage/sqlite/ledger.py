"""The checkpoints of an unfinished copy into this file. With a ledger, the file holds a part of an index."""

from __future__ import annotations

import json
from pathlib import Path

from agent_brain_server.storage.sqlite.index import empty_content
from agent_brain_server.storage.sqlite.session import Session
from agent_brain_server.storage.tables import PAGED, Table
from agent_brain_server.storage.transfer import Checkpoint, TargetState, target_state, unfinished


def refuse_unfinished(session: Session, path: Path) -> None:
    """Raise ConflictError while the file holds a part of an index."""
    if session.one("find_ledger")[0]:
        raise unfinished(f"sqlite {path}")


def throw_away(session: Session) -> None:
    """Remove what was copied so far."""
    empty_content(session, vectors=True)
    session.run("drop_ledger")


def find(session: Session) -> TargetState:
    """Return what the file holds."""
    if not session.one("count_tables")[0]:
        return TargetState()
    rows = sum(session.one("count_rows")[: len(PAGED)])
    ledger = session.run("list_checkpoints").fetchall() if session.one("find_ledger")[0] else []
    return target_state(rows, ledger)


def begin(session: Session, source: str) -> None:
    """Make the ledger of a copy from the state that `source` names."""
    session.run("make_ledger")
    for table in PAGED:
        session.run("insert_checkpoint", table_name=table.name, source=source)


def save(session: Session, table: Table, checkpoint: Checkpoint) -> None:
    """Add the checkpoint's rows, up to its key."""
    session.run("save_checkpoint", table_name=table.name, last_key=json.dumps(checkpoint.after), rows=checkpoint.rows)
