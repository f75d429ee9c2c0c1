"""`/index`: jobs, folders, reset."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar, cast

from starlette.requests import Request

from agent_brain_client.answers import (
    FolderAdded,
    FolderList,
    FolderProblem,
    FolderResponse,
    JobList,
    JobResponse,
    Removed,
    ReportEntry,
    ReportResponse,
)
from agent_brain_client.limits import Length, Range
from agent_brain_client.wire import FolderRequest, IndexRequest, PathText
from agent_brain_server.api.operations import Operations
from agent_brain_server.api.problems import require_globs
from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.jobs import Job
from agent_brain_server.errors import RequestError
from agent_brain_server.services.indexing.index_service import IndexingService
from agent_brain_server.services.indexing.report import ReportService

operations = Operations("index", "/index")


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportParameters:
    """`GET /index/report`. An answer may be as old as `max_age`, in seconds, unless a job has run since."""

    limit: Annotated[int, Range(1, 1000)] = 200
    cursor: Annotated[str, Length(0, 8192)] = ""
    max_age: Annotated[int, Range(0, 3600)] = 0

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobsParameters:
    """`GET /index/jobs`."""

    limit: Annotated[int, Range(1, 200)] = 50
    cursor: Annotated[str, Length(0, 64)] = ""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class JobParameters:
    """`/index/jobs/{job_id}`."""

    job_id: Annotated[int, Range(1, 2**63 - 1)]

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderParameters:
    """`DELETE /index/folders`."""

    path: PathText

    __pydantic_config__: ClassVar = {"extra": "forbid"}


def _service(request: Request) -> IndexingService:
    service: IndexingService = request.app.state.services.indexing
    return service


@operations.post("", 202)
async def start_index(request: Request, body: IndexRequest) -> JobResponse:
    """Queue an indexing job; one that asks for the same and waits already is answered instead of a second one."""
    return job_response(await _service(request).start_index(body.paths, body.force))


@operations.delete("")
async def reset(request: Request) -> Removed:
    """Empty the index. Folders and the history of jobs stay."""
    files, chunks = await _service(request).reset()
    return Removed(files=files, chunks=chunks)


@operations.get("/report")
async def report(request: Request, parameters: ReportParameters) -> ReportResponse:
    """List what is left out of the index and why, and which files have masked places, by path.

    An answer may be as old as `max_age`, in seconds, unless a job has run since.
    """
    service: ReportService = request.app.state.services.report
    page = await service.report(_decode_path(parameters.cursor), parameters.limit, parameters.max_age)
    entries = [
        ReportEntry(path=entry.path, reason=entry.reason, detail=entry.detail, masked=dict(entry.masked))
        for entry in page.entries
    ]
    return ReportResponse(
        entries=entries,
        totals=dict(page.totals),
        masked=dict(page.masked),
        ignored=page.ignored,
        problems=list(map(str, page.problems)),
        folder_problems=[cast(FolderProblem, asdict(problem)) for problem in page.problems],
        next_cursor=_encode_path(entries[-1]["path"]) if page.more and entries else None,
    )


@operations.get("/jobs")
async def list_jobs(request: Request, parameters: JobsParameters) -> JobList:
    """List jobs, newest first."""
    jobs = await _service(request).list_jobs(_decode_cursor(parameters.cursor), parameters.limit)
    next_cursor = _encode_cursor(jobs[-1].id) if len(jobs) == parameters.limit else None
    return JobList(jobs=[job_response(job) for job in jobs], next_cursor=next_cursor)


@operations.get("/jobs/{job_id}")
async def get_job(request: Request, parameters: JobParameters) -> JobResponse:
    """Describe one job with its live progress."""
    return job_response(await _service(request).job(parameters.job_id))


@operations.delete("/jobs/{job_id}", status=202)
async def cancel_job(request: Request, parameters: JobParameters) -> JobResponse:
    """Ask a job to stop; a running one does so after its batch."""
    return job_response(await _service(request).cancel_job(parameters.job_id))


@operations.get("/folders")
async def list_folders(request: Request) -> FolderList:
    """List the folders that make up the index."""
    folders = await _service(request).list_folders()
    return FolderList(folders=[_folder_response(*folder) for folder in folders])


@operations.post("/folders", status=201)
async def add_folder(request: Request, body: FolderRequest) -> FolderAdded:
    """Add a folder, or replace its `include` and `exclude`, and index it."""
    await require_globs("include", body.include)
    await require_globs("exclude", body.exclude)
    folder, job = await _service(request).add_folder(Folder(body.path, body.include, body.exclude))
    await request.app.state.services.watcher.restart()
    return FolderAdded(folder=_folder_response(folder, 0, 0), job=job_response(job))


@operations.delete("/folders")
async def remove_folder(request: Request, parameters: FolderParameters) -> Removed:
    """Forget a folder and all that is indexed of it, but for what an enclosing folder holds."""
    files, chunks, heir = await _service(request).remove_folder(parameters.path)
    await request.app.state.services.watcher.restart()
    return Removed(files=files, chunks=chunks) if heir is None else Removed(files=files, chunks=chunks, kept_in=heir)


def job_response(job: Job) -> JobResponse:
    """Return a job as the wire has it."""
    body = asdict(job)
    body["paths"] = list(job.paths)
    body["progress"]["problems"] = list(job.progress.problems)
    return cast(JobResponse, body)


def _folder_response(folder: Folder, files: int, chunks: int) -> FolderResponse:
    return FolderResponse(
        path=folder.path, include=list(folder.include), exclude=list(folder.exclude), files=files, chunks=chunks
    )


def _encode_path(path: str) -> str:
    return urlsafe_b64encode(path.encode()).decode()


def _decode_path(cursor: str) -> str:
    try:
        return b64decode(cursor.encode(), b"-_", validate=True).decode()
    except ValueError as error:
        raise RequestError("This cursor is unknown. Use the next_cursor of the page before.", field="cursor") from error


def _encode_cursor(job_id: int) -> str:
    return urlsafe_b64encode(str(job_id).encode()).decode()


def _decode_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        before = int(urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise RequestError("This cursor is unknown. Use the next_cursor of the page before.", field="cursor") from error
    return min(max(before, 0), 2**63 - 1)
