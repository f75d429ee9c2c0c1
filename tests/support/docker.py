"""The real Docker engine that answers here (DOCKER_HOST or the default socket), and a project's container on it.

For what a real one does not do on demand, fakes: a `docker` command and an engine's socket.
"""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

COMPOSE = ("docker", "compose", "--env-file", ".env.agent-brain", "-f", ".claude/agent-brain/docker-compose.yml")
ANSWERS_SECONDS = 30
PULL_SECONDS = 500  # the image may have to come first


def require_docker() -> None:
    """Skip the test where no engine with Compose answers; fail where AGENT_BRAIN_TESTS_REQUIRE names docker."""
    reason = _missing()
    if reason and "docker" in os.environ.get("AGENT_BRAIN_TESTS_REQUIRE", "").split():
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


def _missing() -> str:
    """Why there is no Docker, empty if there is."""
    for command in (("docker", "compose", "version"), ("docker", "info")):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWERS_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no Docker: {error}"
        if done.returncode:
            return f"no Docker: {' '.join(command)}: {done.stderr.strip()}"
    return ""


@dataclass(frozen=True)
class ComposedDatabase:
    """The container of the project at `root`, by the compose file that setup wrote there."""

    root: Path

    def compose(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the documented command to its end; `more` are environment variables."""
        return run([*COMPOSE, *arguments], self.root, **more)

    def up(self) -> None:
        """Start it and wait until it is healthy."""
        done = self.compose("up", "-d", "--wait")
        if done.returncode:
            raise AssertionError(f"{done.stderr}\n{self.compose('logs').stdout}")

    def down(self, *flags: str) -> None:
        """Remove the container; with `-v` its data too."""
        done = self.compose("down", *flags)
        assert done.returncode == 0, done.stderr

    def volumes(self) -> list[str]:
        """The project's volumes."""
        name = json.loads(self.compose("config", "--format", "json").stdout)["name"]
        label = f"label=com.docker.compose.project={name}"
        return run(["docker", "volume", "ls", "--quiet", "--filter", label], self.root).stdout.split()

    def inspect(self) -> Any:
        """What the engine knows of the one container."""
        container = self.compose("ps", "--all", "--quiet").stdout.split()
        done = run(["docker", "inspect", *container], self.root)
        (found,) = json.loads(done.stdout)
        return found


def run(command: list[str], directory: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run to the end, without what would be read in place of the project's own files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("POSTGRES_", "COMPOSE_"))}
    return subprocess.run(
        command, cwd=directory, env={**kept, **more}, capture_output=True, text=True, timeout=PULL_SECONDS
    )


@contextmanager
def composed_database(root: Path) -> Iterator[ComposedDatabase]:
    """The container that setup prepared for `root`; nothing of it is left in the end."""
    database = ComposedDatabase(root)
    try:
        yield database
    finally:
        done = database.compose("--profile", "*", "down", "-v", "--remove-orphans")
        assert done.returncode == 0, done.stderr


@dataclass
class FakeEngine:
    """An engine that answers from a table: by path without the API's version, a status and what is sent as JSON."""

    address: str
    answers: dict[str, tuple[int, Any]] = field(
        default_factory=lambda: {"/version": (200, {"Version": "28.2.1", "ApiVersion": "1.47"})}
    )

    def publishes(self, container: str, project: str, port: int) -> None:
        """Let a container of the Compose project publish `port`, and no other one any."""
        labels = {"com.docker.compose.project": project}
        ports = [{"PrivatePort": 5432, "PublicPort": port, "IP": "127.0.0.1", "Type": "tcp"}]
        found = {"Id": "0123", "Names": [f"/{container}"], "Labels": labels, "Ports": ports}
        self.answers["/containers/json"] = (200, [found])


@contextmanager
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """A fake of the engine, which DOCKER_HOST names."""
    with tempfile.TemporaryDirectory() as short:  # a socket's path may have a hundred characters
        engine = FakeEngine(f"{short}/docker.sock")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                path = re.sub(r"^/v[\d.]+", "", self.path.partition("?")[0])
                status, value = engine.answers.get(path, (404, {"message": f"no {path}"}))
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n")
                self.close_connection = True

            do_GET = do_POST = answer  # noqa: N815  the names that the class looks for

            def address_string(self) -> str:
                return "a unix socket"

            def log_message(self, *_: object) -> None:
                pass

        with socketserver.ThreadingUnixStreamServer(engine.address, Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.address}")
            try:
                yield engine
            finally:
                server.shutdown()
                thread.join()


def fake_command(directory: Path, script: str) -> Path:
    """A fake of the `docker` command in `directory`, which is to come first in the PATH."""
    command = directory / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return command
