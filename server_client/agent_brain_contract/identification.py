"""Asks what listens at an address who it is, with bounds: it may be anybody's, and answer for ever."""

from __future__ import annotations

import io
import json
import socket
import time
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import urlsplit

LONGEST_ANSWER = 16_384
_PIECE = 4_096


def identify(url: str, challenge: str, seconds: float) -> dict[str, Any] | None:
    """Return what `GET /health` answers to the challenge; None where there is no such answer within the seconds.

    The time counts for all of it, and no more than LONGEST_ANSWER bytes are read. No token is sent.
    """
    try:
        address = urlsplit(url)
        host, port = str(address.hostname), address.port or 80
        answer = _exchange(host, port, f"/health?challenge={challenge}", time.monotonic() + seconds)
        found = json.loads(_body(answer))
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _exchange(host: str, port: int, path: str, deadline: float) -> bytes:
    shown = f"[{host}]" if ":" in host else host
    lines = (f"GET {path} HTTP/1.1", f"Host: {shown}:{port}", "Connection: close", "", "")
    received = bytearray()
    with socket.create_connection((host, port), _left(deadline)) as connection:
        connection.sendall("\r\n".join(lines).encode("ascii"))
        while len(received) <= LONGEST_ANSWER:
            connection.settimeout(_left(deadline))
            piece = connection.recv(_PIECE)
            if not piece:
                return bytes(received)
            received += piece
    raise ValueError("the answer is too long")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _body(answer: bytes) -> bytes:
    response = HTTPResponse(cast(socket.socket, _Received(answer)))
    response.begin()
    return response.read()


class _Received:
    """What was received, as `http.client` reads a connection."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: object) -> io.BytesIO:
        """Return it as a file."""
        return io.BytesIO(self._content)
