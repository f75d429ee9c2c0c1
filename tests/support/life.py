"""A person's machine for a while: projects, a plugin that is updated, and everything that happens to them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from support.claude import ROOT
from support.cli import clean_environment
from support.installed import fake_installer, lock_key
from support.spoilt_environments import SPOILT

COMMAND_SECONDS = 120
# What the plugin runs, with what is compiled already; `support.claude.plugin_tree` makes all that a person gets.
PARTS = (".claude-plugin", "plugin", "server", "server_client", "wizard", "templates", "uv.lock")
END_SECONDS = 60.0
STEADY = "def steady_marker():\n    return 'found by every search'\n"
_NAMED = re.compile(
    r"(?i)(?:run|fill it|follow it|see|look|watch it|replace it|start again with new settings|to go on):"
    r" ((?:agent-brain|mv|rm|chmod|git) .+?|/agent-brain:setup)\.?$"
)
_ANSWER = re.compile(r"(?m)^ *\d+  steady\.py:1-2(?s:.*)found by every search")
_FIX = re.compile(r"^\s*→ (.+)$")


class LifeError(AssertionError):
    """Something that the person could not have gone on with."""


class Machine:
    """One home with its plugin, its projects and who else listens."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.commands = place / "bin"
        self.commands.mkdir(parents=True)
        fake_installer(self.commands / "uv")
        self.environment = clean_environment(
            place / "home",
            XDG_STATE_HOME=str(place / "state"),
            XDG_DATA_HOME=str(place / "data"),
            INSTALLER_CALLS=os.devnull,
            PATH=f"{self.commands}{os.pathsep}{os.environ['PATH']}",
        )
        (place / "home").mkdir()
        self.log: list[str] = []
        self._listeners: list[socket.socket] = []
        self._version = 0
        self.plugin = self.install_plugin()

    def install_plugin(self, other_packages: bool = False) -> Path:
        """The next version of the plugin, in a folder of its own; the command is that one's from now on.

        With `other_packages` its lock file is another, so that they are to be installed again.
        """
        self._version += 1
        version = f"0.1.{self._version}"
        tree = self.place / "cache" / version
        for name in PARTS:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            tree.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, tree / name)
        manifest = tree / ".claude-plugin" / "plugin.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "version": version}))
        wire = tree / "server_client" / "agent_brain_client" / "wire.py"
        wire.write_text(re.sub(r'(?m)^VERSION = ".*"$', f'VERSION = "{version}"', wire.read_text()))
        if other_packages:
            with (tree / "uv.lock").open("a") as lock:
                lock.write(f"# {version}\n")
        link = self.commands / "agent-brain"
        link.unlink(missing_ok=True)
        link.symlink_to(tree / "plugin" / "scripts" / "agent-brain")
        self.plugin = tree
        return tree

    def spoil_environment(self, kind: str) -> None:
        """Spoil what the plugin's packages are installed in, if it is there."""
        found = self.place / "data" / "agent-brain" / "envs" / lock_key(self.plugin)
        if (found / "agent-brain.json").exists():
            with suppress(OSError):  # spoilt already, in the same way
                SPOILT[kind](found)

    def run_at_once(self, root: Path, commands: list[str]) -> None:
        """Run commands of the shell at the same time; none may fail in a way that names nothing."""
        with ThreadPoolExecutor() as pool:
            for done in pool.map(partial(self.run, root), commands):
                if done.returncode:
                    self._named_commands(root, done)

    def is_truthful(self, root: Path, query: str) -> None:
        """No passage that is said to be fresh may differ from its file."""
        done = self.run(root, f"agent-brain search --json {query}")
        if done.returncode:
            self._named_commands(root, done)
            return
        for found in json.loads(done.stdout)["results"]:
            text = (root / found["path"]).read_text() if (root / found["path"]).exists() else ""
            if not found["stale"] and found["text"].strip() not in text:
                raise LifeError(f"{found['path']} is not as the answer says: {found['text']}")

    def run(self, root: Path, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the shell in a project."""
        began = time.monotonic()
        done = subprocess.run(
            command,
            shell=True,
            cwd=root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            encoding="utf-8",
            errors="replace",
        )
        said = (done.stderr.strip().splitlines() or [""])[-1]
        self.log.append(f"    {command} → {done.returncode}, {time.monotonic() - began:.1f} s: {said}")
        return done

    def set_up(self, root: Path) -> None:
        """Set a project up, with a port that setup picks, and index it."""
        (root / ".git").mkdir(parents=True)
        (root / "steady.py").write_text(STEADY)
        for command in ("agent-brain setup --yes --embedding none", "agent-brain index --wait"):
            done = self.run(root, command)
            if done.returncode:
                raise LifeError(f"{command}: {done.stderr}")

    def answers(self, root: Path, searches: int = 4) -> None:
        """Search until the answer is right, running to the letter what each wrong one names.

        Raises LifeError for an answer that is wrong and names nothing, or nothing that helps.
        """
        for _ in range(searches):
            done = self.run(root, "agent-brain search steady_marker")
            if "Traceback" in done.stderr or "bug in Agent Brain" in done.stderr:
                raise LifeError(done.stderr)
            if done.returncode == 0 and _ANSWER.search(done.stdout):
                return
            self._follow(root, done)
        raise LifeError(f"no right answer after {searches} searches: {done.stdout}{done.stderr}")

    def _follow(self, root: Path, done: subprocess.CompletedProcess[str], most: int = 3) -> None:
        """Run what is named, and what that names when it cannot do it."""
        for command in self._named_commands(root, done):
            after = self.run(root, command)
            if after.returncode and most > 1 and command.split()[1] != "doctor":
                self._follow(root, after, most - 1)

    def _named_commands(self, root: Path, done: subprocess.CompletedProcess[str]) -> list[str]:
        lines = (done.stdout + done.stderr).strip().splitlines()
        named = [found[1] for line in lines if (found := _NAMED.search(line))]
        if not named:
            raise LifeError(f"it names no command: {done.stdout}{done.stderr}")
        command = re.sub(r"^(?:/agent-brain:|agent-brain )setup(?: --yes)?", "agent-brain setup --yes", named[-1])
        if command != "agent-brain doctor":
            return [command]
        lines = self.run(root, command).stdout.splitlines()
        fixes = [found[1] for line in lines if (found := _FIX.match(line))]
        return [re.sub(r"^correct .+?, or (?:begin|start) again[^:]*: ", "", fix) for fix in fixes]

    def claim(self, root: Path) -> dict[str, object]:
        """What `server.json` says; nothing where there is none."""
        with suppress(OSError, ValueError):
            return dict(json.loads((root / ".claude/agent-brain/server.json").read_text()))
        return {}

    def processes(self) -> list[psutil.Process]:
        """All that was started here and has not ended."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            is_over = process.status() == psutil.STATUS_ZOMBIE
            return not is_over and any(str(self.place) in word for word in process.cmdline())
        except psutil.Error:
            return False

    def kill_server(self, root: Path, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the signal to the project's server, if it runs."""
        pid = self.claim(root).get("pid")
        if isinstance(pid, int) and pid in [process.pid for process in self.processes()]:
            os.kill(pid, number)

    def port(self, root: Path) -> int:
        """The port of the project's settings; 0 where they are gone."""
        with suppress(OSError):
            found = re.search(r"(?m)^AGENT_BRAIN_PORT=(\d+)$", (root / ".env.agent-brain").read_text())
            return int(found[1]) if found else 0
        return 0

    def listen(self, port: int) -> None:
        """Take a port, if nothing has it."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
        else:
            self._listeners.append(listener)

    def stop_listening(self) -> None:
        """Give all ports back."""
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()

    def left(self, seconds: float = END_SECONDS) -> list[str]:
        """The processes that are still there when they should have ended by themselves."""
        deadline = time.monotonic() + seconds
        while (found := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return [f"{process.pid}: {' '.join(process.cmdline())[-200:]}" for process in found]

    def close(self) -> None:
        """End all that is left."""
        self.stop_listening()
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()


def state_files(root: Path) -> Iterator[Path]:
    """The files of the project's state: its index, its secrets and port among them."""
    state = root / ".claude" / "agent-brain"
    yield from sorted(path for path in state.rglob("*") if path.is_file() and not path.is_symlink())
    yield root / ".env.agent-brain"
