"""What an agent has without the product: ripgrep and reading files, or one bare full-text table."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent_brain_server.retrieval.packing.pack import count_tokens
from benchmarks.baselines import question_words
from benchmarks.retrieval.questions import Span
from benchmarks.retrieval.scoring import DEPTH, Passage


class Ripgrep:
    """ripgrep for the words of a question, then the files that it found read whole.

    Files that hold more of the words come first, then those with more matches. What ripgrep prints costs nothing here.
    """

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
        match = " OR ".join(f'"{word}"' for word in question_words(question))
        statement = "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?"
        return [self._passages[row] for (row,) in self._database.execute(statement, (match, DEPTH))]

    def close(self) -> None:
        """Give the memory back."""
        self._database.close()
