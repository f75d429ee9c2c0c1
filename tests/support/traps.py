"""A project full of traps: files that programs load or run by their names alone. Each writes its name when it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from support.cli import RETRY_SOURCE

OURS = ("agent_brain_server", "agent_brain_client", "agent_brain_contract", "agent_brain_wizard", "server", "wizard")
HOOKS = ("sitecustomize", "usercustomize", "conftest", "setup", "launcher", "project", "environment", "installing")
PROGRAMS = (
    *("uv", "uvx", "pip", "python", "python3", "python3.11", "python3.12", "python3.13", "python3.14", "virtualenv"),
    *("git", "docker", "docker-compose", "docker-credential-desktop", "docker-credential-trap", "sh", "env", "node"),
    *("npm", "rg", "claude", "less", "psql", "pg_dump", "dirname", "readlink", "uname"),
)
PROGRAM_PLACES = (".", "bin", "node_modules/.bin", ".venv/bin", ".venv/Scripts")
GIT_HOOKS = ("post-index-change", "fsmonitor-watchman", "pre-commit", "post-checkout", "reference-transaction")
NEWLINE = b"\n"
BOGUS_INDEX = "http://127.0.0.1:9/simple"


class TrappedProject:
    """The project at `root`; `sprung` says which traps were, with what sprang them."""

    def __init__(self, root: Path, marker: Path) -> None:
        self.root = root
        self._marker = marker
        root.mkdir(parents=True)
        (root / "retry.py").write_text(RETRY_SOURCE)
        (root / "gizmo").mkdir()
        for number in range(40):  # enough that worker processes read them
            (root / "gizmo" / f"part{number}.py").write_text(f"def gizmo_{number}():\n    return {number}\n")
        self._lay_modules()
        self._lay_programs()
        self._lay_settings()
        self._lay_git()

    def sprung(self) -> list[str]:
        """What was sprung since the last time, each name once."""
        if not self._marker.exists():
            return []
        found = sorted(set(self._marker.read_text().splitlines()))
        self._marker.unlink()
        return found

    def _lay_modules(self) -> None:
        """Every module of the standard library, of ours and of what we depend on, here and in a user site."""
        site = self.root / "userbase" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        site.mkdir(parents=True)
        names = {*sys.stdlib_module_names, *packages_distributions(), *OURS, *HOOKS}
        for name in sorted(name for name in names if name.isidentifier()):
            (self.root / f"{name}.py").write_text(self._python(name))
        for name in (*OURS, "encodings", "pydantic", "yaml", "uvicorn", "pip"):
            (self.root / name).mkdir()
            for file in ("__init__", "__main__", "cli"):
                (self.root / name / f"{file}.py").write_text(self._python(f"{name}/{file}"))
        for place in (self.root, site):
            (place / "usercustomize.py").write_text(self._python("usercustomize"))
            (place / "evil.pth").write_text(f"import sys; {self._python('evil.pth')}")
        (self.root / "pyvenv.cfg").write_text("home = .\n")

    def _lay_programs(self) -> None:
        for place in PROGRAM_PLACES:
            (self.root / place).mkdir(parents=True, exist_ok=True)
            for name in PROGRAMS:
                program = self.root / place / name
                if not program.is_dir():
                    program.write_text(self._shell(f"{place}/{name}"))
                    program.chmod(0o755)

    def _lay_settings(self) -> None:
        """What tools read from a current directory."""
        index = f'index-url = "{BOGUS_INDEX}"\n'
        backend = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        project = '[project]\nname = "trap"\nversion = "1"\nrequires-python = ">=3.8"\n'
        files = {
            "backend.py": self._python("backend"),
            "uv.toml": f'{index}required-version = "==0.0.1"\n',
            "pyproject.toml": f'{backend}{project}[tool.uv]\n{index}required-version = "==0.0.1"\n',
            ".python-version": "2.7.18\n",
            "setup.cfg": f"[install]\ninstall_lib = {self.root}\n[easy_install]\nindex_url = {BOGUS_INDEX}\n",
            ".pydistutils.cfg": f"[install]\nprefix = {self.root}\n",
            ".env": "\n".join(f"{name}={value}" for name, value in self.variables().items() if name != "PATH"),
            ".envrc": self._shell(".envrc"),
            ".npmrc": f"registry={BOGUS_INDEX}\n",
            "tox.ini": f"[tox]\nrequires = {BOGUS_INDEX}\n",
            **dict.fromkeys(("pip.conf", "pip.ini"), f"[global]\nindex-url = {BOGUS_INDEX}\ntarget = {self.root}\n"),
            **dict.fromkeys(
                ("compose.yml", "compose.override.yml", "docker-compose.yml", "docker-compose.override.yml"),
                "services: {trap: {image: trap.invalid/trap}}\n",
            ),
        }
        for name, text in files.items():
            (self.root / name).write_text(text)

    def _lay_git(self) -> None:
        """A repository whose configuration names programs for git to run, as an unpacked archive may have it."""
        self._git("init", "-q", ".")
        (self.root / ".gitattributes").write_text("* filter=trap diff=trap\n")
        self._git("add", "retry.py", ".gitattributes")
        (self.root / ".git" / "hooks").mkdir(exist_ok=True)
        for name in GIT_HOOKS:
            hook = self.root / ".git" / "hooks" / name
            hook.write_text(self._shell(f".git/hooks/{name}"))
            hook.chmod(0o755)
        program = self.root / ".git" / "named"
        program.write_text(self._shell(".git/config"))
        program.chmod(0o755)
        names = ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "filter.trap.clean")
        names += ("filter.trap.smudge", "filter.trap.process", "diff.trap.textconv", "diff.external", "alias.ls-files")
        for name in names:
            self._git("config", name, str(program))
        self._git("config", "core.untrackedCache", "true")
        self._git("config", "core.hooksPath", str(self.root / ".git" / "hooks"))

    def _git(self, *arguments: str) -> None:
        subprocess.run(["/usr/bin/env", "git", *arguments], cwd=self.root, check=True, capture_output=True)

    def variables(self) -> dict[str, str]:
        """Variables that lead programs into the project, as a careless or persuaded shell sets them."""
        entries = [".", "", "bin", "node_modules/.bin", str(self.root / ".venv" / "bin"), "/proc/self/cwd/bin"]
        return {
            "PATH": os.pathsep.join([*entries, os.environ["PATH"], "."]),
            "PYTHONPATH": os.pathsep.join((".", "", str(self.root), "/proc/self/cwd")),
            "PYTHONSTARTUP": "startup.py",
            "PYTHONPYCACHEPREFIX": "cache",
            "PYTHONUSERBASE": str(self.root / "userbase"),
            "PYTHONBREAKPOINT": "sitecustomize.breakpoint",
            "VIRTUAL_ENV": str(self.root / ".venv"),
            "CONDA_PREFIX": str(self.root / ".venv"),
            "UV_PROJECT": ".",
            "UV_WORKING_DIRECTORY": str(self.root),
            "UV_WORKING_DIR": str(self.root),
            "UV_CONFIG_FILE": "uv.toml",
            "UV_PYTHON": ".venv/bin/python",
            "UV_ENV_FILE": ".env",
            "UV_LOCKED": "1",
            "PIP_TARGET": ".",
            "PIP_USER": "1",
            "PIP_PYTHON": ".venv/bin/python",
            "PIP_CONFIG_FILE": "pip.conf",
            "PIP_EDITABLE": ".",
            "COMPOSE_FILE": "compose.override.yml",
            "GIT_EXEC_PATH": str(self.root / "bin"),
            "GIT_EXTERNAL_DIFF": str(self.root / "bin" / "git"),
        }

    def remove(self, *names: str) -> None:
        """Take the modules and packages of these names away."""
        for name in names:
            (self.root / f"{name}.py").unlink(missing_ok=True)
            shutil.rmtree(self.root / name, ignore_errors=True)

    def _python(self, name: str) -> str:
        """A module that only writes, by what is built into Python, so that it works however early it is loaded."""
        opened = f"posix.open({str(self._marker)!r}, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND, 0o600)"
        return f"import posix; posix.write({opened}, {name.encode() + NEWLINE!r})\n"

    def _shell(self, name: str) -> str:
        return f"#!/bin/sh\necho '{name}' >>'{self._marker}'\nexit 1\n"
