"""An OpenAI-compatible embedding endpoint on 127.0.0.1 with faults on demand, in a thread or as a program.

`python tests/support/embedding_endpoint.py --port N --log FILE` prints its URL and appends the hash of each text that
it receives to FILE, a line each, before it answers.
"""

from __future__ import annotations

import argparse
import json
import math
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from hashlib import blake2b, shake_128
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

FaultKind = Literal[
    "status",
    "slow",
    "drop",
    "malformed",
    "no_list",
    "wrong_count",
    "wrong_dimensions",
    "not_a_number",
    "reversed",
    "strings",
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: `status` and `headers` of an error, `seconds` before a good answer."""

    kind: FaultKind
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    message: str = "as the test asked"


def text_hash(text: str) -> str:
    """The line that the log gets for a text."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def vector(text: str, dimensions: int) -> list[float]:
    """The vector of a text, the same on every machine; its length is about sqrt(dimensions / 3), not 1."""
    data = shake_128(text.encode()).digest(2 * dimensions)
    return [int.from_bytes(data[place : place + 2]) / 32768 - 1 for place in range(0, len(data), 2)]


class EmbeddingEndpoint:
    """Serves while it is entered. Each request takes the next of the faults; with none left it is answered well.

    `texts` is every text received in order, `requests` every body, `keys` every Authorization header, `most_at_once`
    the highest number of requests that were open together.
    """

    def __init__(self, dimensions: int = 16, *, port: int = 0, log: Path | None = None) -> None:
        self.dimensions = dimensions
        self.texts: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.most_at_once = 0
        self._at_once = 0
        self._faults: deque[Fault] = deque()
        self._log = log
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.endpoint = self
        self._thread = threading.Thread(target=self.serve, daemon=True)

    @property
    def url(self) -> str:
        """The base URL, which a client adds `/embeddings` to."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def fail(self, kind: FaultKind, times: int = 1, **fault: Any) -> None:
        """Let the next `times` requests go wrong, after those already asked for."""
        self._faults.extend([Fault(kind, **fault)] * times)

    def serve(self) -> None:
        """Answer until the process or the `with` block ends."""
        self._server.serve_forever(poll_interval=0.02)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def receive(self, body: dict[str, Any], key: str | None) -> Fault | None:
        """Notes a request; the fault that it meets."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.requests.append(body)
            self.keys.append(key)
            self.texts.extend(body["input"])
            if self._log is not None:
                with self._log.open("a") as log:
                    log.writelines(f"{text_hash(text)}\n" for text in body["input"])
            return self._faults.popleft() if self._faults else None

    def release(self) -> None:
        """Notes the end of a request."""
        with self._lock:
            self._at_once -= 1

    def delay(self, seconds: float) -> None:
        """Waits, but not beyond the end of the endpoint."""
        self._closing.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    endpoint: EmbeddingEndpoint


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/embeddings":
            self._answer(404, {"error": {"message": f"no {self.path} here"}})
            return
        fault = self.server.endpoint.receive(body, self.headers["Authorization"])
        try:
            self._respond(body, fault)
        except OSError:  # the client did not wait
            self.close_connection = True
        finally:
            self.server.endpoint.release()

    def _respond(self, body: dict[str, Any], fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if fault and kind == "status":
            self._answer(fault.status, {"error": {"message": fault.message}}, fault.headers)
        elif kind == "drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif kind == "malformed":
            self._send(200, b'{"data": [', {})
        elif kind == "no_list":
            self._answer(200, {"object": "list"})
        else:
            self.server.endpoint.delay(fault.seconds if fault else 0)
            self._answer(200, {"object": "list", "model": body["model"], "data": self._data(body, kind)})

    def _data(self, body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        dimensions = body.get("dimensions", self.server.endpoint.dimensions) + (kind == "wrong_dimensions")
        data = [
            {"object": "embedding", "index": place, "embedding": vector(text, dimensions)}
            for place, text in enumerate(body["input"])
        ]
        if kind == "not_a_number":
            data[0]["embedding"][0] = math.nan
        if kind == "strings":
            data[0]["embedding"][0] = "one"
        return {"wrong_count": data[:-1], "reversed": data[::-1]}.get(kind, data)

    def _answer(self, status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), headers or {})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Says nothing: a test's output is for its failures."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--dimensions", type=int, default=16)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    arguments = parser.parse_args()
    endpoint = EmbeddingEndpoint(arguments.dimensions, port=arguments.port, log=arguments.log)
    if arguments.delay:
        endpoint.delay = lambda seconds: time.sleep(arguments.delay)  # type: ignore[method-assign]
    print(endpoint.url, flush=True)
    endpoint.serve()


if __name__ == "__main__":
    main()
