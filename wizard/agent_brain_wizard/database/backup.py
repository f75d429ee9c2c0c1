"""Backs the project's database up into a file, and restores it: wholly or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from agent_brain_client.discovery import find_server, stored_id
from agent_brain_client.errors import UsageError
from agent_brain_client.output import size
from agent_brain_client.provisioning import provision
from agent_brain_contract.files import STALE_SECONDS, remove_temporaries, temporary_name
from agent_brain_wizard.container.docker import DatabaseError, Progress
from agent_brain_wizard.database.service import explained, inside, open_compose, query, require_running

SCHEMA_VERSION = 3  # the newest of the server's that comes with this package
PROGRESS_SECONDS = 2.0
POLL_SECONDS = 0.05
LOCK_TIMEOUT = "15s"
TAIL_BYTES = 4096
_CUSTOM = b"PGDMP"
_PLAIN = b"-- PostgreSQL database dump"
_PLAIN_END = b"-- PostgreSQL database dump complete"
_DUMPED_FROM = re.compile(r"Dumped from database version:? (\d+)")
_REFUSAL = re.compile(r"agent_brain: ([\w ]+)")

_EMPTY = f"""
SET client_min_messages = warning;
SET LOCAL lock_timeout = '{LOCK_TIMEOUT}';
DROP SCHEMA IF EXISTS agent_brain CASCADE;
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
"""
# The last line that is read says that all was: psql takes an end in the middle for the end.
_WHOLE = "SET LOCAL agent_brain.whole = 'yes';"
_CHECK = """
DO $check$
DECLARE
    stored integer;
    known boolean;
BEGIN
    IF coalesce(current_setting('agent_brain.whole', true), '') <> 'yes' THEN
        RAISE EXCEPTION 'agent_brain: cut off';
    END IF;
    IF to_regclass('agent_brain.meta') IS NULL OR to_regclass('agent_brain.projects') IS NULL THEN
        RAISE EXCEPTION 'agent_brain: no index';
    END IF;
    SELECT schema_version INTO stored FROM agent_brain.meta;
    IF stored > %(schema)d THEN
        RAISE EXCEPTION 'agent_brain: newer';
    END IF;
    SELECT EXISTS (SELECT FROM agent_brain.projects WHERE project_id = '%(project)s') INTO known;
    IF NOT known THEN
        RAISE EXCEPTION 'agent_brain: other project';
    END IF;
END
$check$;
"""
_COUNT = "SELECT coalesce(sum(chunks), 0) FROM agent_brain.index_state"
_HAS_INDEX = "SELECT to_regclass('agent_brain.index_state') IS NOT NULL"


def back_up(root: Path, file: Path, progress: Progress) -> int:
    """Write the project's index into `file`, readable by its owner alone; the value is its size in bytes.

    The server may run meanwhile. A backup that is there is replaced when the new one is whole. Raise DatabaseError,
    UsageError for a file that is something else.
    """
    _refuse_other_file(file)
    require_running(root)
    remove_temporaries(file, STALE_SECONDS)
    temporary = temporary_name(file)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}. Name another place.") from error
    try:
        with os.fdopen(descriptor, "wb") as target:
            dump = inside("pg_dump", "--format=custom", "--schema=agent_brain", "--no-owner", "--no-privileges")
            _follow(open_compose(root, ["exec", "-T", *dump], subprocess.DEVNULL, target), temporary, progress)
            os.fsync(target.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    return file.stat().st_size


def _refuse_other_file(file: Path) -> None:
    if file.is_dir():
        raise UsageError(f"{file} is a directory. Name a file in it.")
    if file.exists() and not is_backup(file):
        raise UsageError(f"{file} exists and is not a backup. Name another file.")


def _follow(process: subprocess.Popen[bytes], growing: Path, progress: Progress) -> None:
    """Wait for the end of a dump, reporting its size meanwhile. Raise DatabaseError if it failed."""
    reported = time.monotonic()
    try:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            if time.monotonic() - reported >= PROGRESS_SECONDS:
                reported = time.monotonic()
                progress(f"Backing up: {size(growing.stat().st_size)}")
    finally:
        _end(process)
    _, said = process.communicate()
    if process.returncode:
        raise _explained(said)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def is_backup(file: Path) -> bool:
    """Return whether `file` begins as a backup does, in pg_dump's custom format or as plain SQL."""
    with file.open("rb") as opened:
        start = opened.read(512)
    return start.startswith(_CUSTOM) or _PLAIN in start


