"""A program on a port of this machine that answers HTTP as a test wants it to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: Message
    body: bytes


class Said(NamedTuple):
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


Answer = Callable[[Asked], Said]


def as_json(value: object) -> Said:
    """A success that holds `value`."""
    return Said(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The URL where `answer` is asked; where it raises, the connection is closed without a word."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = answer(Asked(self.command, self.path, self.headers, body))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # http.server looks for these names

        def log_message(self, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
