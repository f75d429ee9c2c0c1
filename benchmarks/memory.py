"""Memory of the server at rest, and of the server with its workers while it indexes.

What counts is the resident set, as `ps` and task managers show it. The sum over processes counts shared pages once a
process, so it is an upper bound; the proportional set, where the system reports it, is in the note.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.figures import LIMITS, Figure
from benchmarks.project import Project
from benchmarks.questions import QUESTIONS
from benchmarks.scale import Scale

SAMPLE_SECONDS = 0.05
PROPORTIONAL_EVERY = 10
MEGABYTE = 1e6


@dataclass(slots=True)
class Peak:
    """The largest sums seen, in MB, and what the server alone had at its own largest."""

    resident: float = 0.0
    proportional: float = 0.0
    server: float = 0.0
    processes: int = 0

    def sample(self, pid: int, *, proportional: bool) -> None:
        """Look at the process and its children once."""
        with _gone_is_fine():
            server = psutil.Process(pid)
            processes = [server, *server.children(recursive=True)]
            own = server.memory_info().rss / MEGABYTE
            resident = own + sum(_resident(process) for process in processes[1:])
            self.server = max(self.server, own)
            self.processes = max(self.processes, len(processes))
            self.resident = max(self.resident, resident)
            if proportional:
                self.proportional = max(self.proportional, sum(_proportional(process) for process in processes))


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except psutil.Error:
        return


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MEGABYTE
    except psutil.Error:
        return 0.0


def _proportional(process: psutil.Process) -> float:
    try:
        return float(getattr(process.memory_full_info(), "pss", 0)) / MEGABYTE
    except psutil.Error:
        return 0.0


def resident_megabytes(pid: int) -> float:
    """Return the resident set of the process, with what it maps from files, without its children."""
    return _resident(psutil.Process(pid))


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Yield the peak of the process and its children during the block."""
    peak, over = Peak(), threading.Event()

    def look() -> None:
        turn = 0
        while not over.wait(SAMPLE_SECONDS):
            peak.sample(pid, proportional=turn % PROPORTIONAL_EVERY == 0)
            turn += 1

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def idle(scale: Scale) -> list[Figure]:
    """Measure the server's memory some seconds after a first query: watcher off, on, and on after all questions."""
    project = scale.small_project
    runs = min(scale.runs, 3)
    off = tuple(_idle_megabytes(project, 1, scale.idle_seconds, watch=False) for _ in range(runs))
    on = tuple(_idle_megabytes(project, 1, scale.idle_seconds, watch=True) for _ in range(runs))
    worked = tuple(_idle_megabytes(project, len(scale.questions), scale.idle_seconds, watch=True) for _ in range(runs))
    with project.served() as server:
        size = f"{server.status()['index']['chunks']:,} chunks"
    return [
        Figure(f"idle memory after a first query, {size}", "MB", off, LIMITS.idle_megabytes),
        Figure(f"idle memory, watcher on, {size}", "MB", on, LIMITS.idle_megabytes),
        Figure(
            f"idle memory after {len(scale.questions)} queries, watcher on, {size}", "MB", worked, LIMITS.idle_megabytes
        ),
    ]


def _idle_megabytes(project: Project, queries: int, rest: float, *, watch: bool) -> float:
    project.configure(watch=watch)
    try:
        with project.served() as server:
            for question in QUESTIONS[:queries]:
                server.query(question)
            time.sleep(rest)
            return resident_megabytes(server.pid)
    finally:
        project.configure(watch=False)


def peak(scale: Scale) -> list[Figure]:
    """Return the largest memory of the server and its workers together while a cold index of many chunks is made."""
    project = scale.project_of(scale.peak_chunks)
    project.forget_index()
    with project.served() as server, watched(server.pid) as peak:
        chunks = int(server.index()["progress"]["chunks_done"])
    note = (
        f"sum of resident sets of {peak.processes} processes, sampled every {SAMPLE_SECONDS * 1e3:.0f} ms; the server "
        f"alone {peak.server:.0f} MB; proportional sum {peak.proportional:.0f} MB"
    )
    what = f"peak memory, server and workers, indexing {chunks:,} chunks"
    return [Figure(what, "MB", (peak.resident,), LIMITS.peak_megabytes, (), note)]
