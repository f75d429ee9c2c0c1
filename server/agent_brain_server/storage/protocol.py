"""The protocols of a backend. Every promise here is a test that all backends inherit (tests/storage/contract.py)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from agent_brain_server.domain.content import FileRecord, FloatArray, Folder, IndexedFile
from agent_brain_server.domain.database import DatabaseHealth
from agent_brain_server.domain.jobs import Job, JobState, Progress
from agent_brain_server.storage.view import ReadStore


class IndexStore(Protocol):
    """Writing. Each call is one transaction: all of it or nothing survives a kill at any point.

    Every write raises WriterElsewhereError while another process holds the lease (see `WriteLease`).
    """

    async def missing_vectors(self, text_hashes: Collection[str]) -> set[str]:
        """Return those of `text_hashes` that no vector is stored for."""
        ...

    async def upsert_chunks(
        self, files: Sequence[IndexedFile], vectors: Mapping[str, FloatArray], *, rewrite: bool = False
    ) -> int:
        """Replace each file's chunks, graph and manifest row, and store `vectors` by text hash, in one transaction.

        A chunk that is stored as it is keeps its row, and one that has only moved gets its lines changed there; with
        `rewrite` every chunk is written. Return how many chunks were written.

        With embedding on, every chunk's text hash must be in `vectors` or stored already (StorageError if not, as for
        two chunks of one id). `embedded_texts` grows by the number of `vectors` that were not stored before; a vector
        that is stored already stays as it is. A chunk's path is its file's, its terms are
        `domain.terms.chunk_terms(chunk)`, and no text holds a NUL or a lone surrogate.
        """
        ...

    async def refresh_files(self, records: Sequence[FileRecord]) -> None:
        """Update the manifest rows of files whose text is unchanged (times, size, folder); unknown paths are left."""
        ...

    async def remove_files(self, paths: Collection[str]) -> int:
        """Remove these files with all that hangs on them; return how many were there."""
        ...

    async def drop_unused_vectors(self) -> int:
        """Remove the vectors that no chunk refers to; return how many."""
        ...

    async def reset(self) -> None:
        """Remove every file and vector. Folders and jobs stay, and so does the count of embedded texts."""
        ...

    async def optimize(self) -> None:
        """Build what was put off during a load, such as an index; every answer is the same before and after."""
        ...


class WriteLease(Protocol):
    """The right to write the index, held by one process at a time and lost by one that does not renew it."""

    @property
    def shared(self) -> bool:
        """Return whether other processes may read and write the same project. Where not, the lease is always free."""
        ...

    async def acquire(self) -> bool:
        """Take the lease for LEASE_SECONDS, or keep it if it is held already; False while another process has it."""
        ...

    async def renew(self) -> bool:
        """Hold the lease for LEASE_SECONDS from now; False if it is not held any more."""
        ...

    async def release(self) -> None:
        """Release the lease; do nothing if it is not held."""
        ...


class FolderStore(Protocol):
    """The folders that make up the index."""

    async def list_all(self) -> list[Folder]:
        """Return all folders, by path."""
        ...

    async def save(self, folder: Folder) -> None:
        """Add the folder or replace the one of the same path."""
        ...

    async def remove(self, path: str, heir: str | None = None) -> bool:
        """Remove the folder and its files in one transaction; return False if it was not there.

        With `heir`, its files become those of that folder instead. A write as those of `IndexStore`.
        """
        ...

    async def count(self) -> dict[str, tuple[int, int]]:
        """Return the number of files and of chunks in the manifest, by folder; one without files is left out."""
        ...


class JobStore(Protocol):
    """The queue of jobs; it survives a restart."""

    async def add(self, paths: Sequence[str], force: bool, now: float) -> Job:
        """Queue a job, or widen a queued one to do what is asked, and return that (see `storage.merging`).

        It takes the same time however long the queue is.
        """
        ...

    async def claim(self, now: float) -> Job | None:
        """Return the oldest queued job, now running with its attempt counted; None if there is none."""
        ...

    async def save_progress(self, job_id: int, progress: Progress, *, attempt: int | None = None) -> bool:
        """Store how far a running job is. Return False for a job that does not run: it stays as it is.

        With `attempt`, so does one that runs for another time than that: another process has taken it over.
        """
        ...

    async def finish(
        self, job_id: int, state: JobState, error: str, progress: Progress, now: float, *, attempt: int | None = None
    ) -> None:
        """End a job. A job that has ended already stays as it is; ended ones beyond the JOBS_KEPT newest jobs go.

        With `attempt`, so does one that does not run for the time that it names.
        """
        ...

    async def requeue_running(self) -> int:
        """Put the jobs that a dead process left running back in the queue; return how many.

        For who has just got the lease.
        """
        ...

    async def find(self, job_id: int) -> Job | None:
        """Return the job, or None."""
        ...

    async def list_unfinished(self) -> list[Job]:
        """Return the jobs that are queued or running, oldest first."""
        ...

    async def list_newest(self, before: int | None, limit: int) -> list[Job]:
        """Return the newest `limit` jobs whose id is below `before` (None: from the newest), newest first."""
        ...


class IndexLocation(Protocol):
    """The location of the index."""

    def describe(self) -> str:
        """Return the backend's name, a space, and where the index lives, without secrets."""
        ...

    async def database_health(self) -> DatabaseHealth | None:
        """Ask how the database server and the connections to it are; return None where there is no such server."""
        ...


class Store(ReadStore, IndexLocation, Protocol):
    """A project's index. `open` comes first, `close` last; both may be called again.

    Any method of it, and of what it consists of, may raise StorageError; StorageLostError where the same call may
    succeed later.
    """

    @property
    def index(self) -> IndexStore:
        """Return what writes chunks, vectors, code graph and manifest; `read` is for reading."""
        ...

    @property
    def jobs(self) -> JobStore:
        """Return the queue."""
        ...

    @property
    def folders(self) -> FolderStore:
        """Return the folders that make up the index."""
        ...

    @property
    def lease(self) -> WriteLease:
        """Return the right to write the index."""
        ...

    async def open(self) -> None:
        """Connect, create what is missing, and check the schema and the embedding model.

        An index that an older version made, or another tokenizer, is emptied of its files: folders, jobs and vectors
        stay, and where there are folders a job for all of them is queued.
        Raise StorageError, SchemaVersionError or EmbeddingMismatchError, each naming its fix.
        """
        ...

    async def close(self) -> None:
        """Finish running operations and release everything, the lease too."""
        ...
