"""`doctor` names each fault of the server and of what it leaves behind, and the command that it gives fixes it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psutil
import pytest

from support.cli import CliProject, free_port, without_root_powers
from support.doctored import Fault, assert_fixed, cases
from support.prepared import copied, prepare

ENV = ".env.agent-brain"
Make = Callable[[CliProject], None]


def server_file(**changes: object) -> Make:
    """A server that was started, with other words in its file."""

    def make(project: CliProject) -> None:
        server = project.json("start")
        del server["already_running"]
        project.server_file.write_text(json.dumps({**server, **changes}))

    return make


def damaged_server_file(project: CliProject) -> None:
    project.server_file.write_text('{"url": "http://127')


def of_an_ended_server(project: CliProject) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    server_file_of(project, ended.pid)


def of_another_process(project: CliProject) -> None:
    """Its number is in use again."""
    server_file_of(project, os.getpid())


def server_file_of(project: CliProject, pid: int) -> None:
    server_file()(project)
    content = json.loads(project.server_file.read_text())
    project.ok("stop")
    project.server_file.write_text(json.dumps({**content, "pid": pid, "started_at": 1.0}))


def killed(project: CliProject) -> None:
    pid = project.json("start")["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def hanging(project: CliProject) -> Iterator[None]:
    pid = project.json("start")["pid"]
    os.kill(pid, signal.SIGSTOP)
    yield


@contextmanager
def _listener(port: int) -> Iterator[None]:
    with closing(socket.socket()) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen()
        yield


def taken_port(project: CliProject) -> AbstractContextManager[None]:
    line = next(one for one in (project.root / ENV).read_text().splitlines() if one.startswith("AGENT_BRAIN_PORT="))
    return _listener(int(line.partition("=")[2]))


def changed_settings(project: CliProject) -> None:
    project.ok("start")
    with (project.state / "config.yaml").open("a") as config:
        config.write("log_level: warning\n")
    later = time.time() + 5
    os.utime(project.state / "config.yaml", (later, later))


def other_provider(project: CliProject) -> None:
    """The index has no vectors, the server that runs makes none, and the settings ask for some."""
    project.ok("start")
    config = project.state / "config.yaml"
    config.write_text(config.read_text().replace('provider: "none"', 'provider: "built-in"'))


def refused_start(project: CliProject) -> None:
    """The last start said why it failed; what is wrong is in order again, but for the command that is to be run."""
    logs = project.state / "logs"
    logs.mkdir(exist_ok=True)
    (logs / "server.log").write_text("agent-brain: port 1 is taken (in use). Run: agent-brain start --port auto\n")


def directory_for(name: str) -> Make:
    def make(project: CliProject) -> None:
        (project.state / name).unlink(missing_ok=True)
        (project.state / name).mkdir(parents=True)

    return make


def link_for(name: str) -> Make:
    def make(project: CliProject) -> None:
        path = project.state / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to("nowhere")

    return make


def file_for_logs(project: CliProject) -> None:
    logs = project.state / "logs"
    if logs.is_dir():
        logs.rename(logs.with_name("older logs"))
    logs.write_text("not a directory")


def read_only_state(project: CliProject) -> None:
    project.state.chmod(0o500)


FAULTS = {
    "a file of an ended server": Fault("server", "a server that has ended left", of_an_ended_server, "warn", "--fix"),
    "a file of a process that is no server": Fault("server", "server.json", of_another_process, "warn", "--fix"),
    "a damaged file of the server": Fault("server", "server.json", damaged_server_file, "warn", "--fix"),
    "a file of another project": Fault("server", "server.json", server_file(project_id="0" * 32), "warn", "--fix"),
    "a killed server": Fault("server", "a server that has ended left", killed, "warn", "--fix"),
    "a server of another version": Fault(
        "server", "another version runs", server_file(version="0.0.1"), "warn", "agent-brain restart"
    ),
    "a server that hangs": Fault("server", "does not answer", hanging, fix="agent-brain restart"),
    "a port that is taken": Fault("port", "is held by", taken_port, fix="agent-brain start --port auto"),
    "settings that changed under the server": Fault(
        "server", "changed after the server was started", changed_settings, "warn", "agent-brain restart"
    ),
    "a provider that changed under the server": Fault("embedding", "the settings say built-in", other_provider, "warn"),
    "a start that failed": Fault(
        "server", "the last start failed: port 1 is taken", refused_start, "warn", "--port auto"
    ),
    "a directory for the lock": Fault("setup", "is not a file", directory_for("server.lock"), fix="mv "),
    "a link for the lock of starts": Fault("setup", "is a link", link_for("lifecycle.lock"), fix="rm "),
    "a link for the log": Fault("setup", "is a link", link_for("logs/server.log"), fix="rm "),
    "a file for the logs": Fault("setup", "is not a directory", file_for_logs, fix="mv "),
    "a state that cannot be written": Fault(
        "state", "cannot be written", read_only_state, fix="chmod u+rwx", prefix=tuple(without_root_powers())
    ),
}
NIGHTLY = (
    "a file of a process that is no server",
    "a file of another project",
    "a killed server",
    "a provider that changed under the server",
    "a link for the log",
    "a file for the logs",
)

pytestmark = pytest.mark.timeout(600)  # a busy machine takes many times as long as an idle one


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--port", str(free_port()))


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("fault", cases(FAULTS, NIGHTLY))
def test_a_fault_is_named_and_its_fix_ends_it(project: CliProject, fault: str) -> None:
    assert_fixed(project, FAULTS[fault])
