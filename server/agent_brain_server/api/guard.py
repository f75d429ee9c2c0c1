"""Who may ask: only this machine, only by a loopback name, only with the token. Plain ASGI, before any routing."""

from __future__ import annotations

import hmac
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_brain_server.api.problems import problem
from agent_brain_server.services.activity import Activity
from agent_brain_server.services.metrics import Metrics

_LOOPBACK = r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?"
HOST = re.compile(_LOOPBACK, re.IGNORECASE)
ORIGIN = re.compile(rf"https?://{_LOOPBACK}", re.IGNORECASE)
OPEN_PATHS = frozenset({"/health"})
MOST_BODY_BYTES = 1_000_000
NO_CREDENTIAL = "Send the token: Authorization: Bearer AGENT_BRAIN_TOKEN (.env.agent-brain)."
OTHER_CREDENTIAL = "This server was started with another AGENT_BRAIN_TOKEN. Run: agent-brain restart"


class Guard:
    """Refuses a foreign Host or Origin (a web page that rebinds its name), a wrong token and an oversized body."""

    def __init__(self, app: ASGIApp, token: str, activity: Activity, metrics: Metrics) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._activity = activity
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
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
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not HOST.fullmatch(hosts[0]):
            return 403, "host_refused", "This server answers to 127.0.0.1 and localhost only."
        if not all(map(ORIGIN.fullmatch, headers.getlist("origin"))):
            return 403, "origin_refused", "This server does not answer other sites' pages."
        if scope["path"] not in OPEN_PATHS and not self._authorised(headers):
            return 401, "unauthorized", OTHER_CREDENTIAL if headers.get("authorization") else NO_CREDENTIAL
        length = headers.get("content-length", "0")
        # An honest length has few digits; Python refuses to read thousands of them.
        if not length.isascii() or not length.isdigit() or len(length) > 18 or int(length) > MOST_BODY_BYTES:
            return 413, "too_large", f"A request's body is at most {MOST_BODY_BYTES} bytes."
        if "transfer-encoding" in headers:
            return 411, "length_required", "Send the body with a Content-Length."
        return None

    def _authorised(self, headers: Headers) -> bool:
        return hmac.compare_digest(headers.get("authorization", "").encode("utf-8", "replace"), self._expected)
