"""No code of a project is run: one that is full of traps is set up, served, searched and left, and none is sprung."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from support.claude import ROOT, plugin_tree
from support.cli import COMMAND, clean_environment, free_port
from support.mcp_client import search_once
from support.traps import TrappedProject

BUILD_SECONDS = 1200  # generous: a busy machine takes many times as long as an idle one
SERVED = (
    "start",
    "index --wait --force",
    "status",
    "search gizmo_7",
    "graph definitions gizmo_7",
    "doctor",
    "jobs",
    "folders",
)
UNSERVED = ("worker --help", "storage --help", "db info", "version", "setup --dry-run --yes --storage postgres-docker")
# Python, and the script that an installer makes for the command, look for these by PYTHONPATH before any of our code
# runs: nothing that we ship can keep a variable of the person's own from naming them.
BEFORE_US = ("sitecustomize", "usercustomize", "encodings", "agent_brain_wizard", "agent_brain_client", "re")


class Visit:
    """A command in a trapped project, run step by step; every step must end well and spring no trap."""

    def __init__(self, project: TrappedProject, command: list[str], environment: Mapping[str, str]) -> None:
        self.project = project
        self._command = command
        self.environment = dict(environment)

    def step(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """What the command says."""
        return self.run([*self._command, *arguments], codes=codes)

    def run(self, command: list[str], text: str = "", codes: tuple[int, ...] = (0,)) -> str:
        """What any program says that is started in the project."""
        done = subprocess.run(
            command,
            cwd=self.project.root,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
        assert self.project.sprung() == [], f"{command}: {done.stderr[-2000:]}"
        assert done.returncode in codes, f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def visit(self) -> None:
        """All that can be done with a project that is set up."""
        for line in SERVED:
            said = self.step(*line.split(), codes=(0, 1) if line == "doctor" else (0,))
            assert "gizmo_7" in said or "gizmo_7" not in line, said
        for line in UNSERVED:
            self.step(*line.split(), codes=(0, 1, 2))

    def leave(self) -> None:
        self.step("stop")
        self.step("uninstall", "--yes")

    def abandon(self) -> None:
        """Stop the server, even if that springs a trap."""
        subprocess.run([*self._command, "stop"], cwd=self.project.root, env=self.environment, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> TrappedProject:
    return TrappedProject(tmp_path / "trapped project", tmp_path / "sprung")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugin_tree(tmp_path_factory.mktemp("cache") / "agent brain" / "0.1.0")


def installers_environment(home: Path, project: TrappedProject, installer: str) -> dict[str, str]:
    """Hostile variables; the installers keep the caches of whoever runs the tests, and uv is found or is not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    caches = {"UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}
    given = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_"))}
    variables = {**clean_environment(home), **caches, **given, **project.variables(), "PYTHONHOME": "."}
    tools = home.parent / "tools"
    tools.mkdir()
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    if installer == "uv":
        uv = shutil.which("uv") or str(ROOT / "build" / "uv" / "bin" / "uv")
        (tools / "uv").write_text(f'#!/bin/sh\necho "$PWD" "$@" >>"{tools}/calls"\nexec "{uv}" "$@"\n')
        (tools / "uv").chmod(0o755)
    variables["PATH"] = variables["PATH"].replace(os.environ["PATH"], os.pathsep.join([str(tools), *folders]))
    return variables


@pytest.mark.slow
@pytest.mark.timeout(2 * BUILD_SECONDS)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_the_plugin_from_nothing_to_uninstall(
    installer: str, tree: Path, project: TrappedProject, tmp_path: Path
) -> None:
    """With the real packages, on a machine that has uv, and on one that has Python alone."""
    data = tmp_path / "plugin data"
    script = tree / "plugin" / "scripts" / "agent-brain"
    environment = installers_environment(tmp_path / "home", project, installer)
    visit = Visit(project, [str(script), "--data", str(data)], environment)
    hook = from_file(tree, "hooks/hooks.json", data)
    visit.run(hook)
    try:
        visit.step("setup", "--yes", "--port", str(free_port()))
        calls = tmp_path / "tools" / "calls"
        assert (installer in calls.read_text() if calls.exists() else installer == "pip") or installer == "uv"
        assert calls.exists() == (installer == "uv")
        assert str(project.root) not in (calls.read_text() if calls.exists() else "")
        visit.visit()
        visit.run(hook)
        assert "gizmo_7" in ask_mcp(visit, tree, data)
        visit.step("stop")
        assert "gizmo_7" in ask_mcp(visit, tree, data)  # which starts it again
        assert_apart(project.root)
        visit.leave()
    finally:
        visit.abandon()


def from_file(tree: Path, name: str, data: Path) -> list[str]:
    """The command line that a file of the plugin gives to the client, with this Python for the one in the PATH."""
    text = (tree / "plugin" / name).read_text()
    text = text.replace("${CLAUDE_PLUGIN_ROOT}", str(tree)).replace("${CLAUDE_PLUGIN_DATA}", str(data))
    content = json.loads(text)
    if "hooks" in content:
        (entry,) = content["hooks"]["SessionStart"][0]["hooks"]
    else:
        (entry,) = content["mcpServers"].values()
    assert entry["command"] == "python3"
    variables = [f"{key}={value}" for key, value in entry.get("env", {}).items()]
    return ["/usr/bin/env", *variables, sys.executable, *entry["args"]]


def ask_mcp(visit: Visit, tree: Path, data: Path) -> str:
    """The answer to a search, as a client asks it."""
    answer = search_once(from_file(tree, "mcp.json", data), visit.project.root, visit.environment, "gizmo_7")
    assert visit.project.sprung() == []
    return answer


def assert_apart(root: Path) -> None:
    """The project's server and its workers hold no directory of the project and look for no module there."""
    state = root / ".claude" / "agent-brain" / "server.json"
    server = psutil.Process(json.loads(state.read_text())["pid"])
    for process in (server, *server.children(recursive=True)):
        assert not Path(process.cwd()).is_relative_to(root)
        assert "-I" in process.cmdline() or "-sSE" in str(process.cmdline()), process.cmdline()


@pytest.fixture
def installed(project: TrappedProject, tmp_path: Path) -> Iterator[Visit]:
    """The command that an installer made, in an environment that has it."""
    hostile = project.variables()
    variables = {**clean_environment(tmp_path / "home"), **{name: hostile[name] for name in ("PATH", "PYTHONPATH")}}
    visit = Visit(project, [COMMAND], variables)
    yield visit
    visit.abandon()


def test_the_installed_command_outside_of_python_path(installed: Visit) -> None:
    del installed.environment["PYTHONPATH"]
    installed.step("setup", "--yes", "--port", str(free_port()))
    installed.visit()
    assert_apart(installed.project.root)
    installed.leave()


def test_the_installed_command_with_the_project_in_python_path(installed: Visit) -> None:
    installed.project.remove(*BEFORE_US)
    installed.run([sys.executable, "-c", "import sys"])  # Python by itself springs nothing
    installed.step("setup", "--yes", "--port", str(free_port()))
    installed.visit()
    assert_apart(installed.project.root)
    installed.leave()


def test_a_project_named_from_elsewhere_is_left_out_too(installed: Visit, tmp_path: Path) -> None:
    project, elsewhere = installed.project, tmp_path / "elsewhere"
    project.remove(*BEFORE_US)
    elsewhere.mkdir()
    installed.environment["PYTHONPATH"] = str(project.root)
    installed.environment["PATH"] = f"{project.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for flags in (["--project", str(project.root)], [f"--project={project.root}"]):
        command = [COMMAND, *flags, "setup", "--yes", "--dry-run"]
        done = subprocess.run(command, cwd=elsewhere, env=installed.environment, capture_output=True, text=True)
        assert project.sprung() == []
        assert done.returncode == 0, done.stderr


def test_what_the_person_names_outside_of_the_project_still_counts(installed: Visit, tmp_path: Path) -> None:
    """PYTHONPATH is also how packages are installed: its other entries reach the command and the server."""
    installed.project.remove(*BEFORE_US)
    lent = tmp_path / "lent"
    lent.mkdir()
    (lent / "dotenv.py").write_text(f"open({str(tmp_path / 'lent to')!r}, 'a').write('x')\nraise ImportError('lent')\n")
    installed.environment["PYTHONPATH"] = os.pathsep.join([".", str(lent)])
    installed.step("setup", "--yes", "--port", str(free_port()))
    installed.step("start", codes=(3,))
    assert (tmp_path / "lent to").exists()


@pytest.mark.parametrize("place", [".venv/bin/python", "/proc/self/cwd/.venv/bin/python", "ABSOLUTE"])
def test_a_python_of_the_project_is_refused(place: str, tree: Path, project: TrappedProject, tmp_path: Path) -> None:
    named = str(project.root / ".venv" / "bin" / "python") if place == "ABSOLUTE" else place
    environment = {**clean_environment(tmp_path / "home"), **project.variables(), "AGENT_BRAIN_PYTHON": named}
    visit = Visit(project, [str(tree / "plugin" / "scripts" / "agent-brain")], environment)
    visit.step("status", codes=(2,))


@pytest.mark.parametrize("place", ["data", "/proc/self/cwd/data", "ABSOLUTE"])
def test_an_environment_of_the_project_is_refused(
    place: str, tree: Path, project: TrappedProject, tmp_path: Path
) -> None:
    named = str(project.root / "data") if place == "ABSOLUTE" else place
    environment = {**clean_environment(tmp_path / "home"), **project.variables(), "CLAUDE_PLUGIN_DATA": named}
    visit = Visit(project, [str(tree / "plugin" / "scripts" / "agent-brain")], environment)
    visit.step("status", codes=(2,))
    visit.step("setup", "--yes", codes=(2,))
    assert not (project.root / "data").exists()


def test_a_project_that_holds_the_home_directory_keeps_its_programs(tmp_path: Path) -> None:
    """Where the home directory itself is a repository, ~/.local/bin is the person's own."""
    home = tmp_path / "home"
    tools = home / ".local" / "bin"
    (home / ".git").mkdir(parents=True)
    tools.mkdir(parents=True)
    (tools / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tools / "python3").chmod(0o755)
    environment = {**clean_environment(home), "PATH": str(tools), "AGENT_BRAIN_PYTHON": sys.executable}
    command = [str(ROOT / "plugin" / "scripts" / "agent-brain"), "version"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_command_stays_where_the_person_is(tree: Path, project: TrappedProject, tmp_path: Path) -> None:
    """A relative path among the arguments is relative to the person's directory, also through the launcher."""
    environment = {**clean_environment(tmp_path / "home"), "AGENT_BRAIN_PYTHON": sys.executable}
    (project.root / "answers.json").write_text('{"embedding": "none"}')
    visit = Visit(project, [str(tree / "plugin" / "scripts" / "agent-brain")], environment)
    assert visit.step("setup", "--answers", "answers.json", "--dry-run", "--json")
    assert "AGENT_BRAIN_STARTED_IN" not in visit.step("doctor", codes=(0, 1))


def test_docker_and_git_run_outside_of_the_project(installed: Visit, tmp_path: Path) -> None:
    """Compose reads `.env` and `compose.override.yml` where it runs, so it runs elsewhere, with every file named."""
    tools, calls = tmp_path / "tools", tmp_path / "calls"
    tools.mkdir()
    for name in ("docker", "git"):
        (tools / name).write_text(f'#!/bin/sh\necho "$PWD $0 $*" >>"{calls}"\nexit 1\n')
        (tools / name).chmod(0o755)
    installed.project.remove(*BEFORE_US)
    installed.environment["PATH"] = installed.environment["PATH"].replace(os.environ["PATH"], f"{tools}:/usr/bin:/bin")
    installed.step("setup", "--yes", "--no-verify", "--storage", "postgres-docker")
    installed.step("doctor", codes=(0, 1))
    installed.step("db", "info", codes=(0, 1, 2, 3))
    lines = calls.read_text().splitlines()
    assert {line.split()[1].rpartition("/")[2] for line in lines} == {"docker", "git"}
    assert {line.split()[0] for line in lines} == {Path.cwd().anchor}
