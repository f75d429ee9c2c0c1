"""A program that answers `/health` as a project's server would, and keeps what else it is asked."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from agent_brain_contract.paths import location_id


class Impostor:
    """Listens on 127.0.0.1 while it is entered. It says that it is the server of `root`, with the process id `pid`."""

    def __init__(self, root: Path, pid: int) -> None:
        self.root = root
        self.pid = pid
        self.asked: list[str] = []
        self.tokens: list[str] = []
        impostor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                impostor._note(self)
                answer = json.dumps(impostor._health()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_DELETE = do_GET  # noqa: N815  the names of the base

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _note(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path.partition("?")[0])
        if token := request.headers.get("Authorization"):
            self.tokens.append(token)

    def _health(self) -> dict[str, object]:
        return {
            "status": "ok",
            "version": "0.1.0",
            "project_id": location_id(self.root),
            "pid": self.pid,
            "started_at": 1.0,
            "proof": "0" * 64,
        }

    def server_file(self) -> str:
        """A `server.json` that names it."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return json.dumps({**self._health(), "url": url})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
