"""The one place that looks at and signals processes: a pid alone proves nothing, so identity is checked each time."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from agent_brain_client.wire import ServerFile

CLOCK_TOLERANCE = 2.0
_MODULE = "agent_brain_server"


def live_process(pid: int) -> psutil.Process | None:
    """The process, None if it has ended."""
    try:
        process = psutil.Process(pid)
    except (psutil.Error, OverflowError):
        return None
    return None if has_ended(process) else process


def server_process(server: ServerFile) -> psutil.Process | None:
    """The live process that `server` was written by, else None.

    The process that has the pid now and was there before `started_at` has had it all along; a reused pid is younger.
    """
    process = live_process(server["pid"])
    if process is None or process.create_time() > server["started_at"] + CLOCK_TOLERANCE:
        return None
    return process


def runs_server(process: psutil.Process, root: Path) -> bool:
    """Whether the command line of `process` is that of the server of `root`, for when it cannot be asked over HTTP."""
    try:
        words = process.cmdline()
        return str(root) in words and any(_MODULE in word for word in words)
    except psutil.Error:
        return False


def find_server_process(root: Path) -> psutil.Process | None:
    """Return this user's process that serves `root`, by its command line, for when `server.json` does not name it."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            serves = any(words[at : at + 3] == [_MODULE, "--project", str(root)] for at in range(len(words)))
            if serves and (os.name != "posix" or process.uids().real == os.getuid()) and not has_ended(process):
                return process
        except psutil.Error:
            continue
    return None


def has_ended(process: psutil.Process) -> bool:
    """Whether `process` is gone; one that only waits to be reaped is."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def port_holder(port: int) -> str:
    """Who listens on `port`, as `name (pid 123)`; `another program` where the system does not tell."""
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
