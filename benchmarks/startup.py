"""Start-up, and one search from the command line."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

import psutil

from benchmarks import baselines
from benchmarks.figures import LIMITS, Figure, Reference
from benchmarks.machine import on_allowed_cores
from benchmarks.project import BenchmarkError, Project, command, end, environment
from benchmarks.questions import QUESTIONS
from benchmarks.scale import Scale

POLL_SECONDS = 0.002
PATIENCE_SECONDS = 30.0
IMPORTS = "import pydantic, starlette.applications, uvicorn"
ASKED = QUESTIONS[:5]


def start(scale: Scale) -> list[Figure]:
    """Measure from the spawn of `agent-brain start`, and of the server alone, until `/health` answers 200.

    The project is the small one, indexed, with the watcher on, as users have it. References: importing what serves
    HTTP; for PostgreSQL what it is with SQLite.
    """
    imports = Reference(f"python -c '{IMPORTS}'", median(baselines.python_seconds(IMPORTS, scale.runs)))
    figures = _starts(scale.small_project, scale.runs, (imports, imports))
    if scale.postgres is not None:
        with scale.in_postgres(scale.small_project) as kept:
            with kept.served() as server:
                server.index()
            references = [Reference("SQLite", figure.value) for figure in figures]
            figures += _starts(kept, scale.runs, references, "PostgreSQL: ")
    return figures


def _starts(project: Project, runs: int, references: Sequence[Reference], prefix: str = "") -> list[Figure]:
    project.configure(watch=True)
    started = tuple(_start_by_command(project) for _ in range(runs))
    served = [_start_server(project) for _ in range(runs)]
    project.configure(watch=False)
    took = tuple(each for each, _ in served)
    note = f"{median(used for _, used in served):.2f} s of processor time"
    by_command, alone = references
    return [
        Figure(f"{prefix}start to healthy: agent-brain start", "s", started, LIMITS.start_seconds, (by_command,)),
        Figure(f"{prefix}start to healthy: the server alone", "s", took, None, (alone,), note),
    ]


def _start_by_command(project: Project) -> float:
    port = free_port()
    begun = time.perf_counter()
    process = _spawn(command(project.root, "start", "--port", str(port)))
    try:
        healthy = _await_health(port, begun)
        process.wait(PATIENCE_SECONDS)
    finally:
        _spawn(command(project.root, "stop")).wait(PATIENCE_SECONDS)
    return healthy


def _start_server(project: Project) -> tuple[float, float]:
    """Return seconds until it is healthy, and the processor time until then."""
    port = free_port()
    begun = time.perf_counter()
    arguments = ["-P", "-m", "agent_brain_server", "--project", str(project.root), "--port", str(port)]
    process = _spawn([sys.executable, *arguments])
    try:
        healthy = _await_health(port, begun)
        times = psutil.Process(process.pid).cpu_times()
        return healthy, float(times.user + times.system)
    finally:
        end(process)


def _spawn(arguments: list[str]) -> subprocess.Popen[bytes]:
    with on_allowed_cores():
        return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())


def _await_health(port: int, begun: float) -> float:
    while (passed := time.perf_counter() - begun) < PATIENCE_SECONDS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                return time.perf_counter() - begun
        except OSError:
            time.sleep(POLL_SECONDS)
        finally:
            connection.close()
    raise BenchmarkError(f"no server answers after {passed:.0f} s")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def search(scale: Scale) -> list[Figure]:
    """Measure `agent-brain search` from spawn to end, over several questions, with the server up and warm."""
    project = scale.small_project
    asked = [command(project.root, "search", question) for question in ASKED]
    with project.served() as server:
        for question in ASKED:
            server.query(question)
        used = baselines.processor_seconds(asked[0])
        times = tuple(median(baselines.program_seconds(each, scale.runs)) for each in asked)
    tree = project.root / "src"
    found = [baselines.ripgrep_seconds(baselines.question_words(question), tree, scale.runs) for question in ASKED]
    ripgrep = [median(each) for each in found if each is not None]
    references = (
        Reference("rg, same words and tree", median(ripgrep) if ripgrep else None),
        Reference("python -c pass", median(baselines.python_seconds("pass", scale.runs))),
    )
    note = f"each run is the median for one question; {used:.2f} s of processor time a call"
    return [Figure("agent-brain search, server up", "s", times, LIMITS.search_seconds, references, note)]
