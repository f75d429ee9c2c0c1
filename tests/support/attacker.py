"""An address that nothing may reach: it counts who comes and what they bring."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Self


class Attacker:
    """Listens on a port of 127.0.0.1 while it is entered. `connections` and `received` say what reached it."""

    def __init__(self) -> None:
        self.connections = 0
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address as an embedding endpoint."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def database(self) -> str:
        """Its address as a PostgreSQL."""
        return f"postgresql://me:password@127.0.0.1:{self.port}/stolen"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A connection of our own wakes the thread, which would wait for the next one for ever.
        self._closing = True
        with socket.create_connection(("127.0.0.1", self.port)):
            self._thread.join()
        self._listener.close()

    _closing = False

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                if self._closing:
                    return
                self.connections += 1
                connection.settimeout(1.0)
                try:
                    self.received += connection.recv(65_536)
                except OSError:
                    continue
