"""The figures of a run as tables. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from statistics import mean, median

from benchmarks.retrieval.questions import KINDS, Question
from benchmarks.retrieval.results import Results
from benchmarks.retrieval.scoring import Gain, file_gain, passage_gain

SYSTEMS = ("hybrid", "multi", "bm25", "vector", "fts5", "files", "ripgrep", "semble")
_GAINS: tuple[tuple[str, Gain], ...] = (("passages", passage_gain), ("files", file_gain))


def everything(results: Results, ablations: Iterable[str]) -> str:
    """Return all tables, the ablations last."""
    parts = [_by_kind(results, title, gain) for title, gain in _GAINS]
    parts += [_by_language(results), *([_reading(results)] if "ripgrep" in results.asked else []), _times(results)]
    names = [name for name in ablations if name not in SYSTEMS]
    return "\n\n".join([*parts, *([_worth(results, names)] if names else [])])


def _by_kind(results: Results, title: str, gain: Gain) -> str:
    rows = [
        [
            name,
            _figure(results.mean(name, gain)),
            *(_figure(results.mean(name, gain, partial(_is_of, kind))) for kind in KINDS),
        ]
        for name in _asked(results)
    ]
    return render(f"NDCG@10, {title}", ["system", "all", *KINDS], rows)


def _asked(results: Results) -> list[str]:
    return [name for name in SYSTEMS if name in results.asked]


def _is_of(kind: str, question: Question) -> bool:
    return question.kind == kind


def _is_in(language: str, question: Question) -> bool:
    return question.language == language


def _by_language(results: Results) -> str:
    languages = sorted({one.question.language for one in results.asked["hybrid"]})
    names = _asked(results)
    rows = []
    for language in languages:
        number = sum(one.question.language == language for one in results.asked["hybrid"])
        means = [_figure(results.mean(name, passage_gain, partial(_is_in, language))) for name in names]
        rows.append([language, str(number), *means])
    return render("NDCG@10, passages, by the language of the answer", ["language", "questions", *names], rows)


def _reading(results: Results) -> str:
    reading = {name: results.reading(name) for name in ("hybrid", "fts5", "ripgrep")}
    rows = [
        [
            name,
            _figure(sum(t is not None for t in tokens) / len(tokens)),
            *_spread([t for t in tokens if t is not None]),
        ]
        for name, tokens in reading.items()
    ]
    pairs = zip(reading["hybrid"], reading["ripgrep"], strict=True)
    both = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
    ours, theirs = [a for a, _ in both], [b for _, b in both]
    note = (
        f"{len(both)} questions that hybrid and ripgrep both answer: hybrid {mean(ours):,.0f} tokens on average,"
        f" ripgrep and reading {mean(theirs):,.0f}: {mean(theirs) / mean(ours):.0f} times fewer"
        f" ({median(theirs) / median(ours):.0f} by the median)"
    )
    heads = ["system", "answered in ten", "mean tokens", "median"]
    return render("Tokens to the first passage that answers", heads, rows) + "\n" + note


def _times(results: Results) -> str:
    made = [(chunks, seconds) for _, chunks, seconds in results.indexes if seconds]
    lines = [f"query p50: {', '.join(f'{name} {results.milliseconds(name):.2f} ms' for name in SYSTEMS[:4])}"]
    if made:
        chunks, seconds = sum(c for c, _ in made), sum(s for _, s in made)
        lines.append(f"indexing: {chunks:,} chunks in {seconds:.1f} s, {chunks / seconds:,.0f} a second")
    return "\n".join(lines)


def _worth(results: Results, names: Sequence[str]) -> str:
    whole = [results.mean("hybrid", gain) for _, gain in _GAINS]
    rows = []
    for name in names:
        less = [results.mean(name, gain) for _, gain in _GAINS]
        rows.append([name, *map(_figure, less), *(f"{a - b:+.3f}" for a, b in zip(whole, less, strict=True))])
    rows.insert(0, ["hybrid", *map(_figure, whole), "", ""])
    return render("What each part is worth", ["system", "passages", "files", "worth", "worth (files)"], rows)


def _spread(tokens: Sequence[int]) -> list[str]:
    return [f"{mean(tokens):,.0f}", f"{median(tokens):,.0f}"] if tokens else ["-", "-"]


def _figure(value: float) -> str:
    return f"{value:.3f}"


def render(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table under its title."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join([title, *(f"| {' | '.join(line)} |" for line in lines)])
