"""How fast real source trees are indexed: 375 files of Rust and 372 of C, as their authors wrote them."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median
from subprocess import CalledProcessError

from benchmarks import baselines
from benchmarks.figures import LIMITS, Figure, Reference
from benchmarks.indexing import cold_job
from benchmarks.project import Project
from benchmarks.retrieval.packages import Package, unpacked
from benchmarks.scale import Scale

_CARGO = Package(
    "cargo",
    "test",
    "debian",
    "cargo",
    "0.66.0+ds1-1",
    "a34dfd2d662a00e426351cde058d3bec039a6b751f7e9a31805e9fe000a98014",
)
_OPENSSH = Package(
    "openssh",
    "test",
    "debian",
    "openssh",
    "1:9.2p1-2+deb12u7",
    "3f66dbf1655fb45f50e1c56da62ab01218c228807b21338d634ebcdf9d71cf46",
)
TREES = (("Rust (cargo)", _CARGO, (".rs",), 375), ("C (OpenSSH)", _OPENSSH, (".c", ".h"), 372))


def trees(scale: Scale) -> list[Figure]:
    """Seconds and chunks a second of a first indexing, embeddings and the code graph included.

    Reference: walking and reading the same files.
    """
    figures: list[Figure] = []
    for title, package, suffixes, files in TREES:
        try:
            figures += _measured(scale, _project(scale, package, suffixes, files), title)
        except (CalledProcessError, OSError, ValueError) as error:
            figures.append(Figure(f"cold index of {title}", "s", (0.0,), note=f"not measured: {error}"))
    return figures


def _project(scale: Scale, package: Package, suffixes: tuple[str, ...], files: int) -> Project:
    sources = unpacked(package, scale.work)
    return Project.prepared(
        scale.work / f"tree-{package.name}", package.sha256, lambda to: _copy(sources, to, suffixes, files)
    )


def _measured(scale: Scale, project: Project, title: str) -> list[Figure]:
    jobs = []
    for _ in range(scale.cold_runs):
        project.forget_index()
        jobs.append(cold_job(project))
    read = median(baselines.read_seconds(project.root / "src") for _ in range(scale.cold_runs))
    last = jobs[-1]
    times = tuple(job.seconds for job in jobs)
    rates = tuple(job.chunks / job.seconds for job in jobs)
    what = f"cold index of {last.files:,} files of {title}"
    return [
        Figure(what, "s", times, None, (Reference("walk and read", read),), str(last)),
        Figure(
            what, "chunks/s", rates, LIMITS.index_chunks_per_second, (Reference("walk and read", last.chunks / read),)
        ),
    ]


def _copy(sources: Path, target: Path, suffixes: tuple[str, ...], files: int) -> None:
    """The first so many files by path."""
    chosen = sorted(path for path in sources.rglob("*") if path.suffix in suffixes and path.is_file())[:files]
    for path in chosen:
        copy = target / path.relative_to(sources)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
