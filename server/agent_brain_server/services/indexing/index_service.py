"""What a client may ask of the index: jobs, folders, reset."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from agent_brain_contract.errors import cause
from agent_brain_contract.paths import STATE_DIRECTORY
from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.jobs import FINISHED, Job
from agent_brain_server.errors import ConflictError, NotFoundError, RequestError
from agent_brain_server.indexing.walking.changes import within
from agent_brain_server.indexing.walking.exclusions import is_in_state
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.storage.protocol import IndexStore, JobStore
from agent_brain_server.storage.view import ReadStore


class IndexingService:
    """The requests that change the index: each goes through the runner or through its pause."""

    def __init__(
        self, store: ReadStore, index: IndexStore, jobs: JobStore, runner: JobRunner, folders: IndexedFolders
    ) -> None:
        self._store = store
        self._index = index
        self._jobs = jobs
        self._folders = folders.store
        self._runner = runner
        self._root = folders.root
        self._consent = folders.consent

    async def start_index(self, paths: Sequence[str], force: bool) -> Job:
        """Queue a job. Raise RequestError for a path in no indexed folder, or where nothing is."""
        wanted = sorted({self.normalise(path) for path in paths})
        folders = [folder.path for folder in await self._folders.list_all()]
        if not folders:
            raise RequestError("No folder is indexed; add one: agent-brain folders add PATH", field="paths")
        for path in wanted:
            if not any(within(path, folder) for folder in folders):
                raise RequestError(self._not_indexed(path, folders), field="paths")
        await self._require_there(wanted)
        return await self._queue(wanted, force)

    def _not_indexed(self, path: str, folders: Sequence[str]) -> str:
        place = self._root / path
        if not os.path.lexists(place):
            return f"{path} is not there, and nothing of it is indexed."
        folder = path if os.path.isdir(place) else str(PurePosixPath(path).parent)  # noqa: PTH112  as below
        add = f"add {'it' if folder == path else 'its folder'}: agent-brain folders add {shlex.quote(folder)}"
        return f"{path} is not in an indexed folder ({', '.join(folders)}); {add}"

    async def _require_there(self, paths: Sequence[str]) -> None:
        """Raise RequestError for a path where nothing is, and of which the index holds nothing that could go."""
        missing = [path for path in paths if not os.path.lexists(self._root / path)]
        held = await self._store.read(lambda view: view.search.list_files()) if missing else {}
        for path in missing:
            if not any(within(file, path) for file in held):
                raise RequestError(f"{path} is not there, and nothing of it is indexed.", field="paths")

    async def follow_changes(self, paths: Collection[str]) -> None:
        """Queue a job for paths as the watcher names them, all files where it names none.

        A link stays what it is and what lies in no folder any more is left out: neither may keep the others away.
        """
        folders = [folder.path for folder in await self._folders.list_all()]
        named = {path.rstrip("/") for path in paths}
        wanted = sorted(path for path in named if any(within(path, folder) for folder in folders))
        if wanted or not paths:
            await self._queue(wanted, force=False)

    async def _queue(self, paths: Sequence[str], force: bool) -> Job:
        job = await self._jobs.add(paths, force, time.time())
        self._runner.wake()
        return job

    async def list_jobs(self, before: int | None, limit: int) -> list[Job]:
        """Return the jobs with live progress, newest first."""
        return [self._runner.live(job) for job in await self._jobs.list_newest(before, limit)]

    async def job(self, job_id: int) -> Job:
        """Return the job with live progress. Raise NotFoundError."""
        job = await self._jobs.find(job_id)
        if job is None:
            raise NotFoundError(f"No job {job_id}; list them: agent-brain jobs")
        return self._runner.live(job)

    async def cancel_job(self, job_id: int) -> Job:
        """Ask a job to stop: a queued one never starts, a running one stops after its batch. What is written stays.

        Raise NotFoundError, or ConflictError for one that has ended.
        """
        job = await self.job(job_id)
        if job.state in FINISHED:
            raise ConflictError(f"Job {job_id} has ended already ({job.state}).")
        await self._end_early(job)
        return await self.job(job_id)

    async def _end_early(self, job: Job) -> None:
        """End the job. One that runs here ends itself; one that runs elsewhere finds out when it next writes."""
        if not self._runner.cancel(job.id):
            await self._jobs.finish(job.id, "cancelled", "", job.progress, time.time())
            self._runner.forget(job.id)

    async def list_folders(self) -> list[tuple[Folder, int, int]]:
        """Return each folder with its number of files and of chunks."""
        counts = await self._folders.count()
        return [(folder, *counts.get(folder.path, (0, 0))) for folder in await self._folders.list_all()]

    async def add_folder(self, folder: Folder) -> tuple[Folder, Job]:
        """Add or replace a folder and queue the job that indexes it.

        Raise RequestError if it is no directory, or one of ours.
        """
        folder = Folder(self.normalise(folder.path), folder.include, folder.exclude)
        place = self._root / folder.path
        if not os.path.isdir(place):  # noqa: PTH112  False for a name that is too long, too
            raise RequestError(f"{folder.path} is not a directory.", field="path")
        if is_in_state(place.as_posix()):
            raise RequestError(
                f"{folder.path} belongs to the state directory {STATE_DIRECTORY}, which is never indexed.", field="path"
            )
        if Path(folder.path).is_absolute():
            self._consent.accept(folder.path)  # whoever has the token may
        await self._folders.save(folder)
        return folder, await self.start_index([folder.path], False)

    async def remove_folder(self, path: str) -> tuple[int, int, str | None]:
        """Forget a folder and its files; return how many files and chunks went. Raise NotFoundError.

        In a folder that holds it, which is then the third, its files stay: a job finds out which of them are its own.
        """
        path = self.normalise(path)
        async with self._runner.paused():
            heir = await self._folder_holding(path)
            before = await self._store.read(lambda view: view.search.statistics())
            if not await self._folders.remove(path, heir):
                raise NotFoundError(f"{path} is not an indexed folder; list them: agent-brain folders")
            if heir is None:
                await self._index.drop_unused_vectors()
            after = await self._store.read(lambda view: view.search.statistics())
        if heir is not None:
            await self._queue([path], force=False)
        return before.files - after.files, before.chunks - after.chunks, heir

    async def _folder_holding(self, path: str) -> str | None:
        """Return the innermost other folder that `path` lies in."""
        folders = [folder.path for folder in await self._folders.list_all()]
        holders = [folder for folder in folders if folder != path and within(path, folder)]
        return max(holders, key=lambda folder: 0 if folder == "." else len(folder), default=None)

    async def reset(self) -> tuple[int, int]:
        """Empty the index, folders kept; return how many files and chunks went. A running job is cancelled."""
        for job in await self._jobs.list_unfinished():
            if job.state == "running":
                await self._end_early(job)
        async with self._runner.paused():
            before = await self._store.read(lambda view: view.search.statistics())
            await self._index.reset()
        return before.files, before.chunks

    def normalise(self, path: str) -> str:
        """Return a path as the index knows it: links followed, relative to the root with `/` inside, absolute
        elsewhere."""
        if "\0" in path:
            raise RequestError("A path cannot hold a NUL character.", field="path")
        try:
            resolved = (self._root / Path(path).expanduser()).resolve()
        except (OSError, RuntimeError) as error:
            raise RequestError(f"{path} cannot be resolved ({cause(error)}).", field="path") from error
        return (resolved.relative_to(self._root) if resolved.is_relative_to(self._root) else resolved).as_posix()
