"""A million chunks in PostgreSQL: loading them, building the index over their vectors, and asking, alone and together.

The files are the standard library and copies of it with other names, so words come as often as in real code, and
vectors are those of the embedding that is measured.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from benchmarks import database
from benchmarks.figures import Figure, percentile
from benchmarks.project import Server, seconds
from benchmarks.querying import SHARES, ask_round
from benchmarks.scale import Scale

CLIENTS = {1: "1 client", 8: "8 clients"}


def million(scale: Scale) -> list[Figure]:
    """Load rate, build time, hybrid queries by 1 and by 8 clients, and size of the database."""
    if scale.postgres is None:
        return []
    project = scale.project_of(scale.million_chunks)
    with scale.postgres.database() as name, project.kept_in(scale.postgres.url(name)) as kept:
        with kept.served() as server:
            figures = _load(server)
            figures += _ask(scale, server, server.status()["index"]["chunks"])
        size = database.megabytes(scale.postgres, name)
    return [*figures, Figure("PostgreSQL: size of that database", "MB", (size,))]


def _load(server: Server) -> list[Figure]:
    job, loaded = server.load()
    index = server.status()["index"]
    chunks, rest = index["chunks"], seconds(job) - loaded
    note = (
        f"{loaded:.0f} s for {index['files']:,} files with their embeddings, then {rest:.0f} s until the job was done"
    )
    return [
        Figure(f"PostgreSQL: load of {chunks:,} chunks", "chunks/s", (chunks / loaded,), None, (), note),
        Figure(f"PostgreSQL: building the index over {index['vectors']:,} vectors", "s", (rest,)),
    ]


def _ask(scale: Scale, server: Server, chunks: int) -> list[Figure]:
    """Return milliseconds in the server after a round that is not counted; each client begins with another question."""
    ask_round(server, scale.questions)
    figures = []
    for clients, shown in CLIENTS.items():
        rounds, rates = [], []
        for _ in range(scale.runs):
            started = time.perf_counter()
            rounds.append(_ask_together(server, scale.questions, clients))
            rates.append(len(rounds[-1]) / (time.perf_counter() - started))
        note = f"{median(rates):.0f} answers a second over HTTP by {shown}"
        for name, share in SHARES.items():
            times = tuple(percentile(each, share) for each in rounds)
            what = f"PostgreSQL: hybrid query in the server, {name}, {chunks:,} chunks, {shown}"
            figures.append(Figure(what, "ms", times, None, (), note))
            note = ""
    return figures


def _ask_together(server: Server, questions: Sequence[str], clients: int) -> list[float]:
    """Return what every question of every client took."""

    def turn(number: int) -> list[float]:
        first = number * len(questions) // clients
        with server.another_connection() as own:
            return [took for took, _ in ask_round(own, [*questions[first:], *questions[:first]])]

    with ThreadPoolExecutor(clients) as threads:
        return [took for times in threads.map(turn, range(clients)) for took in times]
