"""Starts and stops a project's server: one at a time for a project, and exactly that one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from agent_brain_client.discovery import (
    answers,
    find_current_server,
    find_server,
    find_token,
    read_server_file,
    require_safe,
    require_set_up,
    seems_to_answer,
    state_directory,
)
from agent_brain_client.errors import PortTakenError, StartError, StopError
from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_client.logfile import last_sentence, open_log
from agent_brain_client.processes import (
    end_process,
    find_server_processes,
    live_process,
    port_holder,
    runs_server,
    server_process,
)
from agent_brain_client.provisioning import ProvisioningError, has_superuser, provision
from agent_brain_client.wire import location_id
from agent_brain_contract.container import START
from agent_brain_contract.errors import UnsafeStateError
from agent_brain_contract.paths import SERVER_LOCK
from agent_brain_contract.regular_files import read_regular_file

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile

START_SECONDS = 20.0
REINDEX_SECONDS = 300.0
"""A server that begins the index again first takes along what it can read of the old one."""
LEAST_START_SECONDS = 2.0
STOP_SECONDS = 10.0
KILL_SECONDS = 5.0
LOCK_SECONDS = 60.0
RESTORE_SECONDS = 10.0
POLL_SECONDS = 0.01
RETRY_SECONDS = 0.1
ALREADY_SERVED = 3
REINDEX = "--reindex"


def start(root: Path, port: int | str | None = None, reindex: bool = False) -> ServerFile:
    """Return the project's server, started if it does not run. Many callers at once get the same one.

    `port` (or `auto`) is for a server that is started here; one that runs stays as it is, unless it is of an older
    version or its code is gone. With `reindex`, one that runs is ended first, so that the new one can begin the index
    again. Raise StartError with the server's own sentence, NotSetUpError where `setup` has not been run.
    """
    require_set_up(root)
    token = find_token(root)
    running = None if reindex else find_current_server(root)
    if running is not None:
        return running
    try:
        with _lifecycle_lock(root):
            if reindex:
                _stop(root)
            running = None if reindex else find_current_server(root)
            return running or _replace(root, _command(root, port, reindex), token)
    except Timeout as error:
        raise StartError(_busy(root)) from error
    except UnsafeStateError as error:
        raise StartError(f"the server cannot start: {error}") from error
    except OSError as error:
        raise StartError(f"the server cannot start: {error.strerror or error} ({error.filename or root}).") from error


def _busy(root: Path) -> str:
    return (
        f"another command has been starting or stopping the server of {root} for {LOCK_SECONDS:.0f} s."
        " Wait until it has finished, or end it, then try again."
    )


def _replace(root: Path, command: list[str], token: str) -> ServerFile:
    """Replace a server that runs older code; else as `_start_provisioned`."""
    if find_server(root) is not None:
        _stop(root)
    return _start_provisioned(root, command, token)


def _has_state(root: Path) -> bool:
    try:
        return state_directory(root).is_dir()
    except PermissionError:
        require_safe(root)  # says whose it is
        raise


def stop(root: Path) -> ServerFile | None:
    """End the project's server, what it started and any other process that holds its lock. Return what it was, None if
    none runs. Raise StopError if it does not end, ConsentNeededError where the state is not safe to use.
    """
    if read_server_file(root) is None and not _has_state(root):
        return None
    try:
        with _lifecycle_lock(root):
            return _stop(root)
    except Timeout as error:
        raise StopError(_busy(root)) from error
    except psutil.AccessDenied as error:
        raise StopError(f"the server (pid {error.pid}) belongs to another user, who has to stop it.") from error
    except OSError as error:
        raise StopError(f"the server cannot be stopped: {error.strerror or error}.") from error


def find_running(root: Path) -> ServerFile | None:
    """Return what `find_server` does. Wait for a server that starts, and for one whose `server.json` is wrong or gone.

    It writes it again. Raise StartError where it does not answer.
    """
    deadline = time.monotonic() + RESTORE_SECONDS
    claim = None
    while (server := find_server(root)) is None and (processes := find_server_processes(root)):
        if claim is not None and claim == read_server_file(root):  # not one that was written since it was asked
            _refuse_other_token(root)
        claim = read_server_file(root)
        if time.monotonic() > deadline:
            raise StartError(f"the server (pid {processes[0].pid}) does not answer. Run: agent-brain restart")
        time.sleep(RETRY_SECONDS)
    return server


@contextmanager
def _lifecycle_lock(root: Path) -> Iterator[None]:
    state = state_directory(root)
    require_safe(root)
    state.mkdir(parents=True, exist_ok=True)
    with FileLock(state / "lifecycle.lock", timeout=LOCK_SECONDS, poll_interval=POLL_SECONDS, mode=0o600):
        yield


def _command(root: Path, port: int | str | None, reindex: bool) -> list[str]:
    command = server_command("--project", str(root))
    if port is not None:
        command += ["--port", str(port)]
    return [*command, REINDEX] if reindex else command


def _start_provisioned(root: Path, command: list[str], token: str) -> ServerFile:
    """Start as `_start` does, and again once the superuser has prepared the database.

    That is for a server that setup's container refuses, or whose tables are older.
    """
    try:
        return _start(root, command, token)
    except PortTakenError:
        raise
    except StartError as error:
        if not has_superuser(root) or str(error).endswith(f"Run: {START}"):
            raise
        try:
            provision(root)
        except ProvisioningError:
            reason = str(error).removesuffix(".")
            raise StartError(f"{reason}. If setup made the database's container, run: {START}") from error
    return _start(root, command, token)


def _start(root: Path, command: list[str], token: str) -> ServerFile:
    """Spawn until a server answers: one that is just ending may still hold the project, so its refusal is retried."""
    _refuse_other_token(root)
    deadline = time.monotonic() + (REINDEX_SECONDS if REINDEX in command else START_SECONDS)
    while True:
        if _is_held_by_stranger(root):
            raise _held(root)
        server = _spawn(root, command, token, deadline)
        if server is not None:
            return server
        if time.monotonic() + LEAST_START_SECONDS > deadline:
            raise _held(root)
        time.sleep(RETRY_SECONDS)


def _is_held_by_stranger(root: Path) -> bool:
    """Return whether the lock is held, but not by a server of the project: neither before nor after is there one."""
    return not find_server_processes(root) and _is_held(root) and not find_server_processes(root)


def _is_held(root: Path) -> bool:
    path = root / SERVER_LOCK
    if not path.exists():
        return False
    try:
        FileLock(path, timeout=0, mode=0o600).acquire().lock.release()
    except Timeout:
        return True
    return False


def _held(root: Path) -> StartError:
    if holders := find_server_processes(root):
        return StartError(
            f"another server (pid {holders[0].pid}) is running for {root} but does not answer. Run: agent-brain restart"
        )
    return StartError(
        f"another process uses the index of {root}, perhaps agent-brain storage copy. When it has ended, run:"
        " agent-brain start"
    )


def _refuse_other_token(root: Path) -> None:
    """Raise StartError where the project's server runs, but could not prove that it has the token of now."""
    server = read_server_file(root)
    if server is not None and _process_of(root, server) is not None and seems_to_answer(server):
        raise StartError(
            f"the running server (pid {server['pid']}) was started with another token than the project has now."
            " Run: agent-brain restart"
        )


