"""Who listens at an address is asked within bounds of time and size."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from agent_brain_contract.identification import LONGEST_ANSWER, identify

Answer = Callable[[socket.socket], None]


@contextmanager
def listening(answer: Answer) -> Iterator[str]:
    """A server that answers one request like this; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(60)
        assert not thread.is_alive()


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100 * LONGEST_ANSWER // 1000):
        connection.sendall(b" " * 1000)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.1)


def drip_a_head(connection: socket.socket) -> None:
    for _ in range(200):
        connection.sendall(b"H")
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [flood, drip, drip_a_head])
def test_an_endless_answer_is_none(answer: Answer) -> None:
    started = time.monotonic()
    with listening(answer) as url:
        assert identify(url, "0" * 32, 1.0) is None
        assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    "text", [b"", b"no HTTP", b"HTTP/1.1 200 OK\r\n\r\n[1]", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{"]
)
def test_what_is_no_answer_is_none(text: bytes) -> None:
    with listening(lambda connection: connection.sendall(text)) as url:
        assert identify(url, "0" * 32, 10.0) is None


@pytest.mark.parametrize(
    "text",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"pid":1}',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"pid":1}\r\n0\r\n\r\n',
    ],
)
def test_an_answer_is_read(text: bytes) -> None:
    with listening(lambda connection: connection.sendall(text)) as url:
        assert identify(url, "0" * 32, 10.0) == {"pid": 1}


def test_no_server_there_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert identify(f"http://127.0.0.1:{port}", "0" * 32, 10.0) is None
    assert identify("http://127.0.0.1:99999", "0" * 32, 10.0) is None
