"""A project and its server for tests: in this process behind ASGI, or as a real process over a socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from agent_brain_server.app import create_app
from agent_brain_server.settings.consent import load_settings
from agent_brain_server.settings.model import Settings
from support.consent import accept

TOKEN = "test-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
FINISHED = ("done", "failed", "cancelled")


def write_files(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Each file with its parents."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def configure(root: Path, **sections: object) -> None:
    """Set the project up for tests: a known token, any port, no watcher unless asked for."""
    state = root / ".claude" / "agent-brain"
    state.mkdir(parents=True, exist_ok=True)
    config: dict[str, object] = {"port": 0, "index": {"watch": False}, **sections}
    (state / "config.yaml").write_text(json.dumps(config), "utf-8")
    (root / ".env.agent-brain").write_text(f"AGENT_BRAIN_TOKEN={TOKEN}\n", "utf-8")
    accept(root)


class Brain:
    """The server in this process. `restart` ends it and makes another on the same files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stack = AsyncExitStack()
        self.http: httpx.AsyncClient

    def settings(self) -> Settings:
        """What the server is made with."""
        return load_settings(self.root)

    async def __aenter__(self) -> Self:
        app = create_app(self.settings())
        await self._stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = await self._stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        """Stop and start again."""
        await self._stack.aclose()
        self._stack = AsyncExitStack()
        await self.__aenter__()

    async def call(self, method: str, path: str, expect: int | None = None, **more: Any) -> Any:
        """The answer's JSON; fails unless the status is `expect` (default: any 2xx)."""
        response = await self.http.request(method, path, **more)
        good = response.status_code == expect if expect else response.is_success
        assert good, f"{method} {path}: {response.status_code} {response.text}"
        return response.json()

    async def index(self, *paths: str, force: bool = False) -> Any:
        """Index and wait; the finished job."""
        job = await self.call("POST", "/index", json={"paths": list(paths), "force": force})
        return await self.wait(job["id"])

    async def wait(self, job_id: int) -> Any:
        """The job when it has ended."""
        while True:
            job = await self.call("GET", f"/index/jobs/{job_id}")
            if job["state"] in FINISHED:
                assert job["state"] == "done", job
                return job
            await asyncio.sleep(0.01)

    async def search(self, query: str, **more: Any) -> list[Any]:
        """The passages."""
        answer = await self.call("POST", "/query", json={"query": query, **more})
        results: list[Any] = answer["results"]
        return results

    async def paths(self, query: str, **more: Any) -> set[str]:
        """The paths of the passages that hold a word of `query`."""
        return {result["path"] for result in await self.search(query, **{"mode": "bm25", "top_k": 100, **more})}


class ServerProcess:
    """The real server: `python -m agent_brain_server`, reached over its socket."""

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str] | None = None,
        prefix: Iterable[str] = (),
        flags: Iterable[str] = (),
        program: Iterable[str] = ("-m", "agent_brain_server"),
    ) -> None:
        self.root = root
        self._command = [*prefix, sys.executable, *program, "--project", str(root), *flags]
        self._environment = {**os.environ, **(environment or {})}
        self.process: subprocess.Popen[bytes]
        self.http: httpx.Client

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def server_file(self) -> Path:
        return self.root / ".claude" / "agent-brain" / "server.json"

    def start(self, timeout: float = 60.0) -> None:
        """Start and wait until it says that it is ready; one that does not is ended."""
        log = self.root / ".claude" / "agent-brain" / "test.log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(self._command, stdout=output, stderr=output, env=self._environment)
        try:
            self._await_ready(log, time.monotonic() + timeout)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        url = json.loads(self.server_file.read_text("utf-8"))["url"]
        self.http = httpx.Client(base_url=url, headers=HEADERS, timeout=30, trust_env=False)

    def _await_ready(self, log: Path, deadline: float) -> None:
        while not self._ready():
            assert self.process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
            assert time.monotonic() < deadline, f"not ready: {log.read_text('utf-8', 'replace')[-2000:]}"
            time.sleep(0.005)

    def _ready(self) -> bool:
        try:
            return bool(json.loads(self.server_file.read_text("utf-8"))["pid"] == self.process.pid)
        except (OSError, ValueError):
            return False

    def kill(self) -> None:
        """kill -9, and wait for its end."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop, and wait for its end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(15)
            finally:
                self.process.kill()
        self.http.close()

    def index(self, *paths: str) -> Any:
        """Index and wait; the finished job."""
        response = self.http.post("/index", json={"paths": list(paths)})
        assert response.status_code == 202, response.text
        return self.wait(response.json()["id"])

    def wait(self, job_id: int, timeout: float = 90.0) -> Any:
        """The job when it has ended."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            job = self.http.get(f"/index/jobs/{job_id}").json()
            if job["state"] in FINISHED:
                assert job["state"] == "done", job
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {job_id} does not end")
