"""Requests that no client of ours makes, over the socket of the real server: each is refused, and it answers on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from support.brain import TOKEN, ServerProcess, configure, write_files

ROUTES = (
    ("POST", "/query"),
    ("POST", "/index"),
    ("POST", "/index/folders"),
    ("DELETE", "/index/folders?path=x"),
    ("GET", "/query/chunk/x"),
    ("GET", "/graph/callers?symbol=x"),
    ("GET", "/index/jobs"),
    ("GET", "/index/jobs/1"),
    ("DELETE", "/index/jobs/99"),
    ("GET", "/index/folders"),
    ("GET", "/health"),
    ("GET", "/health/status"),
    ("GET", "/health/postgres"),
    ("GET", "/metrics"),
)
DEEP = 100_000
BODIES = {
    "deep list": b"[" * DEEP + b"]" * DEEP,
    "deep object": b'{"query":' * DEEP + b"1" + b"}" * DEEP,
    "deep in a field": b'{"query":"x","filters":{"paths":' + b"[" * DEEP + b"]" * DEEP + b"}}",
    "unclosed": b"[" * DEEP,
    "huge integer": b'{"query":"x","top_k":' + b"9" * 5000 + b"}",
    "huge float": b'{"query":"x","top_k":1e999999}',
    "nan": b'{"query":"x","top_k":NaN,"max_tokens":Infinity}',
    "nul": b'{"query":"a\\u0000b","path":"a\\u0000b","paths":["a\\u0000b"]}',
    "nul byte": b'{"query":"a\0b"}',
    "lone surrogate": b'{"query":"\\ud800","path":"\\udfff","paths":["\\ud800"]}',
    "surrogate in a glob": b'{"query":"x","path":"x","include":["\\ud800"],"filters":{"paths":["\\ud800"]}}',
    "surrogate as a name": b'{"query":"x","\\ud800":1}',
    "duplicate keys": b'{"query":1,"query":"x","path":1,"path":"/nowhere"}',
    "invalid utf-8": b'{"query":"\xff\xfe"}',
    "utf-16": '{"query":"x"}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"query":"x"}',
    "empty": b"",
    "no json": b"query=x",
    "null": b"null",
    "string": b'"x"',
    "long name": b'{"' + b"q" * 900_000 + b'":1}',
    "long text": b'{"query":"' + b"x" * 900_000 + b'"}',
    "many globs": json.dumps({"query": "x", "filters": {"paths": ["[!a]" * 128] * 64}}).encode(),
    "hostile globs": json.dumps({"query": "step", "filters": {"paths": ["**/" * 20 + "x", "*a" * 200 + "b"]}}).encode(),
}
TARGETS = (
    "/index/jobs?cursor=" + "A" * 60,
    "/index/jobs?cursor=%00",
    "/index/jobs?cursor=%F0%28%8C",
    "/index/jobs?cursor=LTE=",
    "/index/jobs?cursor=MQ==&cursor=Mg==",
    "/index/jobs?limit=" + "9" * 5000,
    "/index/jobs?limit=1e3",
    "/index/jobs?limit=%EF%BC%91",
    "/index/jobs/" + "9" * 5000,
    "/index/jobs/9223372036854775808",
    "/index/jobs/-1",
    "/index/jobs/1%00",
    "/query/chunk/%00",
    "/query/chunk/" + "f" * 60,
    "/query/chunk/%ED%A0%80",
    "/graph/callers?symbol=%00",
    "/graph/callers?symbol=%ED%A0%80",
    "/graph/callers?symbol=x&depth=" + "9" * 5000,
    "/graph/%00?symbol=x",
    "/index/folders?path=%00",
    "/graph/impact?symbol=" + "a" * 40_000,
    "/graph/impact?" + "&".join(["symbol=a"] * 4000),
    "/" + "%2e%2e/" * 50,
    "//health",
    "/health?" + "?" * 10_000,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    root = tmp_path_factory.mktemp("odd")
    configure(root, embedding={"provider": "none"})
    write_files(root, {"a/" * 60 + "a" * 200 + ".py": "def step():\n    return 1\n"})
    with ServerProcess(root) as running:
        running.index()
        yield running


def status(server: ServerProcess, head: str, body: bytes = b"") -> int:
    """The answer's status, 0 where the connection is closed without one."""
    address = urlsplit(str(server.http.base_url))
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
        received = connection.makefile("rb").readline()
    return int(received.split()[1]) if received else 0


def head(method: str, target: str, *headers: str) -> str:
    lines = (f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {TOKEN}", "Connection: close")
    return "\r\n".join((*lines, *headers))


def is_well(server: ServerProcess) -> bool:
    return server.http.post("/query", json={"query": "step"}).json()["results"][0]["symbol"] == "step"


@pytest.mark.parametrize("name", BODIES)
def test_no_body_is_a_5xx_on_any_route(server: ServerProcess, name: str) -> None:
    body = BODIES[name]
    for method, target in ROUTES:
        for kind in ("application/json", "text/plain", "application/json; charset=utf-16", "multipart/form-data"):
            asked = head(method, target, f"Content-Type: {kind}", f"Content-Length: {len(body)}")
            answered = status(server, asked, body)
            allowed = {404, 503} if target == "/health/postgres" else set()
            assert answered in allowed or 200 <= answered < 500, (method, target, kind, answered)
    assert is_well(server)


@pytest.mark.parametrize("target", TARGETS, ids=[target[:40] for target in TARGETS])
def test_no_target_is_a_5xx(server: ServerProcess, target: str) -> None:
    for method in ("GET", "DELETE", "HEAD", "PUT", "OPTIONS"):
        if (method, target[:7]) != ("DELETE", "/index?"):
            answered = status(server, head(method, target))
            assert answered == 0 or 200 <= answered < 500, (method, answered)
    assert is_well(server)


@pytest.mark.parametrize(
    "header",
    [
        "Content-Length: " + "9" * 5000,
        "Content-Length: 99999999999999999999",
        "Content-Length: -1",
        "Content-Length: +5",
        "Content-Length: \u00b2",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 2000000",
        "Transfer-Encoding: chunked",
        "Host: evil.example",
        "Host: [",
        "Origin: http://[",
        "Origin: null",
        "Authorization: \xff\xfe",
        "X: " + "y" * 50_000,
        "Expect: 100-continue",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x",
        "Accept-Encoding: " + "gzip," * 5000,
    ],
    ids=lambda header: header[:30],
)
def test_no_header_is_a_5xx(server: ServerProcess, header: str) -> None:
    for method in ("POST", "GET"):
        answered = status(server, head(method, "/query", header), b'{"query":"x"}')
        assert answered == 0 or 100 <= answered < 500, (method, answered)
    assert is_well(server)


def test_methods_of_a_client_s_own_are_counted_as_one(server: ServerProcess) -> None:
    for method in ("BREW", "PROPFIND", "LOCK"):
        assert status(server, head(method, "/query")) < 500
    counted = server.http.get("/metrics").text
    assert "PROPFIND" not in counted
    assert "LOCK" not in counted
