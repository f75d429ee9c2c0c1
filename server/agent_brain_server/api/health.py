"""`/health`, `/health/status`, `/health/postgres` and `/metrics`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar, cast

from pydantic import StringConstraints
from starlette.requests import Request

from agent_brain_client.answers import (
    DatabaseHealth,
    EmbeddingStatus,
    Health,
    IndexStatus,
    ProjectStatus,
    ServerStatus,
    StatusResponse,
    StorageStatus,
    WatcherStatus,
)
from agent_brain_contract.proof import CHALLENGE_FORM, prove
from agent_brain_server.api.index import job_response
from agent_brain_server.api.operations import Operations
from agent_brain_server.domain import database
from agent_brain_server.errors import NotFoundError, StorageGoneError, StorageLostError
from agent_brain_server.services.status import Status, StatusService

operations = Operations("health")


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthParameters:
    """`GET /health`."""

    challenge: Annotated[str | None, StringConstraints(pattern=f"^{CHALLENGE_FORM}$")] = None

    __pydantic_config__: ClassVar = {"extra": "forbid"}


def _service(request: Request) -> StatusService:
    service: StatusService = request.app.state.services.status
    return service


@operations.get("/health")
async def health(request: Request, parameters: HealthParameters) -> Health:
    """Say who answers here; open to everyone on this machine.

    A `challenge` of 32 hexadecimal digits is answered with a proof that this server has the project's token, unless it
    is about to end: then a client that looks for a server starts the next one.
    """
    identity, state, challenge = _service(request).identity, request.app.state, parameters.challenge
    if challenge is not None and (lost := state.lost()):
        raise StorageGoneError(f"{lost}, so this server ends. Run: agent-brain start")
    answer = Health(
        status="ok",
        version=identity.version,
        project_id=identity.project_id,
        pid=identity.pid,
        started_at=identity.started_at,
    )
    return answer if challenge is None else Health(**answer, proof=prove(state.token, challenge, state.port))


@operations.get("/health/status")
async def status(request: Request) -> StatusResponse:
    """Describe the server, its index and what it does now."""
    now = await _service(request).status()
    statistics = now.statistics
    backend, _, location = now.storage.partition(" ")
    return StatusResponse(
        project=ProjectStatus(
            id=now.identity.project_id, storage_id=now.identity.storage_id, root=str(now.identity.root)
        ),
        server=_server_status(now, request.app.state.port),
        storage=StorageStatus(backend=backend, location=location, bytes=statistics.bytes),
        embedding=EmbeddingStatus(name=now.model.name, dimensions=now.model.dimensions),
        index=IndexStatus(
            files=statistics.files,
            chunks=statistics.chunks,
            vectors=statistics.vectors,
            embedded_texts=statistics.embedded_texts,
            languages=statistics.languages,
        ),
        watcher=WatcherStatus(state=now.watcher.state, detail=now.watcher.detail),
        job=job_response(now.job) if now.job else None,
        jobs_queued=now.jobs_queued,
    )


@operations.get("/health/postgres")
async def postgres_health(request: Request) -> DatabaseHealth:
    """Describe the database server and the connections to it: 503 while it does not answer, 404 if there is none."""
    service = _service(request)
    now = await service.database_health()
    if now is None:
        backend, _, location = service.place.describe().partition(" ")
        raise NotFoundError(f"The index is in {backend} ({location}), not in PostgreSQL.")
    if not now.healthy:
        raise StorageLostError(now.detail, members=asdict(now))
    return cast(DatabaseHealth, asdict(now))


@operations.get("/metrics")
async def metrics(request: Request) -> str:
    """Answer in Prometheus' text format. Of an index whose database does not answer, only what is known without it."""
    service = _service(request)
    health = await service.database_health()
    gauges = {} if health is None else _pool_gauges(health)
    if health is None or health.healthy:
        gauges |= _index_gauges(await service.status())
    text: str = request.app.state.services.metrics.render(gauges)
    return text


def _pool_gauges(health: database.DatabaseHealth) -> dict[str, float]:
    return {
        "postgres_healthy": health.healthy,
        "postgres_latency_seconds": health.latency_ms / 1e3,
        "postgres_pool_size": health.pool_size,
        "postgres_pool_max": health.pool_max,
        "postgres_pool_in_use": health.in_use,
        "postgres_pool_idle": health.idle,
        "postgres_pool_overflow": health.overflow,
        "postgres_pool_waiters": health.waiters,
    }


def _index_gauges(now: Status) -> dict[str, float]:
    return {
        "index_files": now.statistics.files,
        "index_chunks": now.statistics.chunks,
        "index_bytes": now.statistics.bytes,
        "embedded_texts": now.statistics.embedded_texts,
        "uptime_seconds": now.uptime_seconds,
        "job_running": float(now.job is not None and now.job.state == "running"),
    }


def _server_status(now: Status, port: int) -> ServerStatus:
    return ServerStatus(
        version=now.identity.version,
        pid=now.identity.pid,
        port=port,
        started_at=now.identity.started_at,
        uptime_seconds=round(now.uptime_seconds, 3),
        idle_stop_seconds=now.idle_stop_seconds,
    )
