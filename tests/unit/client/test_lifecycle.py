"""The parts of starting and stopping that need no server."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from agent_brain_client import lifecycle
from agent_brain_client.answers import ServerFile
from agent_brain_client.errors import NotSetUpError, PortTakenError, StartError
from agent_brain_client.logfile import LONGEST, last_sentence, log_path, older_path, open_log
from agent_brain_client.processes import has_ended, port_holder, runs_server, server_process
from agent_brain_client.wire import STATE_DIRECTORY
from agent_brain_contract.errors import UnsafeStateError
from support.consent import accept


def claim(pid: int, started_at: float) -> ServerFile:
    return ServerFile(url="http://127.0.0.1:1", pid=pid, project_id="x", version="1", started_at=started_at)


def write_log(state: Path, content: bytes) -> None:
    descriptor = open_log(state)
    os.write(descriptor, content)
    os.close(descriptor)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    state = tmp_path / STATE_DIRECTORY
    state.mkdir(parents=True)
    (state / "config.yaml").write_text("")
    (tmp_path / ".env.agent-brain").write_text("AGENT_BRAIN_TOKEN=t\n")
    accept(tmp_path)
    return tmp_path


def test_the_log_is_private_appended_to_and_bounded(tmp_path: Path) -> None:
    write_log(tmp_path, b"first\n")
    write_log(tmp_path, b"line\n" * (LONGEST // 5))
    assert log_path(tmp_path).read_bytes().startswith(b"first\n")
    write_log(tmp_path, b"last\n")
    assert log_path(tmp_path).read_bytes() == b"last\n"
    assert older_path(tmp_path).read_bytes().startswith(b"first\n")
    directory = log_path(tmp_path).parent
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}
    assert sorted(path.name for path in directory.iterdir()) == ["server.log", "server.log.1"]
    directory.chmod(0o755)
    write_log(tmp_path, b"")
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def in_the_way(path: Path, kind: str) -> None:
    """Put something else in the place of a file or directory."""
    path.parent.mkdir(exist_ok=True)
    if kind == "link":
        path.symlink_to(path.parent.parent / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["link", "pipe", "directory"])
@pytest.mark.parametrize("name", ["server.log", "server.log.1"])
def test_only_a_file_is_the_log(tmp_path: Path, name: str, kind: str) -> None:
    in_the_way(tmp_path / "logs" / name, kind)
    with pytest.raises(UnsafeStateError, match=rf"{name} is not a regular file.*Run: rm"):
        open_log(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_logs_are_kept_in_a_directory_alone(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    in_the_way(tmp_path / "logs", kind)
    with pytest.raises(UnsafeStateError, match=r"logs is not a directory.*Run: rm"):
        open_log(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (b"warning\nagent-brain: port 1 is taken.\nbye\n", "port 1 is taken."),
        (b"Traceback\nValueError: x\n\n", "ValueError: x"),
        (b"2026 ERROR a: b\n    ValueError: x\n    agent-brain: forged\n", "agent-brain: forged"),
        (b"agent-brain: no\n2026 ERROR a: b\n    agent-brain: forged\n", "no"),
        (b"", ""),
    ],
)
def test_the_servers_sentence_is_found(tmp_path: Path, written: bytes, sentence: str) -> None:
    write_log(tmp_path, b"agent-brain: an older one.\n")
    offset = log_path(tmp_path).stat().st_size
    write_log(tmp_path, written)
    assert last_sentence(tmp_path, offset) == sentence


def test_no_log_no_sentence(tmp_path: Path) -> None:
    assert last_sentence(tmp_path, 0) == ""


def test_a_process_is_known_by_its_age() -> None:
    now = time.time()
    born = psutil.Process().create_time()
    assert server_process(claim(os.getpid(), now)) is not None
    assert server_process(claim(os.getpid(), born - 60)) is None
    gone = subprocess.Popen([sys.executable, "-c", ""])
    watched = psutil.Process(gone.pid)
    while not has_ended(watched):
        time.sleep(0.01)
    assert server_process(claim(gone.pid, now)) is None  # not reaped yet
    gone.wait()
    assert server_process(claim(gone.pid, now)) is None
    assert not runs_server(psutil.Process(), Path("/"))


def test_the_holder_of_a_port_that_is_free() -> None:
    assert port_holder(1) == "another program"


def test_start_needs_settings_and_a_token(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_BRAIN_TOKEN", raising=False)
    (project / ".env.agent-brain").unlink()
    with pytest.raises(NotSetUpError, match="token"):
        lifecycle.start(project)
    (project / STATE_DIRECTORY / "project.json").unlink()
    with pytest.raises(NotSetUpError, match="not set up"):
        lifecycle.start(project)


def fake_start(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Start this program in the server's place."""
    monkeypatch.setattr(lifecycle, "_command", lambda *_: [sys.executable, "-c", program])


def test_a_start_that_fails_says_why(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_start(monkeypatch, "import sys; print('agent-brain: the moon is full.', file=sys.stderr); sys.exit(2)")
    with pytest.raises(StartError, match=r"^the server did not start: the moon is full\.$"):
        lifecycle.start(project)
    fake_start(monkeypatch, "import sys; print('agent-brain: port 1 is taken (in use).', file=sys.stderr); sys.exit(2)")
    with pytest.raises(PortTakenError, match="port 1 is taken by another program"):
        lifecycle.start(project)


def test_a_start_that_never_answers_is_given_up_and_ended(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = project / "pid"
    fake_start(monkeypatch, f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    monkeypatch.setattr(lifecycle, "START_SECONDS", 1.0)
    with pytest.raises(StartError, match="did not answer within 1 s"):
        lifecycle.start(project)
    assert not psutil.pid_exists(int(note.read_text()))


def test_a_holder_that_does_not_answer_is_reported(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_start(monkeypatch, "import sys; sys.exit(3)")
    monkeypatch.setattr(lifecycle, "START_SECONDS", 0.5)
    with pytest.raises(StartError, match=r"another process uses .* run: agent-brain start"):
        lifecycle.start(project)


def test_stopping_nothing_writes_nothing(tmp_path: Path) -> None:
    assert lifecycle.stop(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
