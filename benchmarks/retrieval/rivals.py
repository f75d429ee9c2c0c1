"""What an agent has without the product: ripgrep and reading files, or a bare full-text table of passages or files."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent_brain_server.domain.terms import STOP_WORDS
from agent_brain_server.retrieval.packing.pack import count_tokens
from benchmarks.baselines import question_words
from benchmarks.retrieval.questions import Span
from benchmarks.retrieval.scoring import DEPTH, Passage

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Ripgrep:
    """ripgrep for the words of a question, then the files that it found read whole.

    Files that hold more of the words come first, then those with more matches. What ripgrep prints costs nothing here.
    """

    @staticmethod
    def is_installed() -> bool:
        """Return whether there is a program to run."""
        return shutil.which("rg") is not None

    def __init__(self, root: Path) -> None:
        program = shutil.which("rg")
        if program is None:
            raise LookupError("ripgrep (rg) is not installed")
        self._program = program
        self._root = root

    def ask(self, question: str) -> list[Passage]:
        """Return the first ten files, each in full."""
        words = question_words(question)
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for line in self._search(words).splitlines():
            path, separator, match = line.partition("\0")
            if separator:  # not a note about a binary file
                found[path][match.lower()] += 1
        order = sorted(found, key=lambda path: (-len(found[path]), -found[path].total(), path))
        return [self._whole(path) for path in order[:DEPTH]]

    def _search(self, words: Sequence[str]) -> str:
        patterns = [part for word in words for part in ("-e", word)]
        options = ["--ignore-case", "--fixed-strings", "--only-matching", "--no-line-number", "--null", "--no-heading"]
        command = [self._program, *options, "--with-filename", *patterns, "./"]
        environment = {**os.environ, "RIPGREP_CONFIG_PATH": ""}
        done = subprocess.run(command, cwd=self._root, capture_output=True, check=False, env=environment)
        return done.stdout.decode("utf-8", "replace")

    def _whole(self, path: str) -> Passage:
        text = (self._root / path).read_text("utf-8", "replace")
        return Passage(Span(path.removeprefix("./"), 1, text.count("\n") + 1), count_tokens(text))


class BareTable:
    """One FTS5 table of the same chunks' texts, all options left as they are."""

    def __init__(self, index: Path) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE VIRTUAL TABLE texts USING fts5 (text)")
        with closing(sqlite3.connect(index)) as source:
            rows = source.execute(
                "SELECT row, path, start_line, end_line, text FROM chunks JOIN files ON files.id = file_id"
            ).fetchall()
        self._passages = {row: Passage(Span(*place), count_tokens(text)) for row, *place, text in rows}
        self._database.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", [(r[0], r[-1]) for r in rows])

    def ask(self, question: str) -> list[Passage]:
        """Return the best ten chunks that hold any word of the question."""
        match = " OR ".join(f'"{word}"' for word in question_words(question)) or '""'
        statement = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
        return [self._passages[row] for (row,) in self._database.execute(statement, (match, DEPTH))]

    def close(self) -> None:
        """Free the memory."""
        self._database.close()


class WholeFiles:
    """One FTS5 table of the same files, whole, with their paths: BM25 by files, words as the product splits them."""

    def __init__(self, index: Path, root: Path) -> None:
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE VIRTUAL TABLE files USING fts5 (terms)")
        with closing(sqlite3.connect(index)) as source:
            paths = [path for (path,) in source.execute("SELECT path FROM files WHERE chunk_count > 0 ORDER BY path")]
        self._passages = []
        for row, path in enumerate(paths):
            text = (root / path).read_text("utf-8", "replace")
            self._passages.append(Passage(Span(path, 1, text.count("\n") + 1), count_tokens(text)))
            self._database.execute("INSERT INTO files (rowid, terms) VALUES (?, ?)", (row, _words(f"{path} {text}")))

    def ask(self, question: str) -> list[Passage]:
        """Return the best ten files that hold any word of the question."""
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(_words(question).split()))
        statement = "SELECT rowid FROM files WHERE files MATCH ? ORDER BY rank, rowid LIMIT ?"
        return [self._passages[row] for (row,) in self._database.execute(statement, (match or '""', DEPTH))]

    def close(self) -> None:
        """Free the memory."""
        self._database.close()


def _words(text: str) -> str:
    """Return the text's words and the parts of its names, without the words that say nothing."""
    words = (word.lower() for word in _PARTS.findall(text))
    return " ".join(word for word in words if word not in STOP_WORDS)
