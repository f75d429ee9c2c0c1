"""How fast an index is made, and how fast an unchanged one is found unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks import baselines
from benchmarks.figures import LIMITS, Figure, Reference
from benchmarks.project import Project, seconds
from benchmarks.scale import Scale


def cold(scale: Scale) -> list[Figure]:
    """Chunks a second of a first indexing of the standard library, from the start of the job to its end.

    The walk, the start of the workers and the embedding are inside. References: reading the same files, and putting
    the same chunks' texts into a bare FTS5 table, both as chunks a second.
    """
    project = scale.library_project()
    jobs = [_cold_job(project) for _ in range(scale.cold_runs)]
    last = jobs[-1]
    rates = tuple(job.chunks / job.seconds for job in jobs)
    read = median(baselines.read_seconds(project.root / "src") for _ in range(scale.cold_runs))
    bare = baselines.BareIndex(scale.work / "bare.db")
    rows, inserting = bare.fill(project.index_path)
    bare.close()
    references = (
        Reference("walk and read", last.chunks / read),
        Reference("insert into bare FTS5", rows / inserting),
    )
    note = (
        f"the last run: {last.chunks:,} chunks of {last.files:,} files in {last.seconds:.1f} s, "
        f"{last.processor_seconds:.1f} s of processor time"
    )
    return [
        Figure(
            "cold index of the standard library", "chunks/s", rates, LIMITS.index_chunks_per_second, references, note
        )
    ]


@dataclass(frozen=True, slots=True)
class _ColdJob:
    chunks: int
    files: int
    seconds: float
    processor_seconds: float


def _cold_job(project: Project) -> _ColdJob:
    project.forget_index()
    with project.served() as server:
        before = server.processor_seconds()
        job = server.index()
        server.await_no_workers()
        used = server.processor_seconds() - before
    progress = job["progress"]
    return _ColdJob(progress["chunks_done"], progress["files_done"], seconds(job), used)


def unchanged(scale: Scale) -> list[Figure]:
    """Milliseconds of a job that finds nothing to do, as the job tells. Reference: a bare walk that asks for sizes."""
    project = scale.small_files_project()
    with project.served() as server:
        server.index()
        jobs = [server.index() for _ in range(scale.runs)]
    files = int(jobs[-1]["progress"]["files_done"])
    walks = median(baselines.walk_seconds(project.root / "src") for _ in range(scale.runs)) * 1e3
    times = tuple(seconds(job) * 1e3 for job in jobs)
    reference = Reference("bare walk and stat", walks)
    return [Figure(f"unchanged re-index of {files:,} files", "ms", times, LIMITS.unchanged_milliseconds, (reference,))]
