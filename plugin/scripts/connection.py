"""The project's server over HTTP: found by its identity, started through the launcher, asked."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import shared_path  # noqa: F401  where the contract is found
from agent_brain_contract.errors import cause
from agent_brain_contract.identification import identify
from agent_brain_contract.proof import new_challenge, prove
from agent_brain_contract.releases import is_outdated
from project import PluginError, consent, find_token, in_the_client, is_alive, read_claim, require_record

LAUNCHER = Path(__file__).resolve().with_name("agent-brain")
MANIFEST = Path(__file__).resolve().parents[2] / ".claude-plugin" / "plugin.json"
PLUGIN_GONE = (
    "the plugin was updated or removed while this session ran, so that it cannot start the server."
    " Ask the person to start a new session of Claude Code; until then use grep."
)
HEALTH_SECONDS = 5.0
ANSWER_SECONDS = 60.0
START_SECONDS = 30.0
_starting = threading.Lock()


class ServerGoneError(PluginError):
    """The server did not answer; it may have ended a moment ago."""


@dataclass(frozen=True)
class Server:
    """A server that has said who it is, with the token it wants."""

    url: str
    token: str

    def ask(self, method: str, path: str, body: object = None, seconds: float = ANSWER_SECONDS) -> Any:
        """Return the decoded answer.

        Raise PluginError with the server's own sentence, ServerGoneError if there is none.
        """
        address = urlsplit(self.url)
        connection = HTTPConnection(str(address.hostname), address.port, timeout=seconds)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body).encode("ascii"), headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read()
        except TimeoutError as error:  # it may still be at work: asked again, it would do all of it once more
            raise PluginError(
                f"the server at {self.url} did not answer within {seconds:g} s. Look: /agent-brain:doctor"
            ) from error
        except (OSError, HTTPException) as error:
            raise ServerGoneError(f"the server at {self.url} does not answer. Look: /agent-brain:doctor") from error
        finally:
            connection.close()
        return _decoded(status, content)


def _decoded(status: int, content: bytes) -> Any:
    try:
        answer = json.loads(content)
        if status < 400:
            return answer
        raise PluginError(str(answer["detail"]))
    except (ValueError, KeyError, TypeError) as error:
        raise PluginError(
            f"the server answered {status} with something unexpected. Look: /agent-brain:doctor"
        ) from error


def find_server(root: Path, seconds: float = HEALTH_SECONDS) -> Server | None:
    """Return the project's running server: with this project's identity, the noted process and the token."""
    claim = read_claim(root)
    if claim is None or not is_alive(claim.pid):
        return None
    token, challenge = find_token(root, os.environ), new_challenge()
    health = identify(claim.url, challenge, seconds)
    if health is None:
        return None
    said = (health.get("project_id"), health.get("pid"), health.get("proof"))
    proof = prove(token, challenge, urlsplit(claim.url).port or 0)
    return Server(claim.url, token) if said == (claim.project_id, claim.pid, proof) else None


def connect(root: Path) -> Server:
    """Return the project's server, started if it does not run or is of an older version.

    Many callers get the same one.
    """
    record = require_record(root, os.environ)
    with _starting:
        found = find_server(root)
        if found is not None and _is_outdated(root):
            return _start(root)
        if found is not None and record.checked != consent.files_digest(root):
            _require_accepted(root)
        return found or _start(root)


def _is_outdated(root: Path) -> bool:
    """Return whether the server that runs is to be replaced by this plugin's."""
    claim = read_claim(root)
    try:
        version = str(json.loads(MANIFEST.read_text("utf-8"))["version"])
    except OSError:  # this plugin itself was updated or removed, and the one after it starts the server
        return False
    return claim is not None and is_outdated(claim.version, claim.code, version)


def _require_accepted(root: Path) -> None:
    """Raise PluginError where the project's files set what the person has not accepted: the command says what."""
    failure = _run(root, "start")
    if failure:
        raise PluginError(failure)


def ask(root: Path, method: str, path: str, body: object = None) -> Any:
    """Ask the project's server, started if need be; one that stopped itself in between is started again, once."""
    try:
        return connect(root).ask(method, path, body)
    except ServerGoneError:
        return connect(root).ask(method, path, body)


def _start(root: Path) -> Server:
    """Start it by the command, which holds the lock against others; on another port if its own is taken."""
    failure = _run(root, "start")
    if "is taken by" in failure:
        failure = _run(root, "start", "--port", "auto")
    server = None if failure else find_server(root)
    if server is None:
        raise PluginError(failure or "the server was started but does not answer. Look: /agent-brain:doctor")
    return server


def _run(root: Path, *arguments: str) -> str:
    """Run the command on `root`: its sentence if it failed, else empty."""
    import subprocess

    if not LAUNCHER.exists():
        return PLUGIN_GONE
    command = [sys.executable, "-I", "-S", str(LAUNCHER), "--project", str(root), *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=Path(LAUNCHER.anchor),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=START_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`agent-brain {arguments[0]}` failed: {cause(error)}. Look: /agent-brain:doctor"
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return in_the_client(lines[-1].removeprefix("agent-brain: ")) if lines else f"`agent-brain {arguments[0]}` failed."
