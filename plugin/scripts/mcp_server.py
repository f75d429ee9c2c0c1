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
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import tools
from project import PluginError

MANIFEST = Path(__file__).resolve().parents[2] / ".claude-plugin" / "plugin.json"
PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
DRAIN_SECONDS = 0.7  # what is still being answered when stdin ends


class ProtocolError(Exception):
    """A message that cannot be served: a JSON-RPC `code` and a sentence."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Session:
    """Answers one client's messages, several at once."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._writing = threading.Lock()
        self._calls: set[threading.Thread] = set()

    def receive(self, line: bytes) -> None:
        """Take one line; its answer is written when it is ready, without keeping others waiting."""
        message: Any = None
        try:
            message = _message(line)
            if "id" not in message or "method" not in message:
                return
            if message["method"] == "tools/call":
                self._answer_beside(message)
            else:
                self._write(message["id"], {"result": _result(message["method"], _parameters(message))})
        except ProtocolError as error:
            identity = message.get("id") if isinstance(message, dict) else None
            self._write(identity, {"error": {"code": error.code, "message": str(error)}})

    def drain(self, seconds: float) -> None:
        """Wait for the answers under way, but no longer than this."""
        deadline = time.monotonic() + seconds
        for thread in list(self._calls):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _answer_beside(self, message: dict[str, Any]) -> None:
        name, arguments = _tool_call(_parameters(message))

        def answer() -> None:
            self._write(message["id"], {"result": _call(name, arguments)})
            self._calls.discard(thread)

        thread = threading.Thread(target=answer, daemon=True)
        self._calls.add(thread)
        thread.start()

    def _write(self, identity: object, outcome: dict[str, Any]) -> None:
        # ASCII, so that half a surrogate from an odd file is sent, not a failure to encode it.
        line = json.dumps({"jsonrpc": "2.0", "id": identity, **outcome}).encode("ascii") + b"\n"
        with self._writing:
            self._output.write(line)
            self._output.flush()


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(PARSE_ERROR, "This is not JSON.") from error
    if not isinstance(message, dict) or not isinstance(message.get("method", ""), str):
        raise ProtocolError(INVALID_REQUEST, "This is not a JSON-RPC message.")
    return message


def _parameters(message: dict[str, Any]) -> dict[str, Any]:
    parameters = message.get("params", {})
    if not isinstance(parameters, dict):
        raise ProtocolError(INVALID_PARAMS, "`params` must be an object.")
    return parameters


def _result(method: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if method == "initialize":
        return _initialize(parameters)
    if method == "ping":
        return {}
    if method == "tools/list":
        readonly = {"readOnlyHint": True, "openWorldHint": False}
        return {"tools": [{**tool, "annotations": readonly} for tool in tools.DEFINITIONS]}
    raise ProtocolError(METHOD_NOT_FOUND, f"There is no method {method}.")


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
    name, arguments = parameters.get("name"), parameters.get("arguments") or {}
    if name not in {tool["name"] for tool in tools.DEFINITIONS}:
        raise ProtocolError(INVALID_PARAMS, f"There is no tool {name}.")
    if not isinstance(arguments, dict):
        raise ProtocolError(INVALID_PARAMS, "`arguments` must be an object.")
    return str(name), arguments


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"content": [{"type": "text", "text": tools.call(name, arguments)}], "isError": False}
    except PluginError as error:
        sentence = str(error)
    except Exception as error:
        print(f"agent-brain: {name}: {error!r}", file=sys.stderr)
        sentence = f"{type(error).__name__}: {error}. This is a defect of Agent Brain; use grep instead."
    return {"content": [{"type": "text", "text": sentence}], "isError": True}


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)


def main() -> None:
    """Serve until stdin ends. It leaves by `os._exit`, so that no call under way holds it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # What anything prints must not end up between the messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    session = Session(output)
    try:
        for line in sys.stdin.buffer:
            if line.strip():
                session.receive(line)
        session.drain(DRAIN_SECONDS)
    except OSError:
        pass  # the client has gone
    os._exit(0)


if __name__ == "__main__":
    main()
