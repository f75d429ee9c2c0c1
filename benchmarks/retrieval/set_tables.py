"""The figures of one set, by half, mode and kind of question, as tables. Measures nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.retrieval.questions import Question
from benchmarks.retrieval.results import Gain, Results
from benchmarks.retrieval.scoring import file_found, file_gain, file_recall, passage_found, passage_gain
from benchmarks.retrieval.tables import render

MEASURES: Mapping[str, Gain] = {
    "NDCG@10 files": file_gain,
    "recall@10 files": file_recall,
    "first, files": file_found(1),
    "at five, files": file_found(5),
    "NDCG@10 lines": passage_gain,
    "first, lines": passage_found(1),
    "at five, lines": passage_found(5),
}


def by_half(results: Results) -> str:
    """Return a table of each half's figures, then one by the kinds of questions where there are several."""
    questions = [one.question for one in next(iter(results.asked.values()), [])]
    halves = sorted({question.package.half for question in questions})
    parts = [_of_half(results, half, questions) for half in halves]
    parts += [table for half in halves if (table := _kinds(results, half, questions))]
    return "\n\n".join([*parts, _times(results)])


def _of_half(results: Results, half: str, questions: Sequence[Question]) -> str:
    number = sum(question.package.half == half for question in questions)
    rows = [
        [system, *(f"{results.mean(system, gain, _is_of(half)):.3f}" for gain in MEASURES.values())]
        for system in results.asked
    ]
    return render(f"{half} half, {number} questions", ["system", *MEASURES], rows)


def _kinds(results: Results, half: str, questions: Sequence[Question]) -> str:
    kinds = list(dict.fromkeys(question.kind for question in questions if question.package.half == half))
    if len(kinds) < 2:
        return ""
    rows = [
        [system, *(f"{results.mean(system, passage_found(1), _is_of(half, kind)):.3f}" for kind in kinds)]
        for system in results.asked
    ]
    numbers = [sum(_is_of(half, kind)(question) for question in questions) for kind in kinds]
    heads = [f"{kind} ({number})" for kind, number in zip(kinds, numbers, strict=True)]
    return render(f"{half} half, first by lines, by the kind of question", ["system", *heads], rows)


def _is_of(half: str, kind: str | None = None) -> Callable[[Question], bool]:
    return lambda question: question.package.half == half and kind in (None, question.kind)


def _times(results: Results) -> str:
    timed = {system: results.milliseconds(system) for system in results.asked}
    return f"query p50: {', '.join(f'{system} {time:.2f} ms' for system, time in timed.items() if time)}"
