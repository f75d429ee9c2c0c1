"""Serve one project until told to stop, or until nobody asks any more; with `--worker`, only run its jobs."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from filelock import FileLock, Timeout

from agent_brain_client.escaping import one_line
from agent_brain_client.wire import VERSION, ServerFile, location_id
from agent_brain_server.app import create_app
from agent_brain_server.errors import AgentBrainError, AlreadyServedError, SettingsError
from agent_brain_server.garbage import collect_seldom
from agent_brain_server.log_lines import log_to_stderr
from agent_brain_server.settings import Settings
from agent_brain_server.settings_consent import load_settings
from agent_brain_server.work import work

HOST = "127.0.0.1"
EXIT_REFUSED = 2
EXIT_ALREADY_SERVED = 3
TICKS_PER_IDLE_CHECK = 10


class ProjectServer(uvicorn.Server):
    """Announces itself when it listens, and stops on a signal or for want of requests, with everything closed."""

    def __init__(self, app: FastAPI, settings: Settings, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=3, server_header=False
            )
        )
        self._app = app
        self._settings = settings
        self._listener = listener

    async def run_project(self) -> None:
        """Serve until the end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows: there Ctrl-C raises KeyboardInterrupt
                loop.add_signal_handler(number, self._stop)
        async with self._app.router.lifespan_context(self._app):
            await self.serve(sockets=[self._listener])

    def _stop(self) -> None:
        self.should_exit = True

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # ours are set in run_project
        """uvicorn would raise the signal again and end the process before the index is closed."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        write_server_file(self._settings, self._listener.getsockname()[1])
        collect_seldom()

    async def on_tick(self, counter: int) -> bool:
        """Comes ten times a second; the idle stop is looked at once a second."""
        if counter % TICKS_PER_IDLE_CHECK == 0 and self._app.state.activity.seconds_left() == 0.0:
            logging.getLogger(__name__).info("stopping: nobody has asked for anything")
            return True
        return await super().on_tick(counter)


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 after a stop, 2 if it cannot start (one sentence on stderr), 3 if another serves already."""
    options = _parse(arguments)
    try:
        settings = load_settings(options.project, port=options.port)
        log_to_stderr(settings.log_level)
        if options.worker:
            work(settings, once=options.once)
            return 0
        with _sole_server(settings), _listening(settings) as listener:
            serve(settings, listener, options.reindex)
    except AlreadyServedError as error:
        print(f"agent-brain: {one_line(str(error))}", file=sys.stderr)
        return EXIT_ALREADY_SERVED
    except AgentBrainError as error:
        print(f"agent-brain: {one_line(str(error))}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def serve(settings: Settings, listener: socket.socket, reindex: bool) -> None:
    """Run the server on `listener` until it ends; `server.json` goes with it."""
    app = create_app(settings, discard_mismatch=reindex)
    app.state.port = listener.getsockname()[1]
    try:
        asyncio.run(ProjectServer(app, settings, listener).run_project())
    finally:
        with suppress(OSError):
            (settings.state_directory / "server.json").unlink()


def write_server_file(settings: Settings, port: int) -> None:
    """`server.json`, all at once."""
    content = ServerFile(
        url=f"http://{HOST}:{port}",
        pid=os.getpid(),
        project_id=location_id(settings.project_root),
        version=VERSION,
        started_at=time.time(),
    )
    target = settings.state_directory / "server.json"
    temporary = target.with_suffix(f".{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    temporary.replace(target)


@contextmanager
def _sole_server(settings: Settings) -> Iterator[None]:
    lock = FileLock(settings.state_directory / "server.lock", timeout=0, mode=0o600)
    try:
        settings.state_directory.mkdir(0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AlreadyServedError("Another server serves this project. See: agent-brain status") from error
    except OSError as error:
        raise SettingsError(f"{settings.state_directory} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    # With its protocol named, asyncio turns off Nagle's algorithm, which would hold every answer back for 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((HOST, settings.port))
        except OSError as error:
            raise SettingsError(
                f"port {settings.port} is taken ({error.strerror}). Run: agent-brain start --port auto"
            ) from error
        yield listener


def _port(text: str) -> int:
    return 0 if text == "auto" else int(text)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent_brain_server", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="the project's root")
    parser.add_argument("--port", type=_port, help="a port, or auto for any free one (default: the setting)")
    parser.add_argument("--reindex", action="store_true", help="empty an index that another model made")
    parser.add_argument("--worker", action="store_true", help="run indexing jobs, without HTTP")
    parser.add_argument("--once", action="store_true", help="with --worker: end when no job is left")
    options = parser.parse_args(arguments)
    if options.worker and (options.port is not None or options.reindex):
        parser.error("--port and --reindex are for a server; --worker has neither")
    if options.once and not options.worker:
        parser.error("--once is for --worker")
    return options
