"""How fast an index is made, and how fast an unchanged one is found unchanged."""

from __future__ import annotations

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
    chunks = int(jobs[-1][0])
    rates = tuple(count / took for count, took in jobs)
    read = median(baselines.read_seconds(project.root / "src") for _ in range(scale.cold_runs))
    bare = baselines.BareIndex(scale.work / "bare.db")
    rows, inserting = bare.fill(project.index_path)
    bare.close()
    references = (
        Reference("walk and read", chunks / read),
        Reference("insert into bare FTS5", rows / inserting),
    )
    note = f"{jobs[-1][1]:.1f} s for {chunks:,} chunks of {_files(project):,} files in the last run"
    return [
        Figure(
            "cold index of the standard library", "chunks/s", rates, LIMITS.index_chunks_per_second, references, note
        )
    ]


def _cold_job(project: Project) -> tuple[int, float]:
    project.forget_index()
    with project.served() as server:
        job = server.index()
    return job["progress"]["chunks_done"], seconds(job)


def _files(project: Project) -> int:
    return sum(path.is_file() for path in (project.root / "src").rglob("*"))


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
