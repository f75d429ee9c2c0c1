"""The plugin is updated, or its folder removed, while its server runs: the next call is answered by the right one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from agent_brain_client.processes import has_ended
from support.cli import free_port
from support.life import STEADY, Machine

ENDS_WITHIN_SECONDS = 60.0


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine")
    try:
        yield made
    finally:
        print("\n".join(made.log))
        made.close()


@pytest.fixture
def root(machine: Machine) -> Path:
    """A project whose server, without worker processes, runs the first version's code."""
    root = machine.place / "shop"
    (root / ".git").mkdir(parents=True)
    (root / "steady.py").write_text(STEADY)
    ok(machine, root, f"setup --yes --embedding none --no-watch --port {free_port()}")
    ok(machine, root, "start")
    return root


def ok(machine: Machine, root: Path, command: str) -> str:
    done = machine.run(root, f"agent-brain {command}")
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def server_of(machine: Machine, root: Path) -> psutil.Process:
    claim = machine.claim(root)
    assert isinstance(claim["pid"], int)
    return psutil.Process(claim["pid"])


def ends(process: psutil.Process) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while not has_ended(process):
        assert time.monotonic() < deadline, process
        time.sleep(0.05)


def remove_plugin(plugin: Path) -> None:
    shutil.rmtree(plugin)


def upgrade_in_place(plugin: Path) -> None:
    """As pip and git do: the same folder, other files."""
    module = plugin / "server" / "agent_brain_server" / "indexing" / "workers" / "worker_process.py"
    fresh = module.with_suffix(".new")
    fresh.write_text(module.read_text() + "\n# another version\n")
    fresh.replace(module)


@pytest.mark.parametrize("change", [remove_plugin, upgrade_in_place])
def test_a_server_whose_code_is_gone_ends_by_itself(
    machine: Machine, root: Path, change: Callable[[Path], None]
) -> None:
    server, before = server_of(machine, root), machine.plugin
    machine.install_plugin()
    change(before)
    ends(server)
    assert not (root / ".claude/agent-brain/server.json").exists()
    machine.answers(root)


def test_no_job_is_lost_to_code_that_is_gone(machine: Machine, root: Path) -> None:
    before = machine.plugin
    machine.install_plugin()
    shutil.rmtree(before)
    assert "steady" not in ok(machine, root, "search steady_marker --json"), "nothing was indexed before"
    ok(machine, root, "index --wait")
    jobs = json.loads(ok(machine, root, "jobs --json"))["jobs"]
    assert {job["state"] for job in jobs} == {"done"}
    assert "steady.py:1-2" in ok(machine, root, "search steady_marker")


def test_a_job_that_meets_missing_code_waits_for_the_next_server(machine: Machine, root: Path) -> None:
    """The server is asked directly, before it looks at its code again, if this machine is quick enough for that."""
    before, claim = machine.plugin, machine.claim(root)
    token = (root / ".env.agent-brain").read_text().partition("AGENT_BRAIN_TOKEN=")[2].split()[0]
    headers = {"Authorization": f"Bearer {token}"}
    machine.install_plugin()
    before.rename(before.with_name("removed"))
    try:
        answer = httpx.post(f"{claim['url']}/index", json={}, headers=headers, trust_env=False, timeout=30)
    except httpx.TransportError:
        job = json.loads(ok(machine, root, "index --json"))["id"]
    else:
        assert answer.status_code == 202, answer.text
        job = answer.json()["id"]
    ok(machine, root, f"jobs --watch {job}")
    assert json.loads(ok(machine, root, f"jobs {job} --json"))["state"] == "done"


def test_a_server_of_an_older_version_is_replaced_by_the_next_call(machine: Machine, root: Path) -> None:
    """The older plugin's folder is still there, as the client keeps it."""
    server, version = server_of(machine, root), machine.claim(root)["version"]
    machine.install_plugin()
    ok(machine, root, "start")
    ends(server)
    claim = machine.claim(root)
    assert claim["version"] != version
    assert str(claim["code"]).startswith(str(machine.plugin))
    assert "Already running" in ok(machine, root, "start")


def test_a_newer_server_stays(machine: Machine, root: Path) -> None:
    """Two installations of different versions do not end each other's servers in turn."""
    older, claim = machine.plugin / "plugin" / "scripts" / "agent-brain", machine.claim(root)
    machine.install_plugin()
    ok(machine, root, "start")
    newer = machine.claim(root)
    assert newer["pid"] != claim["pid"]
    done = machine.run(root, f"'{older}' start")
    assert (done.returncode, "Already running" in done.stdout) == (0, True), done.stderr
    assert machine.claim(root)["pid"] == newer["pid"]


def asked(mcp: Path, machine: Machine, root: Path, before_call: Callable[[], object]) -> str:
    """What the agent's tool answers in a session that runs the plugin's script `mcp`."""
    environment = {**machine.environment, "CLAUDE_PROJECT_DIR": str(root)}
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(mcp)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=root,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        parameters = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        messages = [{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters}]
        messages.append(
            {
                "jsonrpc": "2.0",
                "id": 2,
                "method": "tools/call",
                "params": {"name": "search", "arguments": {"query": "steady_marker"}},
            }
        )
        for message in messages:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            before_call()
            before_call = lambda: None  # noqa: E731  once, when the session has begun
        process.stdin.close()
    return str(answer["result"]["content"][0]["text"])


def test_the_agents_tool_replaces_an_older_server(machine: Machine, root: Path) -> None:
    ok(machine, root, "index --wait")
    server = server_of(machine, root)
    plugin = machine.install_plugin()
    assert "steady.py:1-2" in asked(plugin / "plugin/scripts/mcp_server.py", machine, root, lambda: None)
    ends(server)
    assert str(machine.claim(root)["code"]).startswith(str(plugin))


def test_a_session_whose_plugin_is_gone_says_so(machine: Machine, root: Path) -> None:
    ok(machine, root, "index --wait")
    ok(machine, root, "stop")
    before = machine.plugin
    machine.install_plugin()
    said = asked(before / "plugin/scripts/mcp_server.py", machine, root, lambda: shutil.rmtree(before))
    assert said.startswith("the plugin was updated or removed while this session ran")
    assert os.linesep not in said
