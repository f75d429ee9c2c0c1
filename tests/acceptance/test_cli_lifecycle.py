"""`start`, `stop` and `status`: one server for a project, and exactly that one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent_brain_client.wire import location_id
from support.cli import CliProject, cli_project, free_port, without_root_powers


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "mein Läden é 店") as made:
        made.set_up()
        yield made


def servers_of(project: CliProject) -> list[int]:
    """The processes that serve the project, by their command lines."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if "agent_brain_server" in words and str(project.root) in words and process.info["status"] != "zombie":
            found.append(process.pid)
    return found


def claim(project: CliProject, **changed: object) -> dict[str, object]:
    """A `server.json` as the server writes it."""
    return {
        "url": f"http://127.0.0.1:{free_port()}",
        "pid": os.getpid(),
        "project_id": location_id(project.root),
        "version": "0",
        "started_at": time.time(),
        **changed,
    }


def test_start_status_stop(project: CliProject) -> None:
    started = project.json("start")
    assert started == {**json.loads(project.server_file.read_text()), "already_running": False}
    assert servers_of(project) == [started["pid"]]
    assert project.json("start") == {**started, "already_running": True}

    status = project.json("status")
    assert status["running"]
    assert status["project"]["root"] == str(project.root)
    assert status["server"]["pid"] == started["pid"]
    assert str(started["pid"]) in project.ok("status")

    assert str(started["pid"]) in project.ok("stop")
    assert servers_of(project) == []
    assert not project.server_file.exists()
    assert project.ok("stop") == "Not running.\n"


def test_status_does_not_start_a_server(project: CliProject) -> None:
    done = project.run("status")
    assert done.returncode == 3
    assert "not running" in done.stdout
    assert servers_of(project) == []
    assert not json.loads(project.run("status", "--json").stdout)["running"]


def test_many_starts_at_once_give_one_server(project: CliProject) -> None:
    starts = [project.popen("start", "--json") for _ in range(8)]
    outcomes = [(process.communicate(timeout=60), process.returncode) for process in starts]
    assert [code for _, code in outcomes] == [0] * 8, outcomes
    pids = {json.loads(output)["pid"] for (output, _), _ in outcomes}
    assert servers_of(project) == list(pids)
    project.ok("stop")
    assert servers_of(project) == []


def test_starts_and_stops_at_once_leave_a_state_that_is_reported_truly(project: CliProject) -> None:
    commands = [project.popen(verb, "--json") for verb in ("start", "stop", "start", "stop", "start")]
    for process in commands:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    running = servers_of(project)
    assert len(running) <= 1
    assert (project.run("status").returncode == 0) == bool(running)
    project.ok("stop")
    assert servers_of(project) == []


def test_a_start_waits_for_a_server_that_is_ending(project: CliProject) -> None:
    first = project.json("start")["pid"]
    os.kill(first, signal.SIGTERM)
    second = project.json("start")
    assert project.json("status")["server"]["pid"] == second["pid"]


def test_a_killed_server_is_replaced(project: CliProject) -> None:
    first = project.json("start")["pid"]
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=10)
    assert project.run("status").returncode == 3
    second = project.json("start")
    assert not second["already_running"]
    assert servers_of(project) == [second["pid"]]


def test_the_server_survives_the_terminal_that_started_it(project: CliProject) -> None:
    started = project.json("start")
    assert os.getsid(started["pid"]) == started["pid"]
    log = project.state / "logs" / "server.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\x00\x01", b'{"url": 1}', b"[" * 100_000, b'{"pid": 1e999}'],
    ids=["empty", "cut", "list", "null", "binary", "partial", "deep", "infinite"],
)
def test_a_damaged_server_file_is_not_running(project: CliProject, content: bytes) -> None:
    project.server_file.write_bytes(content)
    assert project.run("status").returncode == 3
    assert project.ok("stop") == "Not running.\n"


def test_a_dead_process_is_not_running(project: CliProject) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    project.server_file.write_text(json.dumps(claim(project, pid=gone.pid)))
    assert project.run("status").returncode == 3
    assert project.ok("stop") == "Not running.\n"
    assert not project.json("start")["already_running"]


def test_a_reused_process_id_is_not_running_and_not_ended(project: CliProject) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for started_at in (time.time() - 3600, time.time() + 3600):
            project.server_file.write_text(json.dumps(claim(project, pid=bystander.pid, started_at=started_at)))
            assert project.run("status").returncode == 3
            assert project.ok("stop") == "Not running.\n"
            assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


