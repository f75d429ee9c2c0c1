"""What the product is compared with: the least that could do a part of the same work, measured in the same run."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agent_brain_server.domain.terms import STOP_WORDS
from benchmarks.machine import on_allowed_cores

_WORD = re.compile(r"[A-Za-z0-9]+")
DEPTH = 50
ROWS_A_TRANSACTION = 700


def program_seconds(command: Sequence[str], runs: int, cwd: Path | None = None) -> tuple[float, ...]:
    """Return the wall time of a program from spawn to end, its output read and thrown away."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        with on_allowed_cores():
            subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        times.append(time.perf_counter() - started)
    return tuple(times)


def processor_seconds(command: Sequence[str]) -> float:
    """Return the processor time of a program and what it has waited for; 0 where the system does not report it."""
    before = os.times()
    program_seconds(command, 1)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def python_seconds(code: str, runs: int) -> tuple[float, ...]:
    """Run `code` in a new Python process."""
    return program_seconds([sys.executable, "-c", code], runs)


def ripgrep_seconds(words: Sequence[str], tree: Path, runs: int) -> tuple[float, ...] | None:
    """Run ripgrep for any of `words` in `tree`, ignoring case; None where it is not installed."""
    program = shutil.which("rg")
    if program is None:
        return None
    patterns = [part for word in words for part in ("-e", word)]
    return program_seconds([program, "--ignore-case", "--fixed-strings", *patterns, str(tree)], runs)


def read_seconds(tree: Path) -> float:
    """Walk `tree` and read every file once."""
    started = time.perf_counter()
    for directory, _, files in os.walk(tree):
        for name in files:
            Path(directory, name).read_bytes()
    return time.perf_counter() - started


def walk_seconds(tree: Path) -> float:
    """Walk `tree` and ask for every file's size and time."""
    started = time.perf_counter()
    pending = [str(tree)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
    return time.perf_counter() - started


def question_words(question: str) -> list[str]:
    """Return the words of a question in lower case, without the words that say nothing."""
    words = [word.lower() for word in _WORD.findall(question)]
    return [word for word in words if word not in STOP_WORDS] or words


class BareIndex:
    """One FTS5 table with default options that holds the texts of the product's index, in a file of its own."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL").fetchall()
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("CREATE VIRTUAL TABLE texts USING fts5 (text)")

    def fill(self, index: Path) -> tuple[int, float]:
        """Insert every chunk's text in transactions of a batch each; return how many, and the seconds of inserting."""
        source = sqlite3.connect(f"{index.as_uri()}?mode=ro", uri=True)
        cursor = source.execute("SELECT text FROM chunks ORDER BY row")
        rows, seconds = 0, 0.0
        while batch := cursor.fetchmany(ROWS_A_TRANSACTION):
            started = time.perf_counter()
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO texts (text) VALUES (?)", batch)
            self._database.execute("COMMIT")
            seconds += time.perf_counter() - started
            rows += len(batch)
        source.close()
        return rows, seconds

    def search_milliseconds(self, question: str) -> float:
        """Return the best DEPTH rows that hold any word of `question`, by BM25."""
        match = " OR ".join(f'"{word}"' for word in question_words(question))
        started = time.perf_counter()
        statement = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
        self._database.execute(statement, (match, DEPTH)).fetchall()
        return (time.perf_counter() - started) * 1e3

    def close(self) -> None:
        """Give the file back."""
        self._database.close()
