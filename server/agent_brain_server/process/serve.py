"""Serve one project until it is stopped, or no client asks any more; with `--worker`, only run its jobs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import cast

import uvicorn
from filelock import FileLock, Timeout
from starlette.applications import Starlette

from agent_brain_contract.escaping import one_line
from agent_brain_contract.paths import SERVER_LOCK
from agent_brain_server.app import create_app
from agent_brain_server.errors import AgentBrainError, AlreadyServedError, SettingsError
from agent_brain_server.process.connections import (
    BURST,
    LEAST_CONNECTIONS,
    MOST_CONNECTIONS,
    QUEUE,
    BoundedProtocol,
    ConnectionTable,
)
from agent_brain_server.process.descriptors import left_for_connections, raise_limit
from agent_brain_server.process.presence import CodePresence, Presence, end_at_last
from agent_brain_server.process.server_file import remove_server_file, restore_server_file, write_server_file
from agent_brain_server.process.server_log import ServerLog, log_to_stderr
from agent_brain_server.process.work import work
from agent_brain_server.runtime.garbage import collect_seldom
from agent_brain_server.settings.consent import load_settings
from agent_brain_server.settings.model import Settings
from agent_brain_server.storage.factory import sqlite_file

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
EXIT_REFUSED = 2
EXIT_ALREADY_SERVED = 3
TICK_SECONDS = 1.0
PRESENCE_TICKS = 2
# uvicorn counts tenths of a second, and sets the date of its answers at each tenth of them.
UVICORN_TICKS = 10


class ProjectServer(uvicorn.Server):
    """Announces itself when it listens, and stops with everything closed: on a signal, for want of requests, or when
    what it serves is gone."""

    def __init__(
        self, app: Starlette, settings: Settings, listener: socket.socket, log_file: ServerLog, presence: Presence
    ) -> None:
        most = min(MOST_CONNECTIONS, left_for_connections(raise_limit()))
        self._connections = ConnectionTable(max(most, LEAST_CONNECTIONS))
        super().__init__(
            uvicorn.Config(
                app,
                http=cast(type[asyncio.Protocol], partial(BoundedProtocol, self._connections)),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=3,
                server_header=False,
                backlog=min(BURST, self._connections.most),
            )
        )
        self._app = app
        self._settings = settings
        self._listener = listener
        self._log_file = log_file
        self._presence = presence
        self._code = CodePresence()
        self._stopping = asyncio.Event()
        self._swept = 0.0

    async def run_project(self) -> None:
        """Serve the project until the server ends."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._connections.on_loop_error)
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError):  # Windows: there Ctrl-C raises KeyboardInterrupt
                loop.add_signal_handler(number, self._stop)
        async with self._app.router.lifespan_context(self._app):
            await self.serve(sockets=[self._listener])

    def _stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]  # ours are set in run_project
        """Do nothing: uvicorn would raise the signal again and end the process before the index is closed."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        # What uvicorn asks the system for is also how many asyncio accepts at once: more may wait than that.
        self._listener.listen(QUEUE)
        self._presence.add(_database(self._settings))
        self._app.state.lost = self._presence.lost
        write_server_file(self._settings, self._listener.getsockname()[1])
        collect_seldom()

    async def main_loop(self) -> None:
        """Look after the connections, the log and the files once a second, until it is time to stop."""
        self._swept, tick = time.monotonic(), 0
        while not await self.on_tick(tick * UVICORN_TICKS):
            tick += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._stopping.wait()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop, asked once a second."""
        now = time.monotonic()
        # A loop that was held up has not heard what came meanwhile: that time is no client's delay.
        self._connections.sweep(min(now - self._swept, 1.5 * TICK_SECONDS))
        self._swept = now
        self._log_file.keep_bounded()
        if self._app.state.activity.seconds_left() == 0.0:
            log.info("stopping: no request for the idle time")
            return True
        if counter % (PRESENCE_TICKS * UVICORN_TICKS) == 0 and await asyncio.to_thread(self._is_lost):
            return True
        return await super().on_tick(counter)

    def _is_lost(self) -> bool:
        lost = self._presence.lost() or self._code.lost()
        if not lost:
            restore_server_file(self._settings, self._listener.getsockname()[1])
            return False
        log.warning("stopping: %s; agent-brain start serves what is there now", lost)
        end_at_last()
        return True


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status: 0 after a stop, 2 if it cannot start (one sentence on stderr), 3 if another serves."""
    options = _parse(arguments)
    try:
        settings = load_settings(options.project, port=options.port)
        log_file = log_to_stderr(settings.log_level, settings.state_directory)
        if options.worker:
            work(settings, once=options.once)
            return 0
        with _sole_server(settings) as presence, _listening(settings) as listener:
            serve(settings, listener, log_file, presence, reindex=options.reindex)
    except AlreadyServedError as error:
        print(f"agent-brain: {one_line(str(error))}", file=sys.stderr)
        return EXIT_ALREADY_SERVED
    except AgentBrainError as error:
        print(f"agent-brain: {one_line(str(error))}", file=sys.stderr)
        return EXIT_REFUSED
    return 0


def serve(
    settings: Settings, listener: socket.socket, log_file: ServerLog, presence: Presence, *, reindex: bool
) -> None:
    """Run the server on `listener` until it ends, at the latest when `presence` is lost; `server.json` goes with it."""
    app = create_app(settings, reindex=reindex)
    app.state.port = listener.getsockname()[1]
    try:
        asyncio.run(ProjectServer(app, settings, listener, log_file, presence).run_project())
    finally:
        remove_server_file(settings)


@contextmanager
def _sole_server(settings: Settings) -> Iterator[Presence]:
    """Hold the project's lock; what has to stay where it is meanwhile."""
    path = settings.project_root / SERVER_LOCK
    lock = FileLock(path, timeout=0, mode=0o600)
    try:
        settings.state_directory.mkdir(0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise AlreadyServedError("Another server is running for this project. See: agent-brain status") from error
    except OSError as error:
        raise SettingsError(f"{settings.state_directory} cannot be written: {error.strerror}.") from error
    try:
        yield Presence([settings.project_root, settings.state_directory, path])
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
            # At once: a port that is only bound can be bound by a second server too, which then fails to listen.
            listener.listen(QUEUE)
        except OSError as error:
            raise SettingsError(
                f"port {settings.port} is taken ({error.strerror}). Run: agent-brain start --port auto"
            ) from error
        yield listener


def _database(settings: Settings) -> list[Path]:
    """Return the file that holds the index, where one does."""
    database = sqlite_file(settings.storage.location, settings.project_root)
    return [database] if database else []


def _port(text: str) -> int:
    return 0 if text == "auto" else int(text)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent_brain_server", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="the project's root")
    parser.add_argument("--port", type=_port, help="a port, or auto for any free one (default: the setting)")
    parser.add_argument("--reindex", action="store_true", help="build the index again from the files")
    parser.add_argument("--worker", action="store_true", help="run indexing jobs, without HTTP")
    parser.add_argument("--once", action="store_true", help="with --worker: stop when no job is left")
    options = parser.parse_args(arguments)
    if options.worker and (options.port is not None or options.reindex):
        parser.error("--port and --reindex are for a server; --worker has neither")
    if options.once and not options.worker:
        parser.error("--once is for --worker")
    return options