class Stranger(BaseHTTPRequestHandler):
    """Answers every request alike and notes the Authorization headers it was sent."""

    answer: dict[str, Any] | list[Any] | None = None
    tokens: list[str | None]

    def do_GET(self) -> None:
        type(self).tokens.append(self.headers["Authorization"])
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.mark.parametrize("kind", ["no object", "other project", "other process"])
def test_a_strange_server_on_the_port_is_not_ours_and_gets_no_token(project: CliProject, kind: str) -> None:
    answers: dict[str, Any] = {
        "no object": [],
        "other project": {"project_id": "0" * 16, "pid": os.getpid()},
        "other process": {"project_id": location_id(project.root), "pid": 1},
    }
    handler = type("Handler", (Stranger,), {"answer": answers[kind], "tokens": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as stranger:
        serving = threading.Thread(target=stranger.serve_forever)
        serving.start()
        try:
            url = f"http://127.0.0.1:{stranger.server_port}"
            project.server_file.write_text(json.dumps(claim(project, url=url)))
            assert project.run("status").returncode == 3
            assert project.ok("stop") == "Not running.\n"
        finally:
            stranger.shutdown()
            serving.join()
    assert handler.tokens
    assert set(handler.tokens) == {None}


def test_an_address_elsewhere_is_not_asked(project: CliProject) -> None:
    project.server_file.write_text(json.dumps(claim(project, url="http://192.0.2.1:80")))
    began = time.monotonic()
    assert project.run("status").returncode == 3
    assert time.monotonic() - began < 3


def test_a_taken_port_is_named_with_its_holder(project: CliProject) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = project.run("start", "--port", str(port))
        assert done.returncode == 3
        assert done.stderr.startswith(f"agent-brain: port {port} is taken by ")
        assert f"pid {os.getpid()}" in done.stderr
        assert "--port auto" in done.stderr

        project.ok("setup", "--yes", "--port", str(free_port()))
        started = project.json("start", "--port", "auto")
        assert started["url"] != f"http://127.0.0.1:{port}"


def test_a_command_that_needs_the_server_takes_another_port(project: CliProject) -> None:
    settings = (project.root / ".env.agent-brain").read_text()
    port = int(settings.partition("AGENT_BRAIN_PORT=")[2].split()[0])
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        done = project.run("folders", "list")
        assert done.returncode == 0, done.stderr
        assert f"Port {port} is taken by" in done.stderr
        # A second setup then moves the project, and names the holder.
        again = project.run("setup", "--yes")
        assert f"port {port} is taken by" in again.stderr
        assert f"AGENT_BRAIN_PORT={port}\n" not in (project.root / ".env.agent-brain").read_text()


def test_start_takes_the_port_that_setup_was_given(project: CliProject) -> None:
    port = free_port()
    project.ok("setup", "--yes", "--port", str(port))
    assert project.json("start")["url"] == f"http://127.0.0.1:{port}"
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_a_port_for_a_new_server_is_refused_while_one_runs(project: CliProject) -> None:
    project.ok("start")
    done = project.run("start", "--port", str(port := free_port()))
    assert done.returncode == 3
    assert done.stderr.rstrip().endswith(f"Run: agent-brain restart --port {port}")


def test_a_start_that_fails_says_why_in_the_servers_words(project: CliProject) -> None:
    (project.state / "config.yaml").write_text("storage: {url: 'mysql://x'}\n")
    done = project.run("start")
    assert done.returncode == 3
    assert done.stderr.startswith("agent-brain: the server did not start: ")
    assert done.stderr.count("\n") == 1
    assert "storage" in done.stderr.lower() or "sqlite" in done.stderr.lower()


def test_a_projects_own_modules_do_not_win(project: CliProject) -> None:
    for name in ("agent_brain_server", "uvicorn", "json", "server", "wizard"):
        project.write({f"{name}.py": "raise SystemExit('the wrong module')\n"})
    project.ok("start")
    project.ok("status")


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="file modes do not bind root")
def test_a_read_only_project_says_so(project: CliProject) -> None:
    project.state.chmod(0o555)
    try:
        done = project.run("start", prefix=without_root_powers())
    finally:
        project.state.chmod(0o755)
    assert done.returncode == 3
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_server_that_hangs_is_ended_all_the_same(project: CliProject) -> None:
    pid = project.json("start")["pid"]
    os.kill(pid, signal.SIGSTOP)
    project.ok("stop")
    assert servers_of(project) == []
    assert not project.json("start")["already_running"]


def test_a_project_that_is_not_set_up(tmp_path: Path) -> None:
    with cli_project(tmp_path / "bare") as project:
        for command in (("start",), ("status",), ("search", "x"), ("index",), ("jobs",), ("folders",)):
            done = project.run(*command)
            assert done.returncode == 2, command
            assert "Run: agent-brain setup" in done.stderr
        assert project.ok("stop") == "Not running.\n"
        assert list(project.root.iterdir()) == [project.root / ".git"]
