"""How long a question takes, in the server and over HTTP, on both backends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import baselines, database
from benchmarks.figures import LIMITS, Figure, Limit, Reference, percentile
from benchmarks.memory import resident_megabytes
from benchmarks.project import Project, Server
from benchmarks.scale import Scale

Round = list[float]
SHARES = {"p50": 0.5, "p95": 0.95}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Milliseconds of every question by round: as the server reports, and over HTTP."""

    chunks: int
    inside: list[Round]
    outside: list[Round]
    note: str


def small(scale: Scale) -> list[Figure]:
    """Measure hybrid queries on about 10,000 chunks."""
    limits = (LIMITS.query_milliseconds_10k, LIMITS.postgres_query_milliseconds_10k)
    return _measured(scale, scale.small_project, limits)


def large(scale: Scale) -> list[Figure]:
    """Measure hybrid queries on about 200,000 chunks."""
    limits = (LIMITS.query_milliseconds_200k, LIMITS.postgres_query_milliseconds_200k)
    return _measured(scale, scale.project_of(scale.large_chunks), limits)


def _measured(scale: Scale, project: Project, limits: tuple[Limit, Limit]) -> list[Figure]:
    """Measure SQLite, with a bare FTS5 table as its reference, then PostgreSQL, with SQLite as its reference."""
    asked = _ask_all(scale, project)
    bare = _bare_rounds(scale, project)
    words = [Reference("bare FTS5", median(percentile(each, share) for each in bare)) for share in SHARES.values()]
    figures = _figures(asked, limits[0], words * 2)
    if scale.postgres is not None:
        with scale.in_postgres(project) as kept:
            asked = _ask_all(scale, kept)
        references = [Reference("SQLite", figure.value) for figure in figures]
        figures += _figures(asked, limits[1], references, "PostgreSQL: ")
    return figures


def _figures(asked: _Asked, limit: Limit, references: Sequence[Reference], prefix: str = "") -> list[Figure]:
    """Return a figure for each percentile; a run is a round of all questions. The first figure has the limit."""
    rows = [
        (f"{prefix}hybrid query {where}, {name}, {asked.chunks:,} chunks", rounds, share)
        for where, rounds in (("in the server", asked.inside), ("over HTTP", asked.outside))
        for name, share in SHARES.items()
    ]
    limits, notes = (limit, None, None, None), (asked.note, "", "", "")
    return [
        Figure(what, "ms", tuple(percentile(each, share) for each in rounds), bound, (reference,), note)
        for (what, rounds, share), bound, reference, note in zip(rows, limits, references, notes, strict=True)
    ]


def _ask_all(scale: Scale, project: Project) -> _Asked:
    """Ask every question once a round, over one connection, after a round that is not counted."""
    with project.served() as server:
        server.index()
        index = server.status()["index"]
        ask_round(server, scale.questions)
        before = server.processor_seconds(), database.processor_seconds(scale.postgres)
        rounds = [ask_round(server, scale.questions) for _ in range(scale.runs)]
        after = server.processor_seconds(), database.processor_seconds(scale.postgres)
        queries = scale.runs * len(scale.questions)
        own, others = ((now - then) * 1e3 / queries for now, then in zip(after, before, strict=True))
        both = f"{own:.1f} ms of processor time a query"
        if project.url and others:
            both += f" in the server, {others:.1f} ms in PostgreSQL"
        note = f"{both}; {_notes(server, scale.questions, index)}"
    inside, outside = ([[times[part] for times in each] for each in rounds] for part in (0, 1))
    return _Asked(index["chunks"], inside, outside, note)


def ask_round(server: Server, questions: Sequence[str], mode: str = "hybrid") -> list[tuple[float, float]]:
    """Return milliseconds in the server and over HTTP for every question."""
    times = []
    for question in questions:
        started = time.perf_counter()
        answer = server.query(question, mode)
        times.append((float(answer["took_ms"]), (time.perf_counter() - started) * 1e3))
    return times


def _notes(server: Server, questions: Sequence[str], index: dict[str, int]) -> str:
    """Return what one retriever alone takes, and the memory of the server by now."""
    modes = ("bm25", "vector") if index["vectors"] else ("bm25",)
    alone = {mode: percentile([took for took, _ in ask_round(server, questions, mode)], 0.5) for mode in modes}
    retrievers = ", ".join(f"{mode} {took:.2f} ms" for mode, took in alone.items())
    memory = f"the server's memory afterwards {resident_megabytes(server.pid):.0f} MB"
    return f"p50 of one retriever alone: {retrievers}; {memory}"


def _bare_rounds(scale: Scale, project: Project) -> list[Round]:
    bare = baselines.BareIndex(scale.work / "bare.db")
    try:
        bare.fill(project.index_path)
        rounds = [[bare.search_milliseconds(question) for question in scale.questions] for _ in range(scale.runs + 1)]
        return rounds[1:]
    finally:
        bare.close()
