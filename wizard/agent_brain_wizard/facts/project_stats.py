"""Counts what a project holds, for the first line of setup: quickly, so never more than it finds in its time."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent_brain_client.output import count, duration, size
from agent_brain_wizard.facts.git import ask_git

SECONDS = 0.3
GIT_SECONDS = 0.25
BYTES_PER_SECOND = 1_500_000  # the built-in embedding on two cores; an estimate, shown as one
LARGEST_BYTES = 1_000_000
SHOWN_LANGUAGES = 3
_SKIPPED = frozenset("node_modules target build dist vendor __pycache__ venv env".split())
_LANGUAGES = {
    "Python": "py pyi",
    "TypeScript": "ts tsx mts cts",
    "JavaScript": "js jsx mjs cjs",
    "Go": "go",
    "Rust": "rs",
    "Java": "java",
    "Kotlin": "kt kts",
    "Scala": "scala",
    "C": "c h",
    "C++": "cc cpp cxx hh hpp hxx",
    "C#": "cs",
    "Swift": "swift",
    "Ruby": "rb",
    "PHP": "php",
    "Lua": "lua",
    "Elixir": "ex exs",
    "Haskell": "hs",
    "Zig": "zig",
    "Shell": "sh bash zsh",
    "SQL": "sql",
    "HTML": "html htm",
    "CSS": "css scss sass less",
    "Markdown": "md mdx markdown",
    "text": "rst txt adoc",
    "JSON": "json jsonc",
    "YAML": "yaml yml",
    "TOML": "toml",
}
_BY_SUFFIX = {f".{suffix}": language for language, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}


@dataclass(frozen=True, slots=True)
class ProjectStats:
    """The number of files by language, and as `size` the bytes of them that can be indexed.

    Not `complete`: the time was up, there are more.
    """

    files: int
    languages: dict[str, int]
    size: int
    complete: bool

    def sentence(self) -> str:
        """Return the count in one line: `1,204 files: 812 Python, 96 Markdown; 3.1 MB to index, about 2 s`."""
        if not self.files:
            return "no files yet"
        top = sorted(self.languages.items(), key=lambda item: -item[1])[:SHOWN_LANGUAGES]
        if not self.complete:
            least = self.files // (unit := 10 ** (len(str(self.files)) - 1)) * unit
            listed = ", ".join(language for language, _ in top)
            return f"over {count(least, 'file')}" + (f", most of them {listed}" if listed else "")
        listed = ", ".join(f"{number:,} {language}" for language, number in top)
        parts = count(self.files, "file") + (f": {listed}" if listed else "")
        seconds = max(1, round(self.size / BYTES_PER_SECOND))
        took = f"{seconds} s" if seconds < 120 else duration(seconds)
        return f"{parts}; {size(self.size)} to index, about {took}"


def count_project(root: Path) -> ProjectStats:
    """Count the files under `root` that git does not ignore, or all but hidden ones where git does not help."""
    deadline = time.monotonic() + SECONDS
    names = _by_git(root)
    languages: Counter[str] = Counter()
    files = total = 0
    complete = True
    for name in _walk(root) if names is None else names:
        files += 1
        language = _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
        if language:
            languages[language] += 1
            total += _size(root, name)
        if time.monotonic() > deadline:
            complete = False
            break
    return ProjectStats(files, dict(languages), total, complete)


def _by_git(root: Path) -> list[str] | None:
    """Return what git tracks and what it would; None where it is not there, slow or no help."""
    flags = ("-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    done = ask_git(root, "ls-files", *flags, seconds=GIT_SECONDS)
    if done is None or done.returncode:
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _walk(root: Path) -> Iterator[str]:
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        with suppress(OSError), os.scandir(root / directory) as entries:
            for entry in entries:
                name = f"{directory}/{entry.name}" if directory else entry.name
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        waiting.append(name)
                elif entry.is_file(follow_symlinks=False):
                    yield name


def _size(root: Path, name: str) -> int:
    """Return what of the file counts: nothing of one that is left out for its size."""
    try:
        length = (root / name).lstat().st_size
    except OSError:
        return 0
    return length if length <= LARGEST_BYTES else 0
