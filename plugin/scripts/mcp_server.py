"""The project's search as an MCP server on stdin and stdout: one JSON-RPC message a line, and nothing else on stdout.

It lives as long as its client: it ends with stdin, or on SIGINT or SIGTERM. That a project is not set up or its server
does not run is said in a tool's answer, since a process that ends early is only shown as a lost connection.
"""

from __future__ import annotations

import os
import sys

# Isolated (-I), Python looks for modules in its own directories alone; the project that it runs in has none for us.
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import json
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import tools
from escaping import one_line, plain
from messages import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Identity,
    Message,
    ProtocolError,
    encode,
    parse,
    read_lines,
)
from project import PluginError

MANIFEST = Path(__file__).resolve().parents[2] / ".claude-plugin" / "plugin.json"
PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
MOST_CALLS = 64  # at the same time
DRAIN_SECONDS = 0.7  # what is still being answered when stdin ends
LONGEST_NAME = 80  # of what a refusal repeats


class Call(threading.Thread):
    """One call of a tool, in a thread of its own."""

    def __init__(self, session: Session, identity: Identity, name: str, arguments: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.identity = identity
        self.cancelled = False
        self._session = session
        self._name = name
        self._arguments = arguments

    def run(self) -> None:
        """Answer it, unless the client has cancelled it meanwhile."""
        result = _call(self._name, self._arguments)
        self._session.end_call(self, result)


class Session:
    """The conversation with one client; several calls are answered at once."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._writing = threading.Lock()
        self._calls: set[Call] = set()

    def receive(self, line: bytes | None) -> None:
        """Take one line; its answer is written when it is ready, without keeping others waiting. Never raise."""
        identity: Identity | None = None
        try:
            message = parse(line)
            if message is not None:
                identity = message.identity
                self._serve(message)
        except ProtocolError as error:
            self._refuse(error.identity if identity is None else identity, error.code, str(error))
        except Exception as error:
            _log(f"{error!r}")
            self._refuse(identity, INTERNAL_ERROR, f"Internal error ({type(error).__name__}), a bug in Agent Brain.")

    def drain(self, seconds: float) -> None:
        """Wait for the answers under way, but no longer than this."""
        deadline = time.monotonic() + seconds
        for call in list(self._calls):
            call.join(max(0.0, deadline - time.monotonic()))

    def end_call(self, call: Call, result: dict[str, Any]) -> None:
        """Write the result of a call, unless it was cancelled."""
        if not call.cancelled:
            self._write(call.identity, {"result": result})
        self._calls.discard(call)

    def _serve(self, message: Message) -> None:
        if message.identity is None:
            self._take_notice(message)
        elif message.method == "tools/call":
            self._begin_call(message.identity, *_tool_call(message.object_parameters()))
        else:
            self._write(message.identity, {"result": _result(message)})

    def _take_notice(self, message: Message) -> None:
        """Drop the answer of a cancelled call; ignore every other notification, right or wrong."""
        if message.method != "notifications/cancelled" or not isinstance(message.parameters, dict):
            return
        cancelled = message.parameters.get("requestId")
        for call in list(self._calls):
            if type(call.identity) is type(cancelled) and call.identity == cancelled:
                call.cancelled = True

    def _begin_call(self, identity: Identity, name: str, arguments: dict[str, Any]) -> None:
        if len(self._calls) >= MOST_CALLS:
            self._write(
                identity, {"result": _content("Too many calls are running; wait until one has finished.", True)}
            )
            return
        call = Call(self, identity, name, arguments)
        self._calls.add(call)
        call.start()

    def _refuse(self, identity: Identity | None, code: int, sentence: str) -> None:
        self._write(identity, {"error": {"code": code, "message": sentence}})

    def _write(self, identity: Identity | None, outcome: dict[str, Any]) -> None:
        line = encode(identity, outcome)
        try:
            with self._writing:
                self._output.write(line)
                self._output.flush()
        except OSError:
            os._exit(0)  # the client has gone


def _result(message: Message) -> dict[str, Any]:
    if message.method == "initialize":
        return _initialize(message.object_parameters())
    if message.method == "ping":
        message.object_parameters()
        return {}
    if message.method == "tools/list":
        message.object_parameters()
        readonly = {"readOnlyHint": True, "openWorldHint": False}
        return {"tools": [{**tool, "annotations": readonly} for tool in tools.DEFINITIONS]}
    raise ProtocolError(METHOD_NOT_FOUND, f"There is no method {one_line(message.method, LONGEST_NAME)}.")


def _initialize(parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = parameters.get("protocolVersion")
    return {
        "protocolVersion": wanted if wanted in PROTOCOLS else PROTOCOLS[0],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "agent-brain", "title": "Agent Brain", "version": _version()},
    }


def _version() -> str:
    return str(json.loads(MANIFEST.read_text("utf-8"))["version"])


def _tool_call(parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, arguments = parameters.get("name"), parameters.get("arguments")
    if not isinstance(name, str):
        raise ProtocolError(INVALID_PARAMS, "`name` must be the name of a tool.")
    if name not in {tool["name"] for tool in tools.DEFINITIONS}:
        raise ProtocolError(INVALID_PARAMS, f"There is no tool {one_line(name, LONGEST_NAME)}.")
    if arguments is not None and not isinstance(arguments, dict):
        raise ProtocolError(INVALID_PARAMS, "`arguments` must be an object.")
    return name, arguments or {}


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return _content(tools.call(name, arguments), False)
    except PluginError as error:
        return _content(one_line(str(error)), True)
    except Exception as error:
        _log(f"{name}: {error!r}")
        sentence = f"Internal error ({type(error).__name__}: {error}), a bug in Agent Brain. Use grep instead."
        return _content(one_line(sentence), True)


def _content(text: str, is_error: bool) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": plain(text)}], "isError": is_error}


def _log(line: str) -> None:
    with suppress(OSError):
        print(f"agent-brain: {one_line(line)}", file=sys.stderr)


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)


def main() -> None:
    """Serve until stdin ends. It leaves by `os._exit`, so that no call under way holds it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # What anything prints must not end up between the messages.
    elsewhere = os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else sys.stderr.fileno()
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(elsewhere, sys.stdout.fileno())
    session = Session(output)
    with suppress(OSError):  # the client has gone
        for line in read_lines(sys.stdin.buffer):
            session.receive(line)
        session.drain(DRAIN_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
