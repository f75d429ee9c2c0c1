"""The projects of `history.toml` as local clones, which are only read: the script fetches none."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.retrieval.packages import Half

_QUIET = (
    "-c",
    "core.quotePath=false",
    "-c",
    "core.symlinks=false",
    "-c",
    "core.autocrlf=false",
    "-c",
    "core.fsmonitor=",
)
_NO_FILTERS = ("-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")


@dataclass(frozen=True, slots=True)
class Project:
    """A public repository. `tree` is the commit that is searched; the questions are of what came until `last`."""

    name: str
    half: Half
    repository: str
    language: str
    tree: str
    last: str


def read_projects() -> list[Project]:
    """Return every project, the development half first."""
    halves = tomllib.loads(Path(__file__).with_name("history.toml").read_text("utf-8"))
    return [Project(name, half, **entry) for half, entries in halves.items() for name, entry in entries.items()]


class Clone:
    """A git directory, bare or with a work tree, of which neither is changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def git(self, *arguments: str, given: str = "", environment: dict[str, str] | None = None) -> str:
        """Return what git prints; raise CalledProcessError where it fails."""
        command = ["git", f"--git-dir={self._directory}", *_QUIET, *_NO_FILTERS, *arguments]
        variables = {**os.environ, "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C", **(environment or {})}
        done = subprocess.run(command, input=given.encode(), capture_output=True, check=True, env=variables)
        return done.stdout.decode("utf-8", "replace")

    def has(self, *commits: str) -> bool:
        """Return whether all the commits are there: a shallow clone has not all of them."""
        return not self._missing(commits)

    def blobs(self, commit: str) -> dict[str, str]:
        """Return the name of each file's content by its path; links are files, submodules are left out."""
        entries = (entry.partition("\t") for entry in self.git("ls-tree", "-r", "-z", commit).split("\0") if entry)
        found = {path: fields.split(" ") for fields, _, path in entries}
        return {path: name for path, (_, kind, name) in found.items() if kind == "blob"}

    def check_out(self, commit: str, target: Path) -> None:
        """Write the commit's files into `target`, unless they are there. Links become files that hold their text.

        What a snapshot of a clone leaves out, such as very large files, is not there then.
        """
        if target.is_dir():
            return
        part = target.with_name(f"{target.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        index = {"GIT_INDEX_FILE": str(part.with_suffix(".index"))}
        blobs = self.blobs(commit)
        missing = self._missing(blobs.values())
        paths = "".join(f"{path}\0" for path, blob in blobs.items() if blob not in missing)
        try:
            self.git("read-tree", commit, environment=index)
            writing = ("checkout-index", "-z", "--stdin", f"--prefix={part}/")
            self.git(f"--work-tree={part}", *writing, given=paths, environment=index)
        finally:
            Path(index["GIT_INDEX_FILE"]).unlink(missing_ok=True)
        part.rename(target)

    def _missing(self, names: Iterable[str]) -> set[str]:
        checked = self.git("cat-file", "--batch-check", given="".join(f"{name}\n" for name in names))
        return {line.split(" ")[0] for line in checked.splitlines() if line.endswith(" missing")}


def find_clone(project: Project, clones: Path) -> Clone | None:
    """Return the project's clone in the folder, by any of the usual names of its folder, None where it has none."""
    owner, _, name = project.repository.partition("/")
    for folder in (f"{owner}+{name}", f"{owner}/{name}", f"{owner}-{name}", f"{owner}_{name}", name):
        for directory in _git_directories(clones / folder):
            clone = Clone(directory)
            if clone.has(project.tree, project.last):
                return clone
    return None


def _git_directories(folder: Path) -> Iterable[Path]:
    candidates = (folder, folder / ".git", folder / "repo", folder / "repo" / ".git", Path(f"{folder}.git"))
    return (path for path in candidates if (path / "HEAD").is_file() and (path / "objects").is_dir())
