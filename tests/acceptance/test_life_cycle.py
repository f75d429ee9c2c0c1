"""Everything that happens to a project, its server and the plugin, in any order: the next search answers or helps.

LIFE_SECONDS says how long (ten minutes by `make test-nightly`), LIFE_SEED which order.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.life import Machine, state_files
from support.spoilt_environments import SPOILT

SHORT_SECONDS = 25.0
LONG_SECONDS = 600.0
STEPS = {
    "start": 2,
    "stop": 2,
    "search": 2,
    "index": 3,
    "edit": 4,
    "move": 3,
    "copy": 2,
    "delete": 2,
    "update_plugin": 2,
    "replace_plugin": 3,
    "renew_packages": 1,
    "upgrade_python": 1,
    "spoil_packages": 1,
    "kill": 3,
    "hang": 1,
    "ask_at_once": 2,
    "fill_port": 2,
    "free_ports": 1,
    "damage": 6,
    "change_locale": 2,
}
NAMES = ("my shop", "mein Läden é 店", "plain")
LOCALES: tuple[dict[str, str], ...] = (
    {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"LC_ALL": "POSIX"},
    {"LANG": "tr_TR.UTF-8", "LC_ALL": ""},
)


class Life:
    """One person's doings. Each step is a method without arguments; `root` is the project that they are in."""

    def __init__(self, machine: Machine, seed: int) -> None:
        self.machine = machine
        self.random = random.Random(seed)
        self.roots: list[Path] = []
        self.removed: list[Path] = []
        self.number = 0
        self.begin_project()

    @property
    def root(self) -> Path:
        return self.roots[-1]

    def _place(self) -> Path:
        self.number += 1
        return self.machine.place / "projects" / f"{NAMES[self.number % len(NAMES)]} {self.number}"

    def begin_project(self) -> None:
        root = self._place()
        self.machine.set_up(root)
        self.roots.append(root)

    def start(self) -> None:
        self.machine.run(self.root, "agent-brain start")

    def stop(self) -> None:
        self.machine.run(self.root, "agent-brain stop")

    def search(self) -> None:
        self.machine.run(self.root, "agent-brain search something else")

    def index(self) -> None:
        self.machine.run(self.root, self.random.choice(["agent-brain index", "agent-brain index --wait"]))

    def edit(self) -> None:
        for number in self.random.sample(range(30), self.random.randint(1, 20)):
            (self.root / f"part{number}.py").write_text(f"def part_{number}():\n    return {self.random.random()}\n")
        self.machine.is_truthful(self.root, f"part_{number}")

    def move(self) -> None:
        before, after = self.roots.pop(), self._place()
        before.rename(after)
        self.removed.append(before)
        self.roots.append(after)

    def copy(self) -> None:
        after = self._place()
        shutil.copytree(self.root, after, symlinks=True)
        self.roots.append(after)

    def delete(self) -> None:
        gone = self.roots.pop()
        shutil.rmtree(gone, ignore_errors=True)
        self.removed.append(gone)
        if not self.roots:
            self.begin_project()

    def update_plugin(self) -> None:
        self.machine.install_plugin()

    def replace_plugin(self) -> None:
        before = self.machine.plugin
        self.machine.install_plugin()
        shutil.rmtree(before)

    def renew_packages(self) -> None:
        self.machine.install_plugin(other_packages=True)

    def upgrade_python(self) -> None:
        self.machine.spoil_environment("another minor version behind the link")

    def spoil_packages(self) -> None:
        kind = self.random.choice(list(SPOILT))
        self.machine.log.append(f"    {kind}")
        self.machine.spoil_environment(kind)

    def kill(self) -> None:
        self.machine.kill_server(self.root)

    def hang(self) -> None:
        self.machine.kill_server(self.root, signal.SIGSTOP)

    def ask_at_once(self) -> None:
        commands = ["agent-brain search steady_marker"] * 3 + ["agent-brain index", "agent-brain status"]
        self.machine.run_at_once(self.root, self.random.sample(commands, 4))

    def fill_port(self) -> None:
        if self.random.random() < 0.5:
            self.machine.kill_server(self.root)
        self.machine.listen(self.machine.port(self.root))

    def free_ports(self) -> None:
        self.machine.stop_listening()

    def damage(self) -> None:
        path = self.random.choice(list(state_files(self.root)))
        kind = self.random.choice(["remove", "empty", "overwrite", "cut"])
        self.machine.log.append(f"    {kind} {path.relative_to(self.root)}")
        damage_file(path, kind, self.random)

    def change_locale(self) -> None:
        for name in ("LC_ALL", "LANG", "PYTHONUTF8"):
            self.machine.environment.pop(name, None)
        self.machine.environment.update(self.random.choice(LOCALES))

    def live(self, seconds: float) -> None:
        """Do things at random for so long; after each, the next search has to answer or to help."""
        names = [name for name, weight in STEPS.items() for _ in range(weight)]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            name = self.random.choice(names)
            self.machine.log.append(f"{name} ({self.root.name})")
            getattr(self, name)()
            self.machine.answers(self.root)

    def end(self) -> None:
        """Uninstall everything; nothing of ours may be left."""
        for root in self.roots:
            self.machine.run(root, "agent-brain uninstall --yes --purge")
        assert self.machine.left() == []
        assert [root for root in self.removed if root.exists()] == []
        own = {".git", "steady.py"}
        left = [path for root in self.roots for path in root.iterdir() if path.name not in own]
        assert [path for path in left if not path.name.startswith("part")] == []


def damage_file(path: Path, kind: str, chance: random.Random) -> None:
    """Remove the file, or leave less or something else of it."""
    if kind == "remove":
        path.unlink(missing_ok=True)
    elif path.exists():
        content = path.read_bytes()
        at = chance.randrange(len(content)) if content else 0
        noise = chance.randbytes(min(4096, len(content)))
        kept = {"empty": b"", "overwrite": content[:at] + noise + content[at + len(noise) :], "cut": content[:at]}
        path.write_bytes(kept[kind])


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path / "machine")
    try:
        yield made
    finally:
        print("\n".join(made.log))
        made.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_short_life(machine: Machine) -> None:
    life = Life(machine, int(os.environ.get("LIFE_SEED", "7")))
    life.live(SHORT_SECONDS)
    life.end()


@pytest.mark.nightly
@pytest.mark.timeout(0)
def test_a_long_life(machine: Machine) -> None:
    seed = int(os.environ.get("LIFE_SEED", random.randrange(1_000_000)))
    print(f"LIFE_SEED={seed}")
    life = Life(machine, seed)
    life.live(float(os.environ.get("LIFE_SECONDS", LONG_SECONDS)))
    life.end()
