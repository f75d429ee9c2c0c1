"""The one place that looks at and signals processes: a pid alone proves nothing, so identity is checked each time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from agent_brain_contract.paths import SERVER_LOCK

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile

CLOCK_TOLERANCE = 2.0
POLL_SECONDS = 0.01
_MODULE = "agent_brain_server"
_SERVES = [_MODULE, "--project"]
_WORKER = "--worker"


def live_process(pid: int) -> psutil.Process | None:
    """Return the process, None if it has ended."""
    try:
        process = psutil.Process(pid)
    except (psutil.Error, OverflowError):
        return None
    return None if has_ended(process) else process


def server_process(server: ServerFile) -> psutil.Process | None:
    """Return the live process that `server` was written by, else None.

    The process that has the pid now and was there before `started_at` has had it all along; a reused pid is younger.
    """
    process = live_process(server["pid"])
    if process is None or process.create_time() > server["started_at"] + CLOCK_TOLERANCE:
        return None
    return process


def runs_server(process: psutil.Process, root: Path) -> bool:
    """Return whether the command line of `process` is that of the server of `root`; for when HTTP does not answer."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return str(root) in words and any(_MODULE in word for word in words) and _WORKER not in words


def find_server_processes(root: Path) -> list[psutil.Process]:
    """Return this user's servers of `root`: by their command lines, or since they have its lock open.

    The lock finds a server that was started before the project was moved or renamed, or by another path to it; not
    that of another project, which has linked the same lock.
    """
    lock = _identity(root / SERVER_LOCK)
    return [process for process in psutil.process_iter() if _serves(process, root, lock)]


def _serves(process: psutil.Process, root: Path, lock: tuple[int, int] | None) -> bool:
    try:
        words = process.cmdline()
        at = next((at for at in range(len(words)) if words[at : at + 2] == _SERVES), None)
        if at is None or _WORKER in words or not _is_own(process) or has_ended(process):
            return False
        if words[at + 2 : at + 3] == [str(root)]:
            return True
        if lock is None or _is_of_another(Path(*words[at + 2 : at + 3]), root, lock):
            return False
        return any(_identity(Path(file.path)) == lock for file in process.open_files())
    except psutil.Error:
        return False


def _is_of_another(named: Path, root: Path, lock: tuple[int, int]) -> bool:
    """Return whether `named` is a project besides the one at `root`, and has the same lock."""
    return _identity(named / SERVER_LOCK) == lock and _identity(named) != _identity(root)


def _is_own(process: psutil.Process) -> bool:
    return os.name != "posix" or process.uids().real == os.getuid()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def end_process(process: psutil.Process, seconds: float, kill_seconds: float) -> bool:
    """End `process`, by force after `seconds`, and the processes that it started; False if it does not end.

    psutil looks at the age again before it signals, so that a process id that was reused meanwhile is safe.
    """
    started = _children(process)
    with suppress(psutil.NoSuchProcess):
        process.terminate()
    if not ends_within(process, seconds):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    ended = ends_within(process, kill_seconds)
    return _kill(started, kill_seconds) and ended


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _kill(processes: Iterable[psutil.Process], seconds: float) -> bool:
    left = [process for process in processes if not has_ended(process)]
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    return all(ends_within(process, seconds) for process in left)


def ends_within(process: psutil.Process, seconds: float) -> bool:
    """Wait for the end of `process`; whether it came in time."""
    deadline = time.monotonic() + seconds
    while not has_ended(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def has_ended(process: psutil.Process) -> bool:
    """Return whether `process` is gone; one that only waits to be reaped is."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def port_holder(port: int) -> str:
    """Return who listens on `port`, as `name (pid 123)`; `another program` where the system does not tell."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return _named(connection.pid)
    except (psutil.Error, OSError):
        pass
    return "another program"


def _named(pid: int | None) -> str:
    if not pid:
        return "another program"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"a program that has just ended (pid {pid})"
