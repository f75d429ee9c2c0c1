"""How long a question takes, in the server and over HTTP, beside the same words in a bare FTS5 table."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from benchmarks import baselines
from benchmarks.figures import LIMITS, Figure, Limit, Reference, percentile
from benchmarks.project import Project, Server
from benchmarks.questions import QUESTIONS
from benchmarks.scale import Scale

Round = list[float]


def small(scale: Scale) -> list[Figure]:
    """Hybrid queries on about 10,000 chunks."""
    return _figures(scale, scale.small_project, LIMITS.query_milliseconds_10k)


def large(scale: Scale) -> list[Figure]:
    """Hybrid queries on about 200,000 chunks."""
    return _figures(scale, scale.project_of(scale.large_chunks), LIMITS.query_milliseconds_200k)


def _figures(scale: Scale, project: Project, limit: Limit) -> list[Figure]:
    """Each run asks all QUESTIONS once, after one round that is not counted; a figure is of one run's percentile."""
    with project.served() as server:
        job = server.index()
        index = server.status()["index"]
        asked = [_round(server) for _ in range(scale.runs + 1)][1:]
        arms = {mode: _arm(server, mode) for mode in _modes(index["vectors"])}
    bare = _bare_rounds(scale, project)
    size = f"{index['chunks']:,} chunks"
    inside, outside = [[took for took, _ in each] for each in asked], [[wall for _, wall in each] for each in asked]
    made = f"; indexed in this run, {job['progress']['chunks_done']:,} chunks" if job["progress"]["chunks_done"] else ""
    note = "p50 of one arm alone: " + ", ".join(f"{mode} {took:.2f} ms" for mode, took in arms.items()) + made
    return [
        _figure(f"hybrid query in the server, p50, {size}", 0.5, inside, bare, limit, note),
        _figure(f"hybrid query in the server, p95, {size}", 0.95, inside, bare),
        _figure(f"hybrid query over HTTP, p50, {size}", 0.5, outside, bare),
        _figure(f"hybrid query over HTTP, p95, {size}", 0.95, outside, bare),
    ]


def _figure(
    what: str, share: float, rounds: list[Round], bare: list[Round], limit: Limit | None = None, note: str = ""
) -> Figure:
    reference = Reference("bare FTS5", median(percentile(each, share) for each in bare))
    return Figure(what, "ms", tuple(percentile(each, share) for each in rounds), limit, (reference,), note)


def _round(server: Server, mode: str = "hybrid") -> list[tuple[float, float]]:
    """Milliseconds in the server and over HTTP for every question."""
    times = []
    for question in QUESTIONS:
        started = time.perf_counter()
        answer = server.query(question, mode)
        times.append((float(answer["took_ms"]), (time.perf_counter() - started) * 1e3))
    return times


def _modes(vectors: int) -> tuple[str, ...]:
    return ("bm25", "vector") if vectors else ("bm25",)


def _arm(server: Server, mode: str) -> float:
    return percentile([took for took, _ in _round(server, mode)], 0.5)


def _bare_rounds(scale: Scale, project: Project) -> list[Round]:
    bare = baselines.BareIndex(scale.work / "bare.db")
    try:
        bare.fill(project.index_path)
        ask: Callable[[str], float] = bare.search_milliseconds
        return [[ask(question) for question in QUESTIONS] for _ in range(scale.runs + 1)][1:]
    finally:
        bare.close()
