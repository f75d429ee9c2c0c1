"""Puts the parts together. Nothing is built at import time and nothing is global."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_brain_client.wire import VERSION, location_id
from agent_brain_server.api import graph, health, index, problems, search
from agent_brain_server.api.guard import Guard
from agent_brain_server.api.operations import routes
from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.terms import TOKENIZER_VERSION
from agent_brain_server.embedding.factory import create_embedder
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.errors import AgentBrainError, SettingsError
from agent_brain_server.indexing.walking.exclusions import is_in_state
from agent_brain_server.indexing.walking.walk_result import WalkLimits
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.services.activity import Activity
from agent_brain_server.services.answering.freshness import Freshness
from agent_brain_server.services.answering.graph_service import FreshGraph
from agent_brain_server.services.answering.lines import LineService
from agent_brain_server.services.answering.refresh import Refresher
from agent_brain_server.services.answering.search_service import SearchService
from agent_brain_server.services.background import Background
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.folders import IndexedFolders
from agent_brain_server.services.indexing.index_service import IndexingService
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.services.indexing.report import ReportService
from agent_brain_server.services.indexing.watching import Watching
from agent_brain_server.services.metrics import Metrics
from agent_brain_server.services.status import Identity, StatusService
from agent_brain_server.settings.folder_consent import FolderConsent
from agent_brain_server.settings.model import Settings
from agent_brain_server.storage.factory import create_store, files_of_index
from agent_brain_server.storage.protocol import Store
from agent_brain_server.storage.view import ReadStore

log = logging.getLogger(__name__)

OPERATIONS = [*health.operations.all, *index.operations.all, *search.operations.all, *graph.operations.all]


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes use."""

    search: SearchService
    graph: FreshGraph
    indexing: IndexingService
    status: StatusService
    watcher: Watching
    metrics: Metrics
    report: ReportService
    lines: LineService


class _Shared:
    """What the guard, which runs before the services exist, shares with them."""

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics()
        self.busy: Callable[[], bool] = lambda: False
        self.activity = Activity(settings.idle_stop_minutes * 60, self._is_busy)

    def _is_busy(self) -> bool:
        return self.busy()


