"""How large the measurements are, and the projects that several of them share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import corpus
from benchmarks.database import DatabaseServer
from benchmarks.project import Project
from benchmarks.questions import QUESTIONS

SMALL = 10_000
LARGE = 200_000
MILLION = 1_000_000


@dataclass(frozen=True)
class Scale:
    """Sizes and numbers of runs. `work` keeps corpora and indexes; on the same one a second run is quicker.

    `postgres` is the server that is measured too, with SQLite's figures as references; None where there is none.
    """

    work: Path
    postgres: DatabaseServer | None = None
    runs: int = 5
    cold_runs: int = 3
    small_chunks: int = SMALL
    large_chunks: int = LARGE
    million_chunks: int = MILLION
    peak_chunks: int = 100_000
    unchanged_files: int = 5_000
    library: bool = True
    fresh_install: bool = True
    idle_seconds: float = 2.0
    questions: tuple[str, ...] = QUESTIONS

    @classmethod
    def quick(cls, work: Path) -> Scale:
        """Return a scale for a test: the programs are run, the numbers mean nothing."""
        return cls(
            work,
            runs=1,
            cold_runs=1,
            small_chunks=300,
            large_chunks=600,
            million_chunks=900,
            peak_chunks=300,
            unchanged_files=100,
            library=False,
            fresh_install=False,
            idle_seconds=0.1,
            questions=QUESTIONS[:5],
        )

    @property
    def is_quick(self) -> bool:
        """Return whether no limits apply."""
        return not self.library

    @contextmanager
    def in_postgres(self, project: Project) -> Iterator[Project]:
        """Yield the project with its index in a new, empty database of `postgres`."""
        assert self.postgres is not None, "there is no server"
        with self.postgres.database() as name, project.kept_in(self.postgres.url(name)) as kept:
            yield kept

    def project_of(self, chunks: int) -> Project:
        """Return a project of about so many chunks, without an index where other code has made it."""
        name = f"chunks-{chunks}"
        project = Project.prepared(self.work / name, name, lambda target: corpus.write_chunks(target, chunks))
        project.forget_index_of_other_code()
        return project

    @cached_property
    def small_project(self) -> Project:
        """Return the indexed project that most measurements ask."""
        project = self.project_of(self.small_chunks)
        with project.served() as server:
            server.index()
        return project

    def library_project(self) -> Project:
        """Return the whole standard library; in a quick run only as much of it as the small project holds."""
        if not self.library:
            return self.project_of(self.peak_chunks)
        return Project.prepared(self.work / "library", "library", corpus.write_library)

    def small_files_project(self) -> Project:
        """Return many small files."""
        name = f"files-{self.unchanged_files}"
        return Project.prepared(
            self.work / name, name, lambda target: corpus.write_small_files(target, self.unchanged_files)
        )