def _spawn(root: Path, command: list[str], token: str, deadline: float) -> ServerFile | None:
    """Start one process and wait for a server to answer; None if it gave way to another one that does not yet."""
    state = state_directory(root)
    stale = read_server_file(root)
    log = open_log(state)
    try:
        offset = os.fstat(log).st_size
        child = subprocess.Popen(
            command, cwd=DIRECTORY, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    finally:
        os.close(log)
    try:
        server = _await_answer(root, child, stale, token, deadline)
    except BaseException:
        _end(child)
        raise
    if child.returncode == ALREADY_SERVED:
        return server
    if child.returncode is not None:
        reason = last_sentence(state, offset) or f"it exited with code {child.returncode}. See: agent-brain logs"
        raise _start_error(reason)
    if server is None:
        _end(child)
        if find_server_processes(root) or _is_held(root):
            raise _held(root)
        raise StartError(f"the server did not answer within {START_SECONDS:.0f} s. See: agent-brain logs")
    child.returncode = 0  # It outlives us: without this, Popen complains of a child that was not waited for.
    return server


def _start_error(reason: str) -> StartError:
    taken = re.match(r"port (\d+) is taken", reason)
    if taken:
        return PortTakenError(int(taken[1]), port_holder(int(taken[1])))
    return StartError(f"the server did not start: {reason}")


def _await_answer(
    root: Path, child: subprocess.Popen[bytes], stale: ServerFile | None, token: str, deadline: float
) -> ServerFile | None:
    """Return the server once it answers; None when the child has ended without one or the time is up.

    The `stale` claim that was there before is not asked again and again: what listens there now may never answer.
    """
    while time.monotonic() < deadline:
        if child.poll() is not None:
            return find_server(root)
        server = read_server_file(root)
        if server is not None and server != stale and answers(server, token):
            return server
        time.sleep(POLL_SECONDS)
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(KILL_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _stop(root: Path) -> ServerFile | None:
    claim = read_server_file(root)
    named = _process_of(root, claim) if claim is not None else None
    processes = list(dict.fromkeys([*([named] if named else []), *find_server_processes(root)]))
    servers = [_server_file(root, claim, process) for process in processes]
    for process in processes:
        if not end_process(process, STOP_SECONDS, KILL_SECONDS):
            raise StopError(
                f"the server (pid {process.pid}) cannot be stopped: it goes on even after SIGKILL. "
                "Restart this machine."
            )
    _forget_ended(root)
    return servers[0] if servers else None


def _server_file(root: Path, claim: ServerFile | None, process: psutil.Process) -> ServerFile:
    if claim is not None and claim["pid"] == process.pid:
        return claim
    return {
        "url": "",
        "pid": process.pid,
        "project_id": location_id(root),
        "version": "",
        "started_at": process.create_time(),
    }


def _process_of(root: Path, server: ServerFile) -> psutil.Process | None:
    """Return the process to end.

    `server.json` may name any: its age and its command line must say that it is the server.
    """
    process = server_process(server)
    return process if process is not None and runs_server(process, root) else None


def _forget_ended(root: Path) -> None:
    """Remove the `server.json` of a server that was killed, also one from before the project was moved."""
    path = state_directory(root) / "server.json"
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        if live_process(int(json.loads(read_regular_file(path))["pid"])) is None:
            path.unlink()
