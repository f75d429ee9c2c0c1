"""How fast an index is made, and how fast an unchanged one is found unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from benchmarks import baselines, database
from benchmarks.figures import LIMITS, Figure, Reference
from benchmarks.project import Project, seconds
from benchmarks.scale import Scale

COLD = "cold index of the standard library"


def cold(scale: Scale) -> list[Figure]:
    """Measure chunks a second of a first indexing of the standard library, from the start of the job to its end.

    The walk, the start of the workers, the embedding and on PostgreSQL the index over the vectors are inside.
    References: reading the same files, and putting the same chunks' texts into a bare FTS5 table, both as chunks a
    second; for PostgreSQL what SQLite made of it.
    """
    project = scale.library_project()
    jobs = []
    for _ in range(scale.cold_runs):
        project.forget_index()
        jobs.append(cold_job(project))
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
    note = f"{last}, {last.processor_seconds:.1f} s of processor time"
    figure = Figure(COLD, "chunks/s", rates, LIMITS.index_chunks_per_second, references, note)
    return [figure, *_cold_in_postgres(scale, project, figure)]


def _cold_in_postgres(scale: Scale, project: Project, reference: Figure) -> list[Figure]:
    if scale.postgres is None:
        return []
    jobs, used = [], 0.0
    for _ in range(scale.cold_runs):
        with scale.in_postgres(project) as kept:
            before = database.processor_seconds(scale.postgres)
            jobs.append(cold_job(kept))
            used = database.processor_seconds(scale.postgres) - before
    last = jobs[-1]
    rates = tuple(job.chunks / job.seconds for job in jobs)
    note = (
        f"{last}, the last {last.seconds - last.loaded_seconds:.1f} s of them after the last chunk was written; "
        f"{last.processor_seconds:.1f} s of processor time in the server and its workers"
    )
    if used:
        note += f", {used:.1f} s in PostgreSQL"
    limit = LIMITS.postgres_index_chunks_per_second
    return [Figure(f"PostgreSQL: {COLD}", "chunks/s", rates, limit, (Reference("SQLite", reference.value),), note)]


@dataclass(frozen=True, slots=True)
class ColdJob:
    """What a first indexing took."""

    chunks: int
    files: int
    seconds: float
    loaded_seconds: float
    processor_seconds: float

    def __str__(self) -> str:
        return f"the last run: {self.chunks:,} chunks of {self.files:,} files in {self.seconds:.1f} s"


def cold_job(project: Project) -> ColdJob:
    """Start the project's server, index, and stop it again."""
    with project.served() as server:
        before = server.processor_seconds()
        job, loaded = server.load()
        server.await_no_workers()
        used = server.processor_seconds() - before
    progress = job["progress"]
    return ColdJob(progress["chunks_done"], progress["files_done"], seconds(job), loaded, used)


def unchanged(scale: Scale) -> list[Figure]:
    """Measure milliseconds of a job that finds nothing to do, as the job reports.

    References: a bare walk that asks for sizes; for PostgreSQL what SQLite made of it.
    """
    project = scale.small_files_project()
    files, times = _unchanged_jobs(project, scale.runs)
    walks = median(baselines.walk_seconds(project.root / "src") for _ in range(scale.runs)) * 1e3
    reference = Reference("bare walk and stat", walks)
    what, limit = f"unchanged re-index of {files:,} files", LIMITS.unchanged_milliseconds
    figures = [Figure(what, "ms", times, limit, (reference,))]
    if scale.postgres is not None:
        with scale.in_postgres(project) as kept:
            _, times = _unchanged_jobs(kept, scale.runs)
        figures.append(Figure(f"PostgreSQL: {what}", "ms", times, limit, (Reference("SQLite", figures[0].value),)))
    return figures


def _unchanged_jobs(project: Project, runs: int) -> tuple[int, tuple[float, ...]]:
    """Return the files, and the milliseconds of every job after the first."""
    with project.served() as server:
        server.index()
        jobs = [server.index() for _ in range(runs)]
    return int(jobs[-1]["progress"]["files_done"]), tuple(seconds(job) * 1e3 for job in jobs)
