"""Says where time goes: the whole server in one thread of this process, under cProfile.

Whatever the server hands to threads or processes runs in place, so that nothing escapes the profile. The times are
those of one core, and the profile makes every Python call dearer than it is: compare shares, not seconds.
"""

from __future__ import annotations

import asyncio
import cProfile
import io
import pstats
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import httpx

from agent_brain_server.app import create_app
from agent_brain_server.settings import load_settings
from benchmarks.project import TOKEN, Project
from benchmarks.questions import QUESTIONS
from benchmarks.scale import Scale

ROUNDS = 5
TOP = 25


class OneThread(asyncio.SelectorEventLoop):
    """An event loop that does at once, and itself, what it is asked to have done elsewhere."""

    def run_in_executor(  # type: ignore[override]  # the same call with a finished future
        self, executor: Executor | None, function: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        """The future, done already."""
        future = self.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def profile_index(scale: Scale) -> str:
    """A cold index of the small project's files."""
    project = scale.project_of(scale.small_chunks)
    project.forget_index()
    return _profiled(project, _index)


def profile_query(scale: Scale) -> str:
    """All questions, some times over, on the small project; `profile_large` on the large one."""
    return _profiled(scale.small_project, _ask)


def profile_large(scale: Scale) -> str:
    """As `profile_query` on the large project."""
    project = scale.project_of(scale.large_chunks)
    with project.served() as server:
        server.index()
    return _profiled(project, _ask)


def _profiled(project: Project, work: Callable[[httpx.AsyncClient], Any]) -> str:
    profile = cProfile.Profile()
    with asyncio.Runner(loop_factory=OneThread) as runner:
        done, seconds = runner.run(_served(project, work, profile))
    return f"{done} in {seconds:.2f} s under the profile\n{_top(profile, 'tottime')}\n{_top(profile, 'cumulative')}"


async def _served(
    project: Project, work: Callable[[httpx.AsyncClient], Any], profile: cProfile.Profile
) -> tuple[str, float]:
    app = create_app(load_settings(project.root))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            await http.post("/query", json={"query": QUESTIONS[0]})
            started = time.perf_counter()
            profile.enable()
            done = await work(http)
            profile.disable()
            return done, time.perf_counter() - started


async def _index(http: httpx.AsyncClient) -> str:
    job = (await http.post("/index", json={})).json()
    while job["state"] not in ("done", "failed"):
        await asyncio.sleep(0.05)
        job = (await http.get(f"/index/jobs/{job['id']}")).json()
    return f"{job['progress']['chunks_done']:,} chunks of {job['progress']['files_done']:,} files"


async def _ask(http: httpx.AsyncClient) -> str:
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            (await http.post("/query", json={"query": question})).raise_for_status()
    return f"{ROUNDS * len(QUESTIONS)} queries"


def _top(profile: cProfile.Profile, order: str) -> str:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats(order).print_stats(TOP)
    return text.getvalue().strip()
