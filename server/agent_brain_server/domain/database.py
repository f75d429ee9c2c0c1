"""How a database server and its connections are, for backends that have one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """A moment's picture. `detail` says in one sentence what is wrong, empty when `healthy`.

    Versions are empty where the server could not be asked. `pool_size` connections are kept, `pool_max` are the most;
    of those open, `in_use` are lent and `idle` wait; `overflow` are open beyond `pool_size`; `waiters` operations wait
    for one. `latency_ms` is how long the asking took.
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
