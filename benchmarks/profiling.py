"""Says where time goes: the whole server in one thread of this process, by stage, and function by function.

What the server hands to threads or processes runs in place, so that all of it is seen. The stages are timed without
the profiler, in seconds of processor time, which do not depend on who else uses the machine; what crosses the border to
a worker process is pickled both ways as it would be, and that is a stage too. The profiler makes every Python call
dearer than it is: of its numbers compare shares, not seconds.
"""

from __future__ import annotations

import asyncio
import cProfile
import io
import os
import pickle
import pstats
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any

import httpx

from agent_brain_server.app import create_app
from agent_brain_server.settings.consent import load_settings
from benchmarks.project import TOKEN, Project
from benchmarks.scale import Scale

ROUNDS = 5
TOP = 25
PICKLING = "pickling to and from workers"
REST = "the rest, on the event loop"


class OneThread(asyncio.SelectorEventLoop):
    """An event loop that does at once, and itself, what it is asked to have done elsewhere. Keeps seconds by stage."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: defaultdict[str, float] = defaultdict(float)

    def run_in_executor(  # type: ignore[override]  # the same call, with a future that is done
        self, executor: Executor | None, function: Callable[..., Any], *arguments: Any
    ) -> asyncio.Future[Any]:
        """Return a future that is done."""
        future = self.create_future()
        started = time.process_time()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        self.stages[_stage(executor, function)] += time.process_time() - started
        if isinstance(executor, ProcessPoolExecutor) and not future.exception():
            self.stages[PICKLING] += _pickling_seconds(arguments, future.result())
        return future


def _stage(executor: Executor | None, function: Callable[..., Any]) -> str:
    """Return the thread's name, else the function's."""
    if isinstance(function, partial) and function.args:  # asyncio.to_thread: a context that runs the function
        function = function.args[0]
    name = getattr(function, "__qualname__", repr(function))
    return str(getattr(executor, "_thread_name_prefix", "") or name)


def _pickling_seconds(*values: object) -> float:
    started = time.process_time()
    for value in values:
        pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
    return time.process_time() - started


def profile_index(scale: Scale) -> str:
    """Index the small project's files from the beginning."""
    project = scale.project_of(scale.small_chunks)

    def fresh() -> None:
        project.forget_index()

    return _report(project, _index, fresh)


def profile_query(scale: Scale) -> str:
    """Ask all questions, some times over, on the small project."""
    return _report(scale.small_project, partial(_ask, scale.questions))


def profile_query_large(scale: Scale) -> str:
    """Do as `profile_query` on the large project."""
    project = scale.project_of(scale.large_chunks)
    with project.served() as server:
        server.index()
    return _report(project, partial(_ask, scale.questions))


Work = Callable[[httpx.AsyncClient], Awaitable[str]]


def _report(project: Project, work: Work, before: Callable[[], None] = lambda: None) -> str:
    before()
    done, seconds, stages = _run(project, work, None)
    before()
    profile = cProfile.Profile()
    _run(project, work, profile)
    shares = [
        f"  {took:8.3f} s  {took / seconds:4.0%}  {name}"
        for name, took in sorted(stages.items(), key=lambda item: -item[1])
    ]
    return "\n".join(
        [f"{done} in {seconds:.2f} s of processor time", *shares, _top(profile, "tottime"), _top(profile, "cumulative")]
    )


def _run(project: Project, work: Work, profile: cProfile.Profile | None) -> tuple[str, float, dict[str, float]]:
    with asyncio.Runner(loop_factory=OneThread) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, OneThread)
        done, seconds = runner.run(_served(project, work, profile, loop.stages))
        loop.stages[REST] = seconds - sum(loop.stages.values())
        return done, seconds, loop.stages


async def _served(
    project: Project, work: Work, profile: cProfile.Profile | None, stages: dict[str, float]
) -> tuple[str, float]:
    """Run `work` on the server after a first query, which pays for what is loaded once; what it did and its seconds."""
    os.environ.update(project.variables())
    app = create_app(load_settings(project.root))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as http:
            await http.post("/query", json={"query": "warm up"})
            stages.clear()
            started = time.process_time()
            with profile or nullcontext():
                done = await work(http)
            took = time.process_time() - started
            return done, took


async def _index(http: httpx.AsyncClient) -> str:
    job = (await http.post("/index", json={})).json()
    while job["state"] not in ("done", "failed"):
        await asyncio.sleep(0.01)
        job = (await http.get(f"/index/jobs/{job['id']}")).json()
    return f"{job['progress']['chunks_done']:,} chunks of {job['progress']['files_done']:,} files"


async def _ask(questions: tuple[str, ...], http: httpx.AsyncClient) -> str:
    for _ in range(ROUNDS):
        for question in questions:
            (await http.post("/query", json={"query": question})).raise_for_status()
    return f"{ROUNDS * len(questions)} queries"


def _top(profile: cProfile.Profile, order: str) -> str:
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats(order).print_stats(TOP)
    return text.getvalue().strip()
