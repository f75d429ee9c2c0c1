"""Everything that was asked and answered in one run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.retrieval.packages import Corpus
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.scoring import Gain, Passage, tokens_to_first


@dataclass(frozen=True, slots=True)
class Asked:
    """One question put to one system."""

    system: str
    question: Question
    passages: Sequence[Passage]
    milliseconds: float


@dataclass(slots=True)
class Results:
    """Add to it, then ask for figures."""

    asked: dict[str, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    indexes: list[tuple[Corpus, int, float]] = field(default_factory=list)

    def add(self, asked: Asked) -> None:
        """Keep one answer."""
        self.asked[asked.system].append(asked)

    def indexed(self, package: Corpus, chunks: int, seconds: float) -> None:
        """Keep how long an index took, 0 s where it was there before."""
        self.indexes.append((package, chunks, seconds))

    @property
    def questions(self) -> int:
        """Return how many questions there were."""
        return len(next(iter(self.asked.values()), []))

    def mean(self, system: str, gain: Gain, belongs: Callable[[Question], bool] = lambda _: True) -> float:
        """Return the mean gain over the questions that belong, 0 where none does."""
        gains = [gain(one.passages, one.question.answers) for one in self.asked[system] if belongs(one.question)]
        return sum(gains) / len(gains) if gains else 0.0

    def milliseconds(self, system: str) -> float:
        """Return the median time of an answer."""
        return median(one.milliseconds for one in self.asked[system])

    def write(self, file: Path) -> None:
        """Write every answer as a line of JSON, without times: the same sources and code give the same bytes."""
        with file.open("w", encoding="utf-8") as out:
            for asked in self.asked.values():
                for one in asked:
                    print(json.dumps(_record(one), ensure_ascii=False), file=out)

    def reading(self, system: str) -> list[int | None]:
        """Return by question the tokens to read to the first answer, None if it is not among the first ten."""
        return [tokens_to_first(one.passages, one.question.answers) for one in self.asked[system]]


def _record(one: Asked) -> dict[str, object]:
    question = one.question
    return {
        "system": one.system,
        "half": question.package.half,
        "corpus": question.package.name,
        "kind": question.kind,
        "question": question.text,
        "answers": [_place(span) for span in question.answers],
        "results": [_place(passage.span) for passage in one.passages],
    }


def _place(span: Span) -> str:
    return f"{span.path}:{span.first}-{span.last}"
