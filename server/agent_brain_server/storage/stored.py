"""The queue and the folders in a database: each call is one function of a backend, run in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.jobs import Job, JobState, Progress

Session = TypeVar("Session")
Session_contra = TypeVar("Session_contra", contravariant=True)
Session_co = TypeVar("Session_co", covariant=True)
Result = TypeVar("Result")


class Transactions(Protocol[Session_co]):
    """Run a function in a thread, in one transaction, and return what it returns."""

    async def read(self, work: Callable[[Session_co], Result]) -> Result: ...

    async def write(self, work: Callable[[Session_co], Result]) -> Result: ...


class JobFunctions(Protocol[Session_contra]):
    """The module `jobs` of a backend."""

    def add_job(self, session: Session_contra, paths: Sequence[str], force: bool, now: float) -> Job: ...

    def claim_job(self, session: Session_contra, now: float) -> Job | None: ...

    def save_progress(self, session: Session_contra, job_id: int, progress: Progress, attempt: int | None) -> bool: ...

    def finish_job(
        self,
        session: Session_contra,
        job_id: int,
        state: JobState,
        error: str,
        progress: Progress,
        now: float,
        attempt: int | None,
    ) -> None: ...

    def requeue_running(self, session: Session_contra) -> int: ...

    def find_job(self, session: Session_contra, job_id: int) -> Job | None: ...

    def list_unfinished(self, session: Session_contra) -> list[Job]: ...

    def list_jobs(self, session: Session_contra, before: int | None, limit: int) -> list[Job]: ...


class FolderFunctions(Protocol[Session_contra]):
    """The module `folders` of a backend."""

    def list_folders(self, session: Session_contra) -> list[Folder]: ...

    def save_folder(self, session: Session_contra, folder: Folder) -> None: ...

    def count_folders(self, session: Session_contra) -> dict[str, tuple[int, int]]: ...


class StoredJobs(Generic[Session]):
    """A `JobStore`."""

    def __init__(self, transactions: Transactions[Session], functions: JobFunctions[Session]) -> None:
        self._transactions = transactions
        self._functions = functions

    async def add(self, paths: Sequence[str], force: bool, now: float) -> Job:
        return await self._transactions.write(lambda session: self._functions.add_job(session, paths, force, now))

    async def claim(self, now: float) -> Job | None:
        return await self._transactions.write(lambda session: self._functions.claim_job(session, now))

    async def save_progress(self, job_id: int, progress: Progress, *, attempt: int | None = None) -> bool:
        return await self._transactions.write(
            lambda session: self._functions.save_progress(session, job_id, progress, attempt)
        )

    async def finish(
        self, job_id: int, state: JobState, error: str, progress: Progress, now: float, *, attempt: int | None = None
    ) -> None:
        await self._transactions.write(
            lambda session: self._functions.finish_job(session, job_id, state, error, progress, now, attempt)
        )

    async def requeue_running(self) -> int:
        return await self._transactions.write(self._functions.requeue_running)

    async def find(self, job_id: int) -> Job | None:
        return await self._transactions.read(lambda session: self._functions.find_job(session, job_id))

    async def list_unfinished(self) -> list[Job]:
        return await self._transactions.read(self._functions.list_unfinished)

    async def list_newest(self, before: int | None, limit: int) -> list[Job]:
        return await self._transactions.read(lambda session: self._functions.list_jobs(session, before, limit))


class StoredFolders(Generic[Session]):
    """A `FolderStore` but for `remove`, which also writes the index."""

    def __init__(self, transactions: Transactions[Session], functions: FolderFunctions[Session]) -> None:
        self._transactions = transactions
        self._functions = functions

    async def list_all(self) -> list[Folder]:
        return await self._transactions.read(self._functions.list_folders)

    async def save(self, folder: Folder) -> None:
        await self._transactions.write(lambda session: self._functions.save_folder(session, folder))

    async def count(self) -> dict[str, tuple[int, int]]:
        return await self._transactions.read(self._functions.count_folders)
