"""The HTTP interface's answers, shared by the server and its clients: the JSON objects themselves, typed.

A client imports them for type checking alone: making the types takes longer than an answer.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from agent_brain_client.wire import Mode, Relation


class Problem(TypedDict):
    """The body of every error, as `application/problem+json`. `code` is stable; `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: NotRequired[str]


class Health(TypedDict):
    """`GET /health`, open to everyone on this machine: who answers here, and on a challenge the proof of its token."""

    status: Literal["ok"]
    version: str
    project_id: str
    pid: int
    started_at: float
    proof: NotRequired[str]


class Explanation(TypedDict):
    """Why a result has its place: `reason` in words, its `ranks` from 1 in each retriever, and in `scores` each one's
    own score and each ranking step's factor.
    """

    reason: str
    ranks: dict[str, int]
    scores: dict[str, float]


class Passage(TypedDict):
    """One answer. Lines are 1-based and inclusive; `stale`: the file has changed since this text was indexed; `gone`,
    only where it is so: the file is not there any more.
    """

    chunk_id: str
    path: str
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    text: str
    score: float
    stale: bool
    gone: NotRequired[bool]
    explain: NotRequired[Explanation]


class QueryResponse(TypedDict):
    """The answer to `POST /query`. `truncated`: `max_tokens` left out or cut at least one passage.

    `plan`, with `explain` alone: how the store found the hits of each retriever, such as
    `{"bm25": "gin", "vector": "hnsw"}`.
    `note`: in mode graph how the question was read, or why there is nothing; else which filter nothing passes.
    `notice`: that files which were found are gone, and what to do.
    """

    results: list[Passage]
    mode: Mode
    took_ms: float
    truncated: bool
    plan: NotRequired[dict[str, str]]
    note: NotRequired[str]
    notice: NotRequired[str]


class GraphSymbol(TypedDict):
    """A symbol that the index knows. Lines are 1-based and inclusive.

    `stale`: its file has changed since it was indexed; `gone`: it is not there any more.
    """

    symbol: str
    kind: str
    language: str
    path: str
    start_line: int
    end_line: int
    signature: str
    stale: NotRequired[bool]
    gone: NotRequired[bool]


class GraphResult(TypedDict):
    """One edge of the code graph: in `path` at `lines`, `source` (None at a file's top level) has the relation `kind`
    (call, use, import, inherit, override) to `target`.

    `certainty`: `sure` by scope or import, `likely` since nothing else fits, `possible` where several do. `depth`
    counts the steps from the symbol that was asked about, which `via` names. `stale` and `gone` are those of `path`.
    """

    kind: str
    path: str
    lines: list[int]
    source: GraphSymbol | None
    target: GraphSymbol
    certainty: Literal["sure", "likely", "possible"]
    depth: int
    via: list[str]
    stale: NotRequired[bool]
    gone: NotRequired[bool]


class GraphResponse(TypedDict):
    """`GET /graph/{relation}`: what `symbol` means, and what was found of it. `note` says why there is nothing,
    `notice` that files which were found are gone, and what to do.
    """

    relation: Relation
    symbol: str
    definitions: list[GraphSymbol]
    results: list[GraphResult]
    note: str
    truncated: bool
    took_ms: float
    notice: NotRequired[str]


class ChunkResponse(TypedDict):
    """`GET /query/chunk/{id}`."""

    chunk_id: str
    path: str
    start_line: int
    end_line: int
    language: str
    kind: str
    symbol: str
    signature: str
    documentation: str
    text: str
    stale: bool


class LinesResponse(TypedDict):
    """`GET /query/lines`: lines of an indexed file as they are now, from `first` on, of `total`; secrets are masked."""

    path: str
    first: int
    total: int
    lines: list[str]


class ReportEntry(TypedDict):
    """One file, or with a `/` at its end one directory, that is left out of the index; or an indexed file of which a
    part is not indexed, or with masked places, counted by kind in `masked`.

    `reason`: secret_name, secret_content, binary, too_large, too_deep, unreadable, unparsable, ignore_rules, link,
    not_a_file, not_indexed, partial, masked. `detail` says what a secret is, or what more there is to say. A token in
    `path` is masked too.
    """

    path: str
    reason: str
    detail: str
    masked: dict[str, int]


class FolderProblem(TypedDict):
    """What is wrong with an indexed folder, and if there is one the `command` for what `way_on` says."""

    detail: str
    way_on: str
    command: str


class ReportResponse(TypedDict):
    """`GET /index/report`, by path. `totals` counts all entries by reason, `masked` all masked places by kind,
    `ignored` what the ignore files and the folders' globs leave out, which is not listed. `problems` says in a sentence
    what is wrong with an indexed folder, `folder_problems` the same in parts. `next_cursor` is null on the last page.
    """

    entries: list[ReportEntry]
    totals: dict[str, int]
    masked: dict[str, int]
    ignored: int
    problems: list[str]
    folder_problems: list[FolderProblem]
    next_cursor: str | None


class JobProgress(TypedDict):
    """How far a job is. `chunks_total` is an estimate until the job ends; `rate` is chunks per second."""

    files_done: int
    files_total: int
    files_changed: int
    files_removed: int
    files_failed: int
    chunks_done: int
    chunks_total: int
    texts_embedded: int
    rate: float
    eta_seconds: float | None
    current_file: str
    skipped: dict[str, int]
    problems: list[str]
    chunks_written: NotRequired[int]


class JobResponse(TypedDict):
    """One job. Times are seconds since the epoch; `attempt` above 1 means that it was resumed.

    `error` says why it has failed or, while it has not ended, what holds it up.
    """

    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    paths: list[str]
    force: bool
    created_at: float
    started_at: float | None
    finished_at: float | None
    attempt: int
    error: str
    progress: JobProgress


class JobList(TypedDict):
    """`GET /index/jobs`, newest first. `next_cursor` is null on the last page."""

    jobs: list[JobResponse]
    next_cursor: str | None


class FolderResponse(TypedDict):
    """One indexed folder. `path` is relative to the project's root, absolute outside of it."""

    path: str
    include: list[str]
    exclude: list[str]
    files: int
    chunks: int


class FolderList(TypedDict):
    """`GET /index/folders`, by path."""

    folders: list[FolderResponse]


class FolderAdded(TypedDict):
    """`POST /index/folders`: the folder and the job that indexes it."""

    folder: FolderResponse
    job: JobResponse


class Removed(TypedDict):
    """What a DELETE took out of the index; `kept_in` is the folder around it that holds the files of one removed."""

    files: int
    chunks: int
    kept_in: NotRequired[str]


class ProjectStatus(TypedDict):
    """The project that this server serves; `storage_id` keeps its rows apart in a shared database."""

    id: str
    storage_id: str
    root: str


class ServerStatus(TypedDict):
    """The serving process. `idle_stop_seconds` is the time left, null where idle stop is off."""

    version: str
    pid: int
    port: int
    started_at: float
    uptime_seconds: float
    idle_stop_seconds: float | None


class StorageStatus(TypedDict):
    """Where the index lives and what it takes."""

    backend: str
    location: str
    bytes: int


class EmbeddingStatus(TypedDict):
    """The embedding model; `dimensions` is 0 where embedding is turned off."""

    name: str
    dimensions: int


class IndexStatus(TypedDict):
    """Counts over the whole index. `embedded_texts` counts every text that was ever embedded for it."""

    files: int
    chunks: int
    vectors: int
    embedded_texts: int
    languages: dict[str, int]


class WatcherStatus(TypedDict):
    """`detail` says why a watcher has failed, or what a running one does not see at once; else it is empty."""

    state: Literal["watching", "off", "failed"]
    detail: str


class StatusResponse(TypedDict):
    """`GET /health/status`."""

    project: ProjectStatus
    server: ServerStatus
    storage: StorageStatus
    embedding: EmbeddingStatus
    index: IndexStatus
    watcher: WatcherStatus
    job: JobResponse | None
    jobs_queued: int


class DatabaseHealth(TypedDict):
    """`GET /health/postgres`: the database server and this process's connections to it.

    `detail` says what is wrong, empty when `healthy`; otherwise the answer is a problem with these fields and its
    own. `pool_size` connections are kept, `pool_max` are the most, `overflow` are open beyond `pool_size`.
    """

    healthy: bool
    detail: str
    server_version: str
    pgvector_version: str
    pool_size: int
    pool_max: int
    in_use: int
    idle: int
    overflow: int
    waiters: int
    latency_ms: float


class ServerFile(TypedDict):
    """`server.json` in the project's state directory: written when the server is ready, removed when it ends.

    `code` is the directory that the server's code is in; empty where that is not known.
    """

    url: str
    pid: int
    project_id: str
    version: str
    started_at: float
    code: NotRequired[str]
