"""On what the numbers were measured."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

CORES = 2


def describe() -> dict[str, Any]:
    """Return processor, cores, memory, Python and SQLite of this machine, and the embedding that is measured."""
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "cores_used": len(allowed_cores()),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "embedding": os.environ.get("AGENT_BRAIN_EMBEDDING_PROVIDER", "built-in"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def line(facts: dict[str, Any]) -> str:
    """Return the facts, and which PostgreSQL it was, as the line above the table."""
    return (
        f"{facts['cpu']}, {facts['cores']} cores ({facts['cores_used']} used), {facts['memory_gb']} GB, "
        f"{facts['system']}, Python {facts['python']}, SQLite {facts['sqlite']}, embedding {facts['embedding']}, "
        f"load before {facts['load_before']}; {facts['postgres']}"
    )


def allowed_cores() -> tuple[int, ...]:
    """Return the cores that programs under measurement may use: the first CORES of this process's own."""
    if not hasattr(os, "sched_getaffinity"):
        return tuple(range(os.cpu_count() or 1))
    return tuple(sorted(os.sched_getaffinity(0))[:CORES])


@contextmanager
def on_allowed_cores() -> Iterator[None]:
    """Run what is started inside on `allowed_cores` only, so that a larger machine measures the same."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed_cores())
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for entry in information.read_text("utf-8", "replace").splitlines():
            name, _, value = entry.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
