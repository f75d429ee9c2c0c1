"""Who may ask: only this machine, only by a loopback name, only with the token. Plain ASGI, before any routing."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_brain_server.api.problems import problem
from agent_brain_server.services.activity import Activity
from agent_brain_server.services.metrics import Metrics

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = frozenset({"/health"})
MOST_BODY_BYTES = 1_000_000


class Guard:
    """Refuses a foreign Host or Origin (a web page that rebinds its name), a wrong token and an oversized body."""

    def __init__(self, app: ASGIApp, token: str, activity: Activity, metrics: Metrics) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._activity = activity
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count_request(scope["method"], message["status"])
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await problem(*refusal)(scope, receive, counting)
            return
        if scope["path"] not in OPEN_PATHS:
            self._activity.touch()
        await self._app(scope, receive, counting)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = Headers(scope=scope)
        if _host_name("//" + headers.get("host", "")) not in LOOPBACK:
            return 403, "host_refused", "This server answers to 127.0.0.1 and localhost only."
        origin = headers.get("origin")
        if origin is not None and _host_name(origin) not in LOOPBACK:
            return 403, "origin_refused", "This server does not answer other sites' pages."
        if scope["path"] not in OPEN_PATHS and not self._authorised(headers):
            return 401, "unauthorized", "Send the token: Authorization: Bearer AGENT_BRAIN_TOKEN (.env.agent-brain)."
        length = headers.get("content-length", "0")
        # An honest length has few digits; Python refuses to read thousands of them.
        if not length.isascii() or not length.isdigit() or len(length) > 18 or int(length) > MOST_BODY_BYTES:
            return 413, "too_large", f"A request's body is at most {MOST_BODY_BYTES} bytes."
        if "transfer-encoding" in headers:
            return 411, "length_required", "Send the body with a Content-Length."
        return None

    def _authorised(self, headers: Headers) -> bool:
        return hmac.compare_digest(headers.get("authorization", "").encode("utf-8", "replace"), self._expected)


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
