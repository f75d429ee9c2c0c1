"""How fast real source trees are indexed: 200 files of Rust and 335 of C, as their authors wrote them."""

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

_QISKIT = Package(
    "qiskit",
    "test",
    "pypi",
    "qiskit",
    "2.2.3",
    "ec597bf021fe5fa5e44600b142e6de00fc873207dfbd750d4e1cf19a1a905592",
)
_LIBSODIUM = Package(
    "libsodium",
    "test",
    "pypi",
    "PyNaCl",
    "1.5.0",
    "8ac7448f09ab85811607bdd21ec2464495ac8b7c66d146bf545b0f08fb9220ba",
)
LARGEST_BYTES = 1_000_000  # by default, larger files are left out
# From a registry that keeps every version: a distribution serves the sources of its present ones only.
TREES = (("Rust (Qiskit)", _QISKIT, (".rs",), 200), ("C (libsodium)", _LIBSODIUM, (".c", ".h"), 335))


def trees(scale: Scale) -> list[Figure]:
    """Measure seconds and chunks a second of a first indexing, embeddings and the code graph included.

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
    """Return the first so many files by path. Raise ValueError where there are fewer."""
    chosen = sorted(path for path in sources.rglob("*") if path.suffix in suffixes and _is_indexed(path))[:files]
    if len(chosen) < files:
        raise ValueError(f"{sources} has {len(chosen)} files to index, not {files}")
    for path in chosen:
        copy = target / path.relative_to(sources)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _is_indexed(path: Path) -> bool:
    return path.is_file() and path.stat().st_size <= LARGEST_BYTES
