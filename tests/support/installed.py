"""A copy of the plugin with an environment that a fake uv makes: links to packages of the tests' own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from support.cli import RETRY_SOURCE, clean_environment, free_port

BUILD_SECONDS = 300
# Makes an environment whose packages can be spoilt: every folder is a copy of links, so that a file can be replaced.
FAKE_UV = """#!/bin/sh
echo "$@" >>"$INSTALLER_CALLS"
[ -n "$INSTALL_NOTHING" ] && exec {python} -m venv --without-pip "$UV_PROJECT_ENVIRONMENT"
{python} -m venv --without-pip "$UV_PROJECT_ENVIRONMENT" && exec {python} - <<'SCRIPT'
import os, pathlib, shutil, sysconfig
(found,) = pathlib.Path(os.environ["UV_PROJECT_ENVIRONMENT"]).glob("lib/python*/site-packages")
for source in pathlib.Path(sysconfig.get_path("purelib")).iterdir():
    if source.suffix == ".pth" or source.name.startswith(("_virtualenv", "__editable__", "agent_brain")):
        continue
    if source.name in ("httpx", "filelock", "yaml", "questionary"):
        shutil.copytree(source, found / source.name)
    else:
        (found / source.name).symlink_to(source)
SCRIPT
"""


def fake_installer(path: Path) -> None:
    """Write the fake uv."""
    path.write_text(FAKE_UV.format(python=sys.executable))
    path.chmod(0o755)


def lock_key(tree: Path) -> str:
    """The name of the environment for the packages that the plugin in `tree` needs."""
    return hashlib.sha256((tree / "uv.lock").read_bytes()).hexdigest()[:12]


class Installed:
    """One copy of the plugin with a home, a project and a data directory."""

    def __init__(self, tree: Path, place: Path) -> None:
        self.tree = tree
        self.data = place / "plugin data"
        self.project = place / "shop"
        self._calls = place / "calls"
        self._calls.touch()
        (self.project / ".git").mkdir(parents=True, exist_ok=True)
        (self.project / "retry.py").write_text(RETRY_SOURCE)
        tools = place / "tools"
        tools.mkdir(exist_ok=True)
        fake_installer(tools / "uv")
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        # Without an index pip installs nothing either, so that a failed fake is seen.
        no_index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tools)}
        self.variables = clean_environment(place / "home", PATH=path, INSTALLER_CALLS=str(self._calls), **no_index)

    @property
    def environment(self) -> Path:
        """Where this version's environment is."""
        return self.data / "envs" / lock_key(self.tree)

    def borrow(self, nothing: bool = False) -> None:
        """Let the fake install, or end well with `nothing` installed."""
        self.variables["INSTALL_NOTHING"] = "1" if nothing else ""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.tree / "plugin" / "scripts" / "agent-brain"), "--data", str(self.data), *arguments],
            cwd=self.project,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )

    def ok(self, *arguments: str) -> str:
        """What a command says that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def set_up(self) -> None:
        """Install, and set the project up."""
        self.ok("setup", "--yes", "--port", str(free_port()), "--embedding", "none", "--no-watch")
        self.ok("index", "--wait")

    def serves(self) -> bool:
        """Whether a server of the project may run."""
        return (self.project / ".claude" / "agent-brain" / "server.json").exists()

    def hook(self) -> str:
        """What the hook at a session's start says."""
        script = self.tree / "plugin" / "scripts" / "session_start.py"
        variables = {**self.variables, "CLAUDE_PLUGIN_DATA": str(self.data), "CLAUDE_PROJECT_DIR": str(self.project)}
        command = [sys.executable, "-I", "-S", str(script)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=True)
        return str(json.loads(done.stdout)["systemMessage"]) if done.stdout else ""

    def environments(self) -> list[str]:
        """The names of the environments that can be used."""
        return sorted(path.name for path in (self.data / "envs").glob("[!.]*"))

    def leftovers(self) -> list[str]:
        """What else lies there, but for the lock."""
        return sorted(path.name for path in (self.data / "envs").glob(".*") if path.name != ".lock")

    def installations(self) -> int:
        """How often the fake uv was run."""
        return len(self._calls.read_text().splitlines())
