"""After any change of a project that is watched, a job over all of it finds nothing afterwards."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from support.brain import FINISHED, ServerProcess, configure, write_files

BURSTS = 60
CHANGES = (
    "write", "write", "write", "append", "delete", "replace", "swap", "move", "link", "rules", "file_to_directory",
    "new_directory", "move_directory", "move_directory", "copy_directory", "delete_directory", "out_and_in",
)  # fmt: skip
RULES = ("*.md\n", "pkg1/\n", "deep/\n!keep.py\n", "copy*\n", "")


class Disk:
    """A project that somebody works on with all the tools at once."""

    def __init__(self, root: Path, outside: Path, seed: int) -> None:
        self._root = root
        self._outside = outside
        self._random = random.Random(seed)
        self._number = 0
        outside.mkdir()

    def change(self) -> None:
        """One change; some cannot be made, as a directory cannot be moved into itself."""
        self._number += 1
        change: Callable[[], object] = getattr(self, f"_{self._random.choice(CHANGES)}")
        with suppress(OSError):
            change()

    def _directory(self) -> Path:
        return self._random.choice([self._root, *self._found(Path.is_dir)])

    def _inner(self) -> Path:
        return self._random.choice(self._found(Path.is_dir) or [self._root / "none"])

    def _file(self) -> Path:
        return self._random.choice(self._found(Path.is_file) or [self._root / "first.py"])

    def _found(self, kind: Callable[[Path], bool]) -> list[Path]:
        state = self._root / ".claude"
        inside = (path for path in sorted(self._root.rglob("*")) if state not in (path, *path.parents))
        return [path for path in inside if not path.is_symlink() and kind(path) and not path.name.startswith(".")]

    def _new(self) -> Path:
        extension = self._random.choice(["py", "md", "txt"])
        return self._directory() / f"{self._random.choice(['keep', 'a', 'b', 'c'])}.{extension}"

    def _write(self) -> None:
        self._new().write_text(f"text_{self._number} = {self._number}\n")

    def _append(self) -> None:
        with self._file().open("a") as stream:
            stream.write(f"more_{self._number} = 1\n")

    def _delete(self) -> None:
        self._file().unlink()

    def _replace(self) -> None:
        file = self._file()
        temporary = file.with_name(f"{file.name}.tmp")
        temporary.write_text(f"replaced_{self._number} = 1\n")
        temporary.replace(file)

    def _swap(self) -> None:
        one, other, between = self._file(), self._file(), self._root / "between.py"
        one.rename(between)
        other.rename(one)
        between.rename(other)

    def _move(self) -> None:
        self._file().rename(self._new())

    def _link(self) -> None:
        target = self._random.choice([self._directory(), self._file(), self._outside, self._root / "nothing"])
        (self._directory() / f"link{self._number % 7}").symlink_to(target)

    def _rules(self) -> None:
        (self._directory() / ".gitignore").write_text(self._random.choice(RULES))

    def _file_to_directory(self) -> None:
        file = self._file()
        file.unlink()
        write_files(file, {"inside.py": f"inside_{self._number} = 1\n"})

    def _new_directory(self) -> None:
        write_files(self._directory() / f"pkg{self._number % 3}", {"deep/new.py": f"new_{self._number} = 1\n"})

    def _move_directory(self) -> None:
        self._inner().rename(self._directory() / f"moved{self._number % 5}")

    def _copy_directory(self) -> None:
        source, target = self._inner(), self._root / f"copy{self._number % 5}"
        if len(list(source.rglob("*"))) < 20:
            shutil.copytree(source, target, symlinks=True)

    def _delete_directory(self) -> None:
        shutil.rmtree(self._directory() / f"pkg{self._number % 3}")

    def _out_and_in(self) -> None:
        """As a checkout does: something goes, and is back with something else in it."""
        directory, kept = self._inner(), self._outside / f"kept{self._number}"
        directory.rename(kept)
        write_files(kept, {f"back{self._number}.py": f"back_{self._number} = 1\n"})
        kept.rename(directory)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_watcher_leaves_nothing_to_find(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "project"
    root.mkdir()
    configure(root, index={"watch": True})
    write_files(
        root, {"first.py": "first = 1\n", "src/a.py": "a = 1\n", "src/deep/b.py": "b = 1\n", "docs/c.md": "c\n"}
    )
    disk, pause = Disk(root, tmp_path / "outside", seed), random.Random(seed)
    with ServerProcess(root) as server:
        while server.http.get("/health/status").json()["watcher"]["state"] != "watching":
            time.sleep(0.01)
        for _ in range(BURSTS):
            for _ in range(pause.choice([1, 1, 2, 5, 15])):
                disk.change()
            time.sleep(pause.choice([0, 0.02, 0.1, 0.4]))
        await_quiet(server)
        progress = server.index()["progress"]
        assert (progress["files_changed"], progress["files_removed"]) == (0, 0), progress
        assert progress["files_total"] == server.http.get("/health/status").json()["index"]["files"]


def await_quiet(server: ServerProcess) -> None:
    """The last change has been reported, by a later one, and is in the index."""
    write_files(server.root, {"last_of_all.txt": f"last {os.urandom(8).hex()}\n"})
    deadline = time.monotonic() + 30
    while not (holds_last(server) and all(job["state"] in FINISHED for job in jobs(server))):
        assert time.monotonic() < deadline, jobs(server)
        time.sleep(0.1)


def holds_last(server: ServerProcess) -> bool:
    body = {"query": "last", "mode": "bm25", "filters": {"paths": ["last_of_all.txt"]}}
    return bool(server.http.post("/query", json=body).json()["results"])


def jobs(server: ServerProcess) -> list[dict[str, str]]:
    found: list[dict[str, str]] = server.http.get("/index/jobs").json()["jobs"]
    return found
