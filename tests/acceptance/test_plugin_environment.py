"""The plugin's environment is looked at before each command: what is wrong with it is named, and setup puts it right.

A fake of uv borrows the packages of the tests' own environment; test_traps.py installs real ones.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.claude import plugin_tree
from support.installed import Installed
from support.spoilt_environments import SPOILT, packages_of, replace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # packages are imported many times


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plugin_tree(tmp_path_factory.mktemp("cache") / "agent-brain" / "0.1.0")


@pytest.fixture
def installed(tree: Path, tmp_path: Path) -> Iterator[Installed]:
    """A plugin whose environment is built."""
    made = Installed(tree, tmp_path)
    made.ok("setup", "--dry-run")
    yield made
    if made.serves():
        made.run("stop")


@pytest.mark.parametrize("kind", list(SPOILT))
def test_damage_is_named_by_every_command_and_repaired_by_setup(installed: Installed, kind: str) -> None:
    SPOILT[kind](installed.environment)
    for verb in ("status", "doctor"):
        done = installed.run(verb)
        assert done.returncode == 2, done.stdout
        assert done.stderr.startswith("agent-brain: the plugin's Python packages do not work any more: ")
        assert done.stderr.endswith(" Run: /agent-brain:setup\n")
        assert len(done.stderr.splitlines()) == 1
    done = installed.run("setup", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "They are installed again" in done.stderr
    assert installed.ok("version").startswith("agent-brain ")
    assert installed.installations() == 2
    assert installed.environments() == [installed.environment.name]


def test_what_an_installer_puts_elsewhere_is_not_taken_for_ready(installed: Installed) -> None:
    """An installer that ends well and has installed nothing, as pip does with PIP_TARGET in its configuration."""
    shutil.rmtree(installed.data)
    installed.borrow(nothing=True)
    done = installed.run("setup", "--dry-run")
    assert done.returncode == 2
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("agent-brain: ")
    assert "cannot import" in said or "could not install" in said
    assert installed.environments() == []
    assert installed.run("status").stderr.endswith("Run: /agent-brain:setup\n")
    installed.borrow()
    installed.ok("setup", "--dry-run")
    assert len(installed.environments()) == 1


def test_nothing_is_tried_again_while_nothing_has_changed(installed: Installed) -> None:
    """The stamp is read instead; a Python that reports when it is started for more than the command is not."""
    stamp = json.loads((installed.environment / "agent-brain.json").read_text())
    assert stamp["python"] == ".".join(map(str, sys.version_info[:3]))
    counted = installed.environment.parents[1] / "counted"
    python = installed.environment / "bin" / "python"
    target = os.path.realpath(python)
    python.unlink()
    python.write_text(
        f'#!/bin/sh\necho x >>"{counted}"\nexec -a "$0" "{target}" "$@"\n'.replace("/bin/sh", "/bin/bash")
    )
    python.chmod(0o755)
    installed.ok("version")  # another file: tried, and noted
    first = len(counted.read_text())
    installed.ok("version")
    installed.ok("version")
    assert len(counted.read_text()) - first == 2 * len("x\n")


def test_a_package_that_is_used_for_the_first_time_is_no_change(installed: Installed) -> None:
    """Its bytecode is written then."""
    before = (installed.environment / "agent-brain.json").stat().st_ino
    bytecode = packages_of(installed.environment) / "questionary" / "__pycache__"
    for path in bytecode.iterdir():
        path.unlink()
    python = str(installed.environment / "bin" / "python")
    subprocess.run([python, "-I", "-c", "import questionary"], check=True, timeout=60)
    assert list(bytecode.iterdir())
    installed.ok("version")
    assert (installed.environment / "agent-brain.json").stat().st_ino == before


def test_a_package_that_was_damaged_in_place_is_named_too(installed: Installed) -> None:
    """What the look before the command does not see is said by the command that needs it, and setup repairs it."""
    (packages_of(installed.environment) / "questionary" / "__init__.py").write_text("import nothing_of_that_name\n")
    (packages_of(installed.environment) / "filelock" / "__init__.py").write_text("import nothing_of_that_name\n")
    done = installed.run("start")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "agent-brain: the installation is damaged (No module named 'nothing_of_that_name'). Run: "
    )
    assert done.stderr.endswith("/agent-brain:setup\n")
    assert "They are installed again" in installed.run("setup", "--dry-run").stderr
    installed.ok("version")


def test_an_environment_of_a_plugin_that_is_gone_is_removed_once_nothing_runs_in_it(
    installed: Installed, tree: Path, tmp_path: Path
) -> None:
    newer = Installed(newer_tree(tmp_path), tmp_path)
    older_tree = tmp_path / "older"
    older = Installed(plugin_tree(older_tree), tmp_path)
    with (older_tree / "uv.lock").open("a") as lock:
        lock.write("# older\n")
    older.ok("setup", "--dry-run")
    unused = older.environment
    command = [str(unused / "bin" / "python"), "-I", "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        shutil.rmtree(older_tree)
        newer.ok("setup", "--dry-run")
        assert unused.name in newer.environments()  # as where a server still runs
        assert process.stdin is not None
        process.stdin.write(b"\n")
    newer.ok("setup", "--dry-run")
    assert unused.name not in newer.environments()
    assert installed.environment.name in newer.environments()  # its plugin is still there
    assert newer.leftovers() == []


def newer_tree(place: Path) -> Path:
    tree = plugin_tree(place / "0.2.0", "0.2.0")
    with (tree / "uv.lock").open("a") as lock:
        lock.write("# newer\n")
    return tree


def test_what_cut_installations_left_behind_is_removed(installed: Installed) -> None:
    directory = installed.environment.parent
    (directory / ".0123456789ab.new" / "lib").mkdir(parents=True)
    (directory / ".0123456789ab.lock").touch()
    (directory / "not ours").mkdir()
    installed.ok("setup", "--dry-run")
    assert installed.leftovers() == []
    assert (directory / "not ours").exists()


def test_a_server_survives_the_repair_of_its_environment(installed: Installed) -> None:
    installed.set_up()
    shutil.rmtree(packages_of(installed.environment) / "questionary")
    installed.ok("setup", "--dry-run")
    (installed.project / "more.py").write_text("def gizmo():\n    return 1\n")
    installed.ok("index", "--wait")
    assert "more.py:1-2" in installed.ok("search", "gizmo")
    assert installed.leftovers() == []


def test_doctor_names_the_files_of_packages_that_are_missing_or_changed(installed: Installed) -> None:
    installed.set_up()
    packages = packages_of(installed.environment)
    replace(packages / "questionary" / "prompt.py", b"")
    (packages / "httpx" / "_models.py").unlink()
    by_name = {"AGENT_BRAIN_PYTHON": str(installed.environment / "bin" / "python")}  # which nothing tries before
    installed.variables |= by_name
    said = installed.run("doctor").stdout
    assert "questionary/prompt.py has changed" in said, said
    assert "httpx/_models.py is missing" in said, said
    assert "/agent-brain:setup" in said
    shutil.rmtree(packages / "questionary")
    assert "missing: questionary" in installed.run("doctor").stdout
    installed.variables = {name: value for name, value in installed.variables.items() if name not in by_name}
    installed.ok("setup", "--dry-run")
    assert "all packages present" in installed.run("doctor").stdout


def test_setup_installs_packages_again_of_which_a_file_has_changed(installed: Installed) -> None:
    changed = packages_of(installed.environment) / "questionary" / "version.py"
    before = changed.read_bytes()
    replace(changed, before + b"# more\n")
    installed.ok("setup", "--dry-run")
    assert changed.read_bytes() == before


def test_the_hook_names_an_environment_without_its_configuration(installed: Installed) -> None:
    installed.set_up()
    installed.ok("stop")
    (installed.environment / "pyvenv.cfg").unlink()
    assert "/agent-brain:setup" in installed.hook()


@pytest.mark.parametrize("variable", ["PYTHONHOME", "PYTHONPATH", "PYTHONPLATLIBDIR"])
def test_a_variable_of_the_interpreter_changes_nothing(installed: Installed, variable: str) -> None:
    installed.variables[variable] = "/nowhere"
    done = installed.run("version")
    assert (done.returncode, done.stderr) == (0, "")
