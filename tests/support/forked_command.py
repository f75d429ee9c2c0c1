"""Runs `agent-brain` in a process that is forked from one which has imported it, which saves a quarter of a second.

The servers that it starts are forks too (`forked_server`). Each test worker has one such process. With
AGENT_BRAIN_TESTS_FORK=0 every command is started as people start it.

`serve` is that process: its socket gets a request for each command (arguments, directory and environment in JSON, and
the three standard streams). It answers on a socket of the request's own, with the process's number and then with its
exit status.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, NoReturn

from support import forked_server

_NUMBER = struct.Struct("!i")
_LONGEST_REQUEST = 1 << 20
_STREAMS = 4  # stdin, stdout, stderr, and the socket for the answer
_SERVE = """
import sys
sys.path.insert(0, sys.argv[2])
from support.forked_command import serve
serve(int(sys.argv[1]))
"""
_LATE = ("docker", "docker.errors")
"""What commands import when they need it, which takes long."""
_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_")
"""Variables that the interpreter reads before any program runs."""


def can_run(environment: Mapping[str, str]) -> bool:
    """Return whether a command in this environment is the same when it is forked."""
    names = [name for name in {*environment, *os.environ} if name.startswith(_INTERPRETER)]
    unchanged = all(environment.get(name) == os.environ.get(name) for name in names)
    return unchanged and os.environ.get("AGENT_BRAIN_TESTS_FORK") != "0" and hasattr(os, "fork")


def run_command(
    command: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of `command` with `arguments`, without input."""
    argv = [command, *arguments]
    request = json.dumps([argv, str(cwd), dict(environment)]).encode()
    mine, its = socket.socketpair()
    with mine, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with its, Path(os.devnull).open("rb") as nothing:
            streams = [nothing.fileno(), out.fileno(), err.fileno(), its.fileno()]
            socket.send_fds(_server(), [request], streams)
        mine.settimeout(seconds)
        pid = _received(mine)
        try:
            status = _received(mine)
        except TimeoutError as error:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(argv, seconds, _content(out), _content(err)) from error
        return subprocess.CompletedProcess(argv, status, _content(out), _content(err))


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _received(connection: socket.socket) -> int:
    number: int = _NUMBER.unpack(connection.recv(_NUMBER.size, socket.MSG_WAITALL))[0]
    return number


@cache
def _server() -> socket.socket:
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mine.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LONGEST_REQUEST)
    with its:
        process = subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-c",
                _SERVE,
                str(its.fileno()),
                Path(__file__).parents[1],
                " " * forked_server.WORDS,
            ],
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )
    atexit.register(_end, process, mine)
    return mine


def _end(process: subprocess.Popen[bytes], connection: socket.socket) -> None:
    connection.close()
    process.wait()


def serve(descriptor: int) -> None:
    """Fork a process for each command that is asked for, until no process can ask any more."""
    requests = socket.socket(fileno=descriptor)
    _import_commands()
    if sys.platform == "linux":
        forked_server.import_server()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, streams, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, _STREAMS)
        if not request:
            return
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _attend(request, streams)
        for stream in streams:
            os.close(stream)


def _import_commands() -> None:
    from agent_brain_client.cli.registry import COMMANDS
    from agent_brain_wizard.cli import OWN

    for command in (*COMMANDS, *OWN):
        import_module(command.module)
    for package in _LATE:
        import_module(package)


def _attend(request: bytes, streams: Sequence[int]) -> NoReturn:
    """Run the command in a child, and answer how it ends."""
    pid = os.fork()
    if pid == 0:
        _run(request, streams)
    answers = socket.socket(fileno=streams[-1])
    try:
        answers.sendall(_NUMBER.pack(pid))
        answers.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    finally:
        os._exit(0)


def _run(request: bytes, streams: Sequence[int]) -> NoReturn:
    status = 1
    try:
        argv, directory, environment = json.loads(request)
        for number, stream in enumerate(streams[:-1]):
            os.dup2(stream, number)
        for stream in streams:
            os.close(stream)
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[:] = argv
        if sys.platform == "linux":
            forked_server.fork_servers()
        status = _exit_status()
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


def _exit_status() -> int:
    from agent_brain_wizard.cli import main

    try:
        return main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