def count_chunks(root: Path) -> int:
    """Return how much a restore would replace. Raise DatabaseError."""
    return int(query(root, _COUNT)) if query(root, _HAS_INDEX) == "t" else 0


def check_restorable(root: Path, file: Path) -> None:
    """Raise UsageError or DatabaseError for what cannot be restored: a file, a server, or the time."""
    try:
        if not is_backup(file):
            raise UsageError(f"{file} is not a backup: neither pg_dump's custom format nor plain SQL.")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    if find_server(root) is not None:
        raise DatabaseError("the project's server is running and could write meanwhile. Run: agent-brain stop")
    require_running(root)
    if (made_by := _server_of(root, file)) > (here := int(query(root, "SHOW server_version_num")) // 10_000):
        raise DatabaseError(
            f"{file} comes from PostgreSQL {made_by}, and this one is {here}. Set a newer one up:"
            f" agent-brain setup --yes --postgres-image pgvector/pgvector:pg{made_by}"
        )


def _server_of(root: Path, file: Path) -> int:
    """Return the PostgreSQL that the backup was made from, 0 if it does not say."""
    with file.open("rb", buffering=0) as opened:
        if opened.read(len(_CUSTOM)) == _CUSTOM:
            opened.seek(0)
            process = open_compose(root, ["exec", "-T", *inside("pg_restore", "--list")], opened, subprocess.PIPE)
            said, problem = process.communicate()
            if process.returncode:
                raise _explained(problem, file)
        else:
            opened.seek(0)
            said = opened.read(TAIL_BYTES)
            opened.seek(max(0, file.stat().st_size - TAIL_BYTES))
            if _PLAIN_END not in opened.read():
                raise _refused("cut off", file)
    found = _DUMPED_FROM.search(said.decode("utf-8", "replace"))
    return int(found[1]) if found else 0


def restore(root: Path, file: Path) -> int:
    """Put the backup in the place of the project's index, in one transaction; the value is how many chunks it has.

    Leave the index as it was where that fails, and raise DatabaseError.
    """
    with file.open("rb", buffering=0) as opened:
        custom = opened.read(len(_CUSTOM)) == _CUSTOM
        opened.seek(0)
        reader = "pg_restore --no-owner --no-privileges --file=-" if custom else "cat"
        check = _CHECK % {"schema": SCHEMA_VERSION, "project": stored_id(root)}
        script = (
            f'{{ {reader} && echo "$1"; }} | psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1'
            ' --single-transaction --command="$2" --file=- --command="$3"'
        )
        command = ["exec", "-T", *inside("sh", "-c", script, "sh", _WHOLE, _EMPTY, check)]
        process = open_compose(root, command, opened, subprocess.DEVNULL)
        try:
            _, said = process.communicate()
        finally:
            _end(process)
    if process.returncode:
        raise _explained(said, file)
    query(root, "ANALYZE")
    provision(root)  # a backup holds neither roles nor their rights
    return count_chunks(root)


def _explained(said: bytes, file: Path | None = None) -> DatabaseError:
    text = said.decode("utf-8", "replace")
    refusal = _REFUSAL.search(text)
    if file is not None and refusal:
        return _refused(refusal[1], file)
    if file is not None and "pg_restore: error" in text:
        return _refused("unreadable" if "unsupported version" in text else "cut off", file)
    if "lock timeout" in text:
        return DatabaseError("other servers or workers use the index: stop them, then try again.")
    return explained(text)


def _refused(code: str, file: Path) -> DatabaseError:
    reason = {
        "cut off": "is not whole: it was cut off or damaged. Take another backup.",
        "no index": "is a backup, but not of an index of Agent Brain.",
        "newer": "was made by a newer Agent Brain. Upgrade agent-brain, then restore it.",
        "other project": "holds the index of another project, or of this one from before it was moved:"
        " index again, with agent-brain index --wait",
        "unreadable": "was made by a newer pg_dump than that of the container. Use a newer image:"
        " agent-brain setup --yes --postgres-image IMAGE",
    }[code.strip()]
    return DatabaseError(f"{file} {reason}")
