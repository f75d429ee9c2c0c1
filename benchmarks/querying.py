"""How long a question takes, in the server and over HTTP, beside the same words in a bare FTS5 table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import baselines
from benchmarks.figures import LIMITS, Figure, Limit, Reference, percentile
from benchmarks.memory import resident_megabytes
from benchmarks.project import Project, Server
from benchmarks.scale import Scale

Round = list[float]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Milliseconds of every question by round: as the server tells, over HTTP, and of the bare table."""

    chunks: int
    inside: list[Round]
    outside: list[Round]
    bare: list[Round]
    note: str


def small(scale: Scale) -> list[Figure]:
    """Hybrid queries on about 10,000 chunks."""
    return _figures(_ask_all(scale, scale.small_project), LIMITS.query_milliseconds_10k)


def large(scale: Scale) -> list[Figure]:
    """Hybrid queries on about 200,000 chunks."""
    return _figures(_ask_all(scale, scale.project_of(scale.large_chunks)), LIMITS.query_milliseconds_200k)


def _figures(asked: _Asked, limit: Limit) -> list[Figure]:
    """A run is a round of all questions; its figure is a percentile of that round."""
    size = f"{asked.chunks:,} chunks"
    return [
        _figure(f"hybrid query in the server, p50, {size}", 0.5, asked.inside, asked.bare, limit, asked.note),
        _figure(f"hybrid query in the server, p95, {size}", 0.95, asked.inside, asked.bare),
        _figure(f"hybrid query over HTTP, p50, {size}", 0.5, asked.outside, asked.bare),
        _figure(f"hybrid query over HTTP, p95, {size}", 0.95, asked.outside, asked.bare),
    ]


def _figure(
    what: str, share: float, rounds: list[Round], bare: list[Round], limit: Limit | None = None, note: str = ""
) -> Figure:
    reference = Reference("bare FTS5", median(percentile(each, share) for each in bare))
    return Figure(what, "ms", tuple(percentile(each, share) for each in rounds), limit, (reference,), note)


def _ask_all(scale: Scale, project: Project) -> _Asked:
    """Every question once a round, over one connection, after a round that is not counted."""
    with project.served() as server:
        server.index()
        index = server.status()["index"]
        _round(server, scale.questions)
        before = server.processor_seconds()
        rounds = [_round(server, scale.questions) for _ in range(scale.runs)]
        used = (server.processor_seconds() - before) * 1e3 / (scale.runs * len(scale.questions))
        note = f"{used:.1f} ms of processor time a query; {_notes(server, scale.questions, index['vectors'])}"
    return _Asked(
        index["chunks"],
        [[took for took, _ in each] for each in rounds],
        [[wall for _, wall in each] for each in rounds],
        _bare_rounds(scale, project),
        note,
    )


def _round(server: Server, questions: Sequence[str], mode: str = "hybrid") -> list[tuple[float, float]]:
    """Milliseconds in the server and over HTTP for every question."""
    times = []
    for question in questions:
        started = time.perf_counter()
        answer = server.query(question, mode)
        times.append((float(answer["took_ms"]), (time.perf_counter() - started) * 1e3))
    return times


def _notes(server: Server, questions: Sequence[str], vectors: int) -> str:
    """What one arm alone takes, and the memory that the server has by now."""
    modes = ("bm25", "vector") if vectors else ("bm25",)
    alone = {mode: percentile([took for took, _ in _round(server, questions, mode)], 0.5) for mode in modes}
    arms = ", ".join(f"{mode} {took:.2f} ms" for mode, took in alone.items())
    return f"p50 of one arm alone: {arms}; the server's memory afterwards {resident_megabytes(server.pid):.0f} MB"


def _bare_rounds(scale: Scale, project: Project) -> list[Round]:
    bare = baselines.BareIndex(scale.work / "bare.db")
    try:
        bare.fill(project.index_path)
        rounds = [[bare.search_milliseconds(question) for question in scale.questions] for _ in range(scale.runs + 1)]
        return rounds[1:]
    finally:
        bare.close()
