"""The launcher: its environment, made once, for one version, in view; and the command that it runs there.

test_traps.py installs the real packages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.claude import plugin_tree
from support.cli import RETRY_SOURCE, clean_environment, free_port

BUILD_SECONDS = 300
# Replaces uv where only the launcher's own work is looked at: a real environment that borrows the tests' packages.
FAKE_UV = """#!/bin/sh
echo "$@" >>"$INSTALLER_CALLS"
sleep 1
{python} -m venv --without-pip "$UV_PROJECT_ENVIRONMENT" && {python} - <<'SCRIPT'
import os, pathlib, sysconfig
(found,) = pathlib.Path(os.environ["UV_PROJECT_ENVIRONMENT"]).glob("lib/python*/site-packages")
(found / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
SCRIPT
"""


class Launched:
    """One copy of the plugin with a home, a project and a data directory."""

    def __init__(self, tree: Path, place: Path) -> None:
        self.script = tree / "plugin" / "scripts" / "agent-brain"
        self.data = place / "plugin data"
        self.project = place / "shop"
        (self.project / ".git").mkdir(parents=True, exist_ok=True)
        (self.project / "retry.py").write_text(RETRY_SOURCE)
        self.environment = clean_environment(place / "home")

    def command(self, *arguments: str) -> list[str]:
        return [str(self.script), "--data", str(self.data), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def set_up(self) -> str:
        return self.ok("setup", "--yes", "--port", str(free_port()), "--embedding", "none", "--no-watch")

    def environments(self) -> list[str]:
        return sorted(path.name for path in (self.data / "envs").glob("[!.]*"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugin_tree(tmp_path_factory.mktemp("cache") / "agent brain" / "0.1.0")


@pytest.fixture
def bare(tree: Path, tmp_path: Path) -> Iterator[Launched]:
    """Nothing is built yet, and uv is what the person has."""
    launched = Launched(tree, tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").write_text(FAKE_UV.format(python=sys.executable))
    (tools / "uv").chmod(0o755)
    launched.environment["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    launched.environment["INSTALLER_CALLS"] = str(tmp_path / "calls")
    (tmp_path / "calls").touch()
    yield launched
    if launched.environments():
        launched.run("stop")


def key(tree: Path) -> str:
    return hashlib.sha256((tree / "uv.lock").read_bytes()).hexdigest()[:12]


@pytest.mark.parametrize("command", ["status", "search", "start", "uninstall", "nonsense"])
def test_only_setup_installs(bare: Launched, command: str) -> None:
    done = bare.run(command)
    assert done.returncode == 2
    assert done.stderr.startswith("agent-brain: ")
    assert done.stderr.endswith("Run: /agent-brain:setup\n")
    assert bare.environments() == []


def test_setup_installs_in_view_and_the_rest_uses_it(bare: Launched, tree: Path) -> None:
    done = bare.run("setup", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert "Installing the packages with uv" in done.stderr
    assert done.stdout.splitlines()[-1].startswith("{")
    assert bare.environments() == [key(tree)]
    bare.set_up()
    assert "retry.py:1-3" in bare.ok("search", "next delay") or bare.ok("index", "--wait")
    assert "retry.py:1-3" in bare.ok("search", "next delay")
    assert bare.ok("version").startswith("agent-brain 0.1.0")
    calls = Path(bare.environment["INSTALLER_CALLS"]).read_text().splitlines()
    assert len(calls) == 1
    assert "sync --frozen --no-dev --no-install-project" in calls[0]


def test_a_project_with_our_modules_names_does_not_win(bare: Launched) -> None:
    for name in ("agent_brain_wizard", "server", "project", "environment", "launcher"):
        (bare.project / f"{name}.py").write_text("raise SystemExit(99)\n")
    bare.set_up()
    assert bare.ok("version").startswith("agent-brain 0.1.0")


def test_two_setups_at_once_install_once(bare: Launched) -> None:
    processes = [
        subprocess.Popen(
            bare.command("setup", "--dry-run"),
            cwd=bare.project,
            env=bare.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert sum("waiting for it" in text for text in said) == 1
    assert len(Path(bare.environment["INSTALLER_CALLS"]).read_text().splitlines()) == 1


def test_an_installation_that_was_cut_short_is_made_again(bare: Launched, tree: Path) -> None:
    process = subprocess.Popen(
        bare.command("setup", "--dry-run"), cwd=bare.project, env=bare.environment, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process:
        process.stderr.readline()
        time.sleep(0.2)
        process.kill()
        assert bare.environments() == []
    time.sleep(1.5)  # what it had started runs on for a moment
    bare.ok("setup", "--dry-run")
    assert bare.environments() == [key(tree)]


def test_two_versions_do_not_disturb_each_other(bare: Launched, tree: Path, tmp_path: Path) -> None:
    newer_tree = plugin_tree(tmp_path / "0.2.0", "0.2.0")
    with (newer_tree / "uv.lock").open("a") as lock:
        lock.write("# newer\n")
    newer = Launched(newer_tree, tmp_path)
    newer.environment = bare.environment
    bare.set_up()
    assert newer.run("version").returncode == 2
    newer.ok("setup", "--dry-run")
    assert newer.environments() == sorted([key(tree), key(newer_tree)])
    for launched in (bare, newer):
        assert launched.ok("version").startswith("agent-brain ")


def test_for_a_caller_that_drops_failures_all_is_said_on_stdout(bare: Launched) -> None:
    done = bare.run("--no-fail", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "/agent-brain:setup" in done.stdout
    bare.ok("setup", "--dry-run")
    done = bare.run("--no-fail", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is not set up" in done.stdout


def test_an_interpreter_can_be_named(bare: Launched) -> None:
    bare.environment["AGENT_BRAIN_PYTHON"] = sys.executable
    assert bare.ok("version").startswith("agent-brain 0.1.0")
    assert bare.environments() == []


def test_without_uv_and_a_python_it_says_what_to_install(bare: Launched, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "tools")
    only = tmp_path / "only"
    only.mkdir()
    (only / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} -c "raise SystemExit(1)"\n')
    (only / "python3").chmod(0o755)
    bare.environment["PATH"] = str(only)
    code = (
        f"import sys; sys.path.insert(0, {str(bare.script.parent)!r}); sys.executable = '';"
        f" import launcher; sys.exit(launcher.main({bare.command('setup')[1:]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=bare.environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Install uv" in done.stderr
    assert "Traceback" not in done.stderr
