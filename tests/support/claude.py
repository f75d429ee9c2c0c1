"""The real Claude Code client without an account: in a home of its own, cut off from the network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = Path(os.environ.get("AGENT_BRAIN_CLIENT") or ROOT.parent / "shared" / "client" / "claude-client")
VERSIONS = ("2.1.329", "2.1.197")
ANSWER_SECONDS = 60
CONNECT_SECONDS = 10
_STREAMING = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")


def require_client(version: str) -> None:
    """Skip the test where this client is not installed; fail where AGENT_BRAIN_TESTS_REQUIRE names client."""
    reason = _missing(version)
    if reason and "client" in os.environ.get("AGENT_BRAIN_TESTS_REQUIRE", "").split():
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def _missing(version: str) -> str:
    """Why the client cannot be run, empty if it can."""
    try:
        done = subprocess.run(
            [CLIENT, "--version"],
            env={**os.environ, "CLIENT_VERSION": version},
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no Claude Code client: {error}"
    return "" if done.returncode == 0 else f"no Claude Code client: {done.stderr.strip()}"


@dataclass(frozen=True)
class Session:
    """What a client loaded, in its own words, and everything it said on the way."""

    messages: list[dict[str, Any]]

    def ask(self, to: IO[str], answers: IO[str], subtype: str) -> None:
        """Send a control request and listen until it is answered."""
        to.write(json.dumps({"type": "control_request", "request_id": subtype, "request": {"subtype": subtype}}) + "\n")
        to.flush()
        self.messages[:] = [message for message in self.messages if not _answers(message, subtype)]
        for line in answers:
            self._take(line)
            if self.messages and _answers(self.messages[-1], subtype):
                return
        raise AssertionError(f"no answer to {subtype} after {self.messages}")

    def listen(self, answers: IO[str]) -> None:
        """Take everything up to the end."""
        for line in answers:
            self._take(line)

    def _take(self, line: str) -> None:
        if line.startswith("{"):
            self.messages.append(json.loads(line))

    def response(self, subtype: str) -> dict[str, Any]:
        """The answer to a control request."""
        (message,) = [message for message in self.messages if _answers(message, subtype)]
        return dict(message["response"]["response"])

    def hook_answers(self) -> list[dict[str, Any]]:
        """How each hook ended."""
        return [message for message in self.messages if message.get("subtype") == "hook_response"]

    def commands(self) -> set[str]:
        """Our slash commands, by their names."""
        return {
            command["name"]
            for command in self.response("initialize")["commands"]
            if command["name"].startswith("agent-brain")
        }

    def mcp_server(self) -> dict[str, Any]:
        """The state of our MCP server."""
        servers = [found for found in self.response("mcp_status")["mcpServers"] if "agent-brain" in found["name"]]
        assert len(servers) == 1, self.response("mcp_status")
        return dict(servers[0])


def _answers(message: Mapping[str, Any], subtype: str) -> bool:
    return message.get("type") == "control_response" and message["response"]["request_id"] == subtype


@dataclass
class Client:
    """One version of the client with a home directory and a project."""

    version: str
    home: Path
    project: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, text: str = "", network: bool = False) -> subprocess.CompletedProcess[str]:
        """Run to the end in the project, `text` on stdin; with `network` it sees this machine's own servers."""
        return subprocess.run(
            [CLIENT, *arguments],
            cwd=self.project,
            env=self._variables(network),
            input=text,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
        )

    def ok(self, *arguments: str | Path) -> str:
        """The output of a command that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def handshake(self, *flags: str | Path, network: bool = False) -> Session:
        """Let a session begin and say what it has loaded; no prompt is sent. An MCP server that connects is awaited."""
        with subprocess.Popen(
            [CLIENT, *_STREAMING, *flags],
            cwd=self.project,
            env=self._variables(network),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            session = Session([])
            session.ask(process.stdin, process.stdout, "initialize")
            deadline = time.monotonic() + CONNECT_SECONDS
            while True:
                session.ask(process.stdin, process.stdout, "mcp_status")
                if session.mcp_server()["status"] != "pending" or time.monotonic() > deadline:
                    break
                time.sleep(0.1)
            process.stdin.close()
            session.listen(process.stdout)
        return session

    def _variables(self, network: bool) -> dict[str, str]:
        # What a person accepts outside of the client counts in it.
        given = {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"], **self.environment}
        named = " ".join(f"{name}={value}" for name, value in given.items())
        assert len(named.split()) == len(given), "values must have no spaces"
        control = {
            "CLIENT_VERSION": self.version,
            "CLIENT_HOME": str(self.home),
            "CLIENT_ENV": named,
            "CLIENT_NET": "host" if network else "none",
        }
        return {**os.environ, **control}

    def type_command(self, command: str, *flags: str | Path) -> str:
        """Everything that is said when a person types `command`; without an account it ends at the login."""
        done = self.run("-p", *flags, text=command)
        return done.stdout + done.stderr


def plugin_tree(target: Path, version: str = "") -> Path:
    """A copy of the plugin as a person gets it, with what is not committed left out; `version` bumps it."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        source, copy = ROOT / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.exists() and not name.startswith("tests/"):
            shutil.copy2(source, copy, follow_symlinks=False)
    if version:
        manifest = target / ".claude-plugin" / "plugin.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
    return target
