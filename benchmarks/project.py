"""A project under measurement: its settings, its corpus and its server, driven over HTTP as any client would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import httpx
import psutil

import agent_brain_server
from benchmarks import corpus
from benchmarks.machine import on_allowed_cores

TOKEN = "benchmark"
STATE = Path(".claude/agent-brain")
START_SECONDS = 60.0
WORKERS_END_SECONDS = 3.0
POLL_SECONDS = 0.02
OURS = ("AGENT_BRAIN_", "DATABASE_URL")
KEPT = ("AGENT_BRAIN_EMBEDDING_",)


class BenchmarkError(Exception):
    """The product did something that leaves nothing to measure."""


class Project:
    """The project at `root`. Its corpus is made once; `forget_index` makes the next indexing a cold one.

    The index is in the embedded file, or in the database at `url`.
    """

    def __init__(self, root: Path, url: str = "") -> None:
        self.root = root
        self.url = url

    @classmethod
    def prepared(cls, root: Path, name: str, fill: Callable[[Path], None]) -> Project:
        """Return the project with the corpus `name`, made by `fill` unless an earlier run has left the same one."""
        project = cls(root)
        stamp = root / STATE / "corpus.txt"
        wanted = f"{name} {_digest(Path(corpus.__file__).parent, ('corpus.py', 'renaming.py'))} {sys.version}"
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            shutil.rmtree(root, ignore_errors=True)
            fill(root / "src")
            (root / STATE).mkdir(parents=True)
            stamp.write_text(wanted, "utf-8")
        project.configure(watch=False)
        return project

    @contextmanager
    def kept_in(self, url: str) -> Iterator[Project]:
        """Return the same files with their index in the database at `url`."""
        project = Project(self.root, url)
        project.configure(watch=False)
        try:
            yield project
        finally:
            self.configure(watch=False)

    def configure(self, *, watch: bool) -> None:
        """Set any free port; the watcher only where it is measured."""
        config: dict[str, Any] = {"port": 0, "index": {"watch": watch}}
        (self.root / STATE / "config.yaml").write_text(json.dumps(config), "utf-8")

    def variables(self) -> dict[str, str]:
        """Return the environment of the project's server, which decides, so that no consent has to be recorded."""
        storage = {"AGENT_BRAIN_STORAGE_URL": self.url} if self.url else {}
        return {**environment(), "AGENT_BRAIN_TOKEN": TOKEN, **storage}

    def forget_index(self) -> None:
        """Take away all that an earlier server has written of the corpus."""
        for path in (self.root / STATE).glob("index*"):
            path.unlink()

    def forget_index_of_other_code(self) -> None:
        """Keep the index only if these very sources of the product made it, with this embedding."""
        stamp = self.root / STATE / "made-by.txt"
        sources = Path(agent_brain_server.__file__).parent
        wanted = _digest(sources, ("**/*.py", "**/*.sql", "embedding/data/*")) + str(sorted(environment().items()))
        wanted = blake2b(wanted.encode(), digest_size=8).hexdigest()
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            self.forget_index()
            stamp.write_text(wanted, "utf-8")

    @property
    def index_path(self) -> Path:
        """Return the SQLite file."""
        return self.root / STATE / "index.db"

    @contextmanager
    def served(self) -> Iterator[Server]:
        """Yield the project's server, a child process that is ended after the block."""
        command = [sys.executable, "-P", "-m", "agent_brain_server", "--project", str(self.root)]
        with (self.root / STATE / "benchmark.log").open("wb") as log, on_allowed_cores():
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.variables(), cwd=self.root)
        try:
            url = self._await(process)
            with httpx.Client(base_url=url, headers=_headers(), timeout=120, trust_env=False) as http:
                yield Server(process.pid, http)
        finally:
            end(process)

    def _await(self, process: subprocess.Popen[bytes]) -> str:
        claim = self.root / STATE / "server.json"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                server = json.loads(claim.read_bytes())
                if server["pid"] == process.pid:
                    return str(server["url"])
            except (OSError, ValueError):
                pass
            time.sleep(POLL_SECONDS)
        log = (self.root / STATE / "benchmark.log").read_text("utf-8", "replace")
        raise BenchmarkError(f"the server does not start: {log.strip()[-500:]}")


class Server:
    """A running server: its process and a connection to it."""

    def __init__(self, pid: int, http: httpx.Client) -> None:
        self.pid = pid
        self.http = http

    @contextmanager
    def another_connection(self) -> Iterator[Server]:
        """Return the same server, for another thread."""
        with httpx.Client(base_url=self.http.base_url, headers=_headers(), timeout=120, trust_env=False) as http:
            yield Server(self.pid, http)

    def start_job(self) -> int:
        """Queue an indexing job of everything; its id."""
        return int(_answer(self.http.post("/index", json={}))["id"])

    def job(self, job_id: int) -> dict[str, Any]:
        """Return the job as it is now. Raise BenchmarkError if it has failed."""
        job = _answer(self.http.get(f"/index/jobs/{job_id}"))
        if job["state"] in ("failed", "cancelled"):
            raise BenchmarkError(f"job {job_id} {job['state']}: {job['error']}")
        return job

    def finished(self, job_id: int) -> dict[str, Any]:
        """Return the job when it is done."""
        while (job := self.job(job_id))["state"] != "done":
            time.sleep(POLL_SECONDS)
        return job

    def index(self) -> dict[str, Any]:
        """Index everything and wait; the job."""
        return self.finished(self.start_job())

    def load(self) -> tuple[dict[str, Any], float]:
        """Index everything and wait; the job, and the seconds of it until the last chunk was written."""
        job_id, loaded = self.start_job(), 0.0
        while (job := self.job(job_id))["state"] != "done":
            progress = job["progress"]
            if not loaded and 0 < progress["files_total"] <= progress["files_done"]:
                loaded = time.time() - float(job["started_at"])
            time.sleep(POLL_SECONDS)
        return job, loaded or seconds(job)

    def query(self, question: str, mode: str = "hybrid") -> dict[str, Any]:
        """Return the answer to `question`."""
        return _answer(self.http.post("/query", json={"query": question, "mode": mode}))

    def processor_seconds(self) -> float:
        """Return the processor seconds of the server so far, with its workers that have ended."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)

    def await_no_workers(self) -> None:
        """Wait until the workers of the last job are gone, so that their time is counted."""
        deadline = time.monotonic() + WORKERS_END_SECONDS
        while psutil.Process(self.pid).children() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def status(self) -> dict[str, Any]:
        """Return what the server says of itself and of its index."""
        return _answer(self.http.get("/health/status"))


def seconds(job: dict[str, Any]) -> float:
    """Return how long the job ran, by its own times."""
    return float(job["finished_at"]) - float(job["started_at"])


def environment() -> dict[str, str]:
    """Return this process's environment without settings of the product but the choice of an embedding."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS) or name.startswith(KEPT)}


def command(root: Path, *arguments: str) -> list[str]:
    """Return the `agent-brain` command of this environment, on the project at `root`."""
    installed = Path(sys.executable).with_name("agent-brain")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "agent_brain_wizard"]
    return [*program, "--project", str(root), *arguments]


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the child to stop; kill it when it does not."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


def _answer(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise BenchmarkError(
            f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
        )
    answer: dict[str, Any] = response.json()
    return answer


def _digest(root: Path, patterns: Sequence[str]) -> str:
    digest = blake2b(digest_size=8)
    for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
