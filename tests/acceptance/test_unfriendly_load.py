"""The real server among connections that say nothing, half of something, or too much: its owner is answered."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from support import flood
from support.brain import HEADERS, TOKEN, ServerProcess, configure, write_files

SILENT = 1_500
STRANGER = 65_534
OWNER_SECONDS = 10.0
CLOSED_WITHIN_SECONDS = 45.0
ROOM = ("prlimit", "--nofile=1024:20000")
NO_ROOM = ("prlimit", "--nofile=128:128")
HEAD = f"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    configure(tmp_path, embedding={"provider": "none"})
    write_files(tmp_path, {"retry.py": "def retry():\n    pass\n"})
    return tmp_path


def port_of(server: ServerProcess) -> int:
    port = server.http.base_url.port
    assert port
    return port


@contextmanager
def flooded(server: ServerProcess, count: int, *more: str) -> Iterator[None]:
    """`count` silent connections, made by another user where the tests may do that."""
    command = [sys.executable, flood.__file__, str(port_of(server)), str(count), str(STRANGER), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        try:
            assert stranger.stdout.readline() == b"open\n"
            yield
        finally:
            stranger.kill()


def connect(server: ServerProcess, *parts: bytes) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port_of(server)), timeout=CLOSED_WITHIN_SECONDS)
    for part in parts:
        made.sendall(part)
    return made


def read_to_the_end(made: socket.socket) -> bytes:
    """What the server says until it closes the connection."""
    said = b""
    with made, suppress(ConnectionError):
        while data := made.recv(65_536):
            said += data
    return said


def ask(server: ServerProcess) -> float:
    """A search on a connection of its own; how long it took."""
    begun = time.monotonic()
    with httpx.Client(base_url=server.http.base_url, headers=HEADERS, timeout=OWNER_SECONDS, trust_env=False) as owner:
        answer = owner.post("/query", json={"query": "retry", "mode": "bm25"})
    assert answer.status_code == 200, answer.text
    return time.monotonic() - begun


def descriptors(server: ServerProcess) -> int:
    return psutil.Process(server.process.pid).num_fds()


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("again",)], ids=["silent", "made-again"])
@pytest.mark.parametrize("prefix", [ROOM, NO_ROOM], ids=["room", "no-room"])
def test_silent_connections_do_not_keep_out_the_owner(
    root: Path, prefix: tuple[str, ...], more: tuple[str, ...]
) -> None:
    if shutil.which("prlimit") is None:
        pytest.skip("prlimit, of util-linux, is not installed")
    with ServerProcess(root, prefix=prefix) as server:
        server.index()
        with flooded(server, SILENT, *more):
            slowest = max(ask(server) for _ in range(20))
        print(f"\nthe owner's slowest of 20 searches with {SILENT} silent connections: {slowest * 1e3:.0f} ms")
        assert ask(server) < OWNER_SECONDS
        log = (root / ".claude" / "agent-brain" / "test.log").read_text("utf-8", "replace")
    assert log.count("no connection can be accepted") <= 2
    assert "Traceback" not in log


@pytest.mark.slow
def test_what_does_not_come_whole_is_closed(root: Path) -> None:
    """All at once, since each of them takes its time."""
    body = b"Content-Length: 500000\r\n\r\n" + b"x" * 1000
    with ServerProcess(root) as server:
        server.index()
        before = descriptors(server)
        halves = {
            "silent": connect(server),
            "half a head": connect(server, HEAD.encode()),
            "half a body": connect(server, HEAD.encode(), body),
            "a continued body": connect(server, HEAD.encode(), b"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"),
            "a body at /health": connect(
                server, b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx"
            ),
        }
        assert ask(server) < OWNER_SECONDS
        said = {name: read_to_the_end(made) for name, made in halves.items()}
        assert said["silent"] == b""
        assert said["half a head"].startswith(b"HTTP/1.1 408 ")
        assert b'"code": "request_timeout"' in said["half a head"]
        assert said["half a body"].startswith(b"HTTP/1.1 408 ")
        assert b" 408 " in said["a continued body"]
        assert said["a body at /health"].startswith(b"HTTP/1.1 200 ")
        assert ask(server) < OWNER_SECONDS
        assert descriptors(server) <= before + 1
        assert "Traceback" not in (root / ".claude" / "agent-brain" / "test.log").read_text("utf-8", "replace")


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"", HEAD.encode() + b"Content-Length: 100000\r\n\r\n"], ids=["head", "body"])
def test_a_byte_a_second_is_not_a_request(root: Path, head: bytes) -> None:
    with ServerProcess(root) as server:
        slow = connect(server, head)
        deadline = time.monotonic() + CLOSED_WITHIN_SECONDS
        closed = False
        while not closed:
            assert time.monotonic() < deadline
            time.sleep(0.5)
            try:
                slow.sendall(b"G")
            except ConnectionError:
                closed = True
        slow.close()
        assert ask(server) < OWNER_SECONDS


@pytest.mark.slow
def test_an_answer_without_a_reader_is_given_up(root: Path) -> None:
    with ServerProcess(root) as server:
        before = descriptors(server)
        greedy = connect(server)
        greedy.setblocking(False)
        request = (
            b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + HEADERS["Authorization"].encode()
        )
        with suppress(BlockingIOError):
            for _ in range(20_000):
                greedy.sendall(request + b"\r\n\r\n")
        deadline = time.monotonic() + CLOSED_WITHIN_SECONDS
        while descriptors(server) > before and time.monotonic() < deadline:
            time.sleep(0.2)
        assert descriptors(server) <= before
        greedy.close()
        assert ask(server) < OWNER_SECONDS


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n", b" 411 "),
        (HEAD.encode() + b"Content-Length: 1000000000000\r\n\r\n", b" 413 "),
        (b"POST /query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000000\r\n\r\n", b" 401 "),
    ],
    ids=["chunked", "too-large", "stranger"],
)
def test_a_body_without_end_is_cut(root: Path, head: bytes, status: bytes) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with ServerProcess(root) as server:
        endless = connect(server, head)
        sent = 0
        with suppress(OSError):
            while sent < 400_000_000:
                endless.sendall(chunk)
                sent += len(chunk)
        assert sent < 100_000_000
        with suppress(OSError):
            assert status in endless.recv(1000)
        endless.close()
        assert ask(server) < OWNER_SECONDS


def test_requests_in_a_row_are_each_answered(root: Path) -> None:
    with ServerProcess(root) as server:
        request = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        last = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        said = read_to_the_end(connect(server, request * 200 + last))
        assert said.count(b"HTTP/1.1 200 ") == 201


def test_what_is_no_http_is_a_problem_and_no_flood_of_the_log(root: Path) -> None:
    with ServerProcess(root) as server:
        for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET /\x1b[31m HTTP/9\r\n\r\n"):
            for _ in range(200):
                said = read_to_the_end(connect(server, garbage))
                assert said.startswith(b"HTTP/1.1 400 ")
        assert b"application/problem+json" in said
        log = (root / ".claude" / "agent-brain" / "test.log").read_bytes()
        assert log.count(b"\n") < 100
        assert b"\x1b" not in log


def test_a_busy_server_is_not_left_for_a_silent_one(root: Path) -> None:
    """A hundred that ask, on connections which they keep, next to those that say nothing."""
    failed: list[BaseException] = []

    def work(server: ServerProcess) -> None:
        try:
            with httpx.Client(base_url=server.http.base_url, headers=HEADERS, timeout=60, trust_env=False) as owner:
                for _ in range(3):
                    assert owner.get("/health").status_code == 200
        except BaseException as error:
            failed.append(error)

    with ServerProcess(root) as server, flooded(server, 300):
        threads = [threading.Thread(target=work, args=[server]) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed


def test_the_limit_on_descriptors_is_raised(root: Path) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ServerProcess(root, prefix=("prlimit", "--nofile=256:")) as server:
        soft, _ = psutil.Process(server.process.pid).rlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
