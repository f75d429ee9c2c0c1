"""The PostgreSQL under measurement: the server that DATABASE_URL names, else one of our own, as durable as a user's.

Ours has the settings of the compose file that setup writes, and runs on the same cores as the product.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from tests.support.postgres import DatabaseServer, PostgresServer, installed_binaries

from agent_brain_server.settings.postgres import PostgresConfig
from benchmarks.machine import on_allowed_cores

__all__ = ["DatabaseServer", "check", "describe", "megabytes", "processor_seconds", "running"]

COMPOSE = Path(__file__).resolve().parent.parent / "templates" / "docker-compose.yml.j2"
SHOWN = ("fsync", "shared_buffers", "effective_cache_size", "maintenance_work_mem", "max_wal_size")

_OPTION = re.compile(r"- -c\n\s+- (\w+)=(\S+)")


def check() -> None:
    """Raise LookupError, which says what is missing, where no server can be started."""
    if not os.environ.get("DATABASE_URL"):
        installed_binaries()


@contextmanager
def running() -> Iterator[DatabaseServer]:
    """Return the server."""
    if url := os.environ.get("DATABASE_URL"):
        yield DatabaseServer(PostgresConfig.from_url(url, name="DATABASE_URL"))
        return
    server = PostgresServer(durable=True, **dict(_OPTION.findall(COMPOSE.read_text("utf-8"))))
    try:
        with on_allowed_cores():
            server.start()
        yield server
    finally:
        server.close()


def describe(server: DatabaseServer) -> str:
    """Return the versions, and the settings that decide how fast it is."""
    settings = ", ".join(f"current_setting('{name}')" for name in ("server_version", *SHOWN))
    ((version, *values),) = server.psql(f"SELECT {settings}")
    ((pgvector,),) = server.psql("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
    named = ", ".join(f"{name} {value}" for name, value in zip(SHOWN, values, strict=True))
    return f"PostgreSQL {version} with pgvector {pgvector} ({named})"


def processor_seconds(server: DatabaseServer | None) -> float:
    """Return the processor seconds of the server's processes so far; 0 where there is none, or none of ours."""
    if not isinstance(server, PostgresServer):
        return 0.0
    postmaster = psutil.Process(server.pid)
    used = sum(postmaster.cpu_times()[:4])  # those of ended children included
    for child in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            used += sum(child.cpu_times()[:2])
    return float(used)


def megabytes(server: DatabaseServer, database: str) -> float:
    """Return what a database takes on disk, without its write-ahead log."""
    ((size,),) = server.psql(f"SELECT pg_database_size('{database}')")
    return int(size) / 1e6