def create_app(settings: Settings, *, reindex: bool = False) -> Starlette:
    """Return the server of one project. Its lifespan opens and closes everything.

    `reindex` begins the index again and discards the old one (see `create_store`), and queues the job that fills it.
    Entering the lifespan raises AgentBrainError, one sentence that names the fix.
    """
    token = settings.token.get_secret_value()
    if not token:
        raise SettingsError("No token is set (AGENT_BRAIN_TOKEN in .env.agent-brain). Run: agent-brain setup --yes")
    shared = _Shared(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with _running(settings, shared, reindex) as services:
            app.state.services = services
            yield

    guard = Middleware(Guard, token=token, activity=shared.activity, metrics=shared.metrics)
    documented = Route("/openapi.json", openapi_document, methods=["GET"])
    app = Starlette(
        routes=[*routes(OPERATIONS), documented],
        lifespan=lifespan,
        exception_handlers=problems.HANDLERS,
        middleware=[guard],
    )
    app.state.port, app.state.token = settings.port, token
    app.state.activity = shared.activity
    app.state.lost = str  # says which of its paths the server has lost, and so ends; empty for none
    return app


async def openapi_document(request: Request) -> Response:
    """Answer `GET /openapi.json`: the interface, described for programs."""
    return JSONResponse(await asyncio.to_thread(_described))


@cache
def _described() -> dict[str, Any]:
    from agent_brain_server.api.openapi import describe  # seldom asked for

    return describe(OPERATIONS)


@asynccontextmanager
async def _running(settings: Settings, shared: _Shared, reindex: bool) -> AsyncIterator[Services]:
    async with _opened(settings, reindex=reindex) as (store, context), AsyncExitStack() as stack:
        background = Background()
        stack.push_async_callback(background.stop)
        runner = JobRunner(context, shared.metrics)
        services = _build(settings, store, context, shared, runner, background)
        shared.busy = lambda: runner.current is not None
        await stack.enter_async_context(_started(runner))
        stack.push_async_callback(services.watcher.stop)
        if settings.index.watch:
            await services.watcher.start()
        background.run(asyncio.to_thread(_prepare))
        if settings.embedding.provider == "built-in":
            background.run(_warm_up(context.embedder, store))
        yield services


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[Store]:
    """Run a project's jobs while this is entered, without HTTP, and yield its store.

    Raises AgentBrainError, one sentence that names the fix; SettingsError for a store that is not shared.
    """
    async with _opened(settings, for_worker=True) as (store, context), _started(JobRunner(context, Metrics())):
        yield store


@asynccontextmanager
async def _started(runner: JobRunner) -> AsyncIterator[None]:
    runner.start()
    try:
        yield
    finally:
        await runner.stop()


@asynccontextmanager
async def _opened(
    settings: Settings, *, reindex: bool = False, for_worker: bool = False
) -> AsyncIterator[tuple[Store, JobContext]]:
    """Open what every job needs, and close it again."""
    async with AsyncExitStack() as stack:
        workers = Workers(settings.index.workers)
        stack.callback(workers.close)
        embedder = await create_embedder(settings.embedding, workers.run)
        if (aclose := getattr(embedder, "aclose", None)) is not None:
            stack.push_async_callback(aclose)
        store = create_store(
            settings.storage.location,
            settings.project_root,
            embedder.model,
            TOKENIZER_VERSION,
            project_id=settings.project_id,
            discard=reindex,
            postgres=settings.storage.postgres,
        )
        if for_worker and not store.lease.shared:
            raise SettingsError(
                f"A worker needs PostgreSQL; the index is in {store.describe()}, which only the "
                "server writes. See docs/scale.md"
            )
        stack.push_async_callback(store.close)
        await store.open()
        await _add_first_folders(store, settings)
        if reindex and await store.folders.list_all():
            await store.jobs.add([], force=False, now=time.time())
        yield store, JobContext(store, embedder, workers, await _accepted_folders(store, settings))


async def _accepted_folders(store: Store, settings: Settings) -> IndexedFolders:
    root = settings.project_root
    consent = FolderConsent(root, settings.index.folders)
    consent.require(folder.path for folder in await store.folders.list_all())
    limits = WalkLimits(max_file_bytes=settings.index.max_file_bytes)
    files = (path.as_posix() for path in files_of_index(settings.storage.location, root))
    own = frozenset(path for path in files if not is_in_state(path))
    return IndexedFolders(store.folders, root, limits, consent, own)


def _build(
    settings: Settings, store: Store, context: JobContext, shared: _Shared, runner: JobRunner, background: Background
) -> Services:
    embedder, folders, root = context.embedder, context.folders, context.folders.root
    indexing = IndexingService(store, store.index, store.jobs, runner, folders)
    refresher = Refresher(store.jobs, runner, root, background)
    watcher = Watching(folders, indexing)
    identity = Identity(location_id(root), settings.project_id, VERSION, root, time.time())
    freshness = Freshness(root)
    search = SearchService(store, embedder, freshness, refresher, shared.metrics, lambda: watcher.state == "watching")
    return Services(
        graph=FreshGraph(store, freshness, refresher, search.notice),
        search=search,
        indexing=indexing,
        status=StatusService(identity, store, store, store.jobs, embedder.model, runner, watcher, shared.activity),
        watcher=watcher,
        metrics=shared.metrics,
        report=ReportService(store, store.jobs, folders),
        lines=LineService(store, folders),
    )


async def _add_first_folders(store: Store, settings: Settings) -> None:
    """Add the folders of the settings to a new index; one that has had a job has its own."""
    if not await store.folders.list_all() and not await store.jobs.list_newest(None, 1):
        for path in settings.index.folders:
            await store.folders.save(Folder(path))


def _prepare() -> None:
    """Build what validates requests before the first of them comes."""
    for operation in OPERATIONS:
        operation.prepare()


async def _warm_up(embedder: Embedder, store: ReadStore) -> None:
    """Load what the first vector search needs before a client waits for it."""
    try:
        vectors = await embedder.embed(["warm up"])
        if vectors[0].any():
            from agent_brain_server.domain.hits import Filters

            await store.read(lambda view: view.search.vector(vectors[0], Filters(), 1))
    except AgentBrainError as error:
        log.warning("warming up failed: %s", error)
