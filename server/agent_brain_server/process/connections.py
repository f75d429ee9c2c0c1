"""Bounds of the number of connections and of how long each may wait: uvicorn has neither.

A client has PATIENCE_SECONDS for each thing that is its turn: to send a whole head, to send the body, to read the
answer. Above the limit, the connection that has been quiet for longest is closed, so that connections which say nothing
cannot keep out one that asks.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from agent_brain_server.api.problems import problem
from agent_brain_server.process.descriptors import unread_bytes

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
MOST_CONNECTIONS = 512
LEAST_CONNECTIONS = 8
# Accepted at once, before any of them is read; so many come between a connection and its first bytes.
BURST = 32
QUEUE = 2_048
MOST_DISCARDED_BYTES = 4_000_000
SHORTAGE_LOG_SECONDS = 60.0
_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class ConnectionTable:
    """The open connections, the one that has been quiet for longest first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: dict[BoundedProtocol, None] = {}
        self._shortage_logged = -SHORTAGE_LOG_SECONDS

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: BoundedProtocol) -> None:
        """Let a new connection in; close another one for it where there are too many, or it where all are busy."""
        if len(self._open) >= self.most and not self._close_quietest():
            connection.transport.abort()
        self._open[connection] = None

    def touch(self, connection: BoundedProtocol) -> None:
        """Count the connection as the newest: it has got an answer."""
        if connection in self._open:
            del self._open[connection]
            self._open[connection] = None

    def remove(self, connection: BoundedProtocol) -> None:
        """Forget a connection that is closed."""
        self._open.pop(connection, None)

    def sweep(self, seconds: float) -> None:
        """Count the seconds since the last sweep to those who keep the server waiting; close whose time is up."""
        for connection in list(self._open):
            connection.wait(seconds)

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle a shortage of descriptors by closing connections; log it once a minute. asyncio tries again itself."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _SHORTAGES:
            loop.default_exception_handler(context)
            return
        now = time.monotonic()
        if now - self._shortage_logged >= SHORTAGE_LOG_SECONDS:
            self._shortage_logged = now
            log.warning("no connection can be accepted: %s; the quietest ones are closed", error.strerror)
            for _ in range(len(self._open) // 2):
                self._close_quietest()

    def _close_quietest(self) -> bool:
        """Close the first connection that waits for its client; False if there is none."""
        for connection in self._open:
            if connection.awaited() is not None and not connection.has_unheard_bytes():
                self.remove(connection)
                connection.transport.abort()
                return True
        return False


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 on one connection, which is closed when its client takes too long."""

    def __init__(self, table: ConnectionTable, **given: Any) -> None:
        super().__init__(**given)
        self._table = table
        self._awaited: object | None = None
        self._waited = 0.0
        self._heard = False
        self._discarded = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._table.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._table.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; a body that comes after its answer is read no longer than it must."""
        self._heard = True
        if self.cycle is not None and self.cycle.response_complete and self.cycle.more_body:
            self._discarded += len(data)
            if self._discarded > MOST_DISCARDED_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def on_response_complete(self) -> None:
        """See `H11Protocol`."""
        self._table.touch(self)
        super().on_response_complete()

    def awaited(self) -> object | None:
        """Return what the client has to do next, different each time; None while it is the server's turn."""
        cycle = self.cycle
        if self.transport.is_closing():
            return "the rest of the answer is read"
        if cycle is None or cycle.response_complete:
            return ("a head", cycle)
        if self.flow.write_paused:
            return "the answer is read"
        return ("a body", cycle) if cycle.more_body else None

    def has_unheard_bytes(self) -> bool:
        """Return whether the client has said something, and the server has not read anything of it yet."""
        return not self._heard and unread_bytes(self.transport.get_extra_info("socket").fileno()) > 0

    def wait(self, seconds: float) -> None:
        """Count the seconds to what the client has to do; end the connection when that takes too long."""
        awaited = self.awaited()
        self._waited = self._waited + seconds if awaited is not None and awaited == self._awaited else 0.0
        self._awaited = awaited
        if self._waited >= PATIENCE_SECONDS:
            self._end()

    def _end(self) -> None:
        answering = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if answering or self.transport.is_closing():
            self.transport.abort()
        elif self._heard:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout", "The request was not complete within 10 s.")
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """See `H11Protocol`: what is no HTTP, as a problem like every other refusal."""
        self._refuse(HTTPStatus.BAD_REQUEST, "request_invalid", msg)

    def _refuse(self, status: HTTPStatus, code: str, detail: str) -> None:
        # Written past h11, whose state may not allow an answer any more; nothing follows it.
        answer = problem(status, code, detail, headers={"Connection": "close"})
        lines = [f"HTTP/1.1 {status} {status.phrase}".encode(), *(b": ".join(pair) for pair in answer.raw_headers)]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(answer.body)]))
        self.transport.close()
