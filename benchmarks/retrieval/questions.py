"""The questions, each with the places that answer it, written by reading the sources before anything was tuned."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent_brain_server.indexing.reading.languages import detect_language
from benchmarks.retrieval.packages import Corpus, Package

KINDS = ("symbol", "semantic", "architecture", "docs")
_FOLDER = Path(__file__).with_name("questions")


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file, 1-based, both ends inclusive."""

    path: str
    first: int
    last: int

    def overlaps(self, other: Span) -> bool:
        """Return whether they share a line."""
        return self.path == other.path and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a package or project, and every place that answers it."""

    package: Corpus
    kind: str
    text: str
    answers: tuple[Span, ...]

    @property
    def language(self) -> str:
        """Return the language of the first answer."""
        return detect_language(self.answers[0].path)


def read_questions(packages: Iterable[Package]) -> list[Question]:
    """Return all questions about these packages."""
    return [question for package in packages for question in _of(package)]


def _of(package: Package) -> list[Question]:
    lines = (_FOLDER / f"{package.name}.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [
        Question(package, entry["kind"], entry["question"], tuple(map(_span, entry["answers"]))) for entry in entries
    ]


def _span(text: str) -> Span:
    path, _, lines = text.rpartition(":")
    first, _, last = lines.partition("-")
    return Span(path, int(first), int(last))
