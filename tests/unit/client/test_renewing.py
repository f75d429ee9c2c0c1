"""A server that ends between two requests of one command is started again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from agent_brain_client.client import AgentBrainClient
from agent_brain_client.errors import ServerUnreachableError
from agent_brain_client.wire import IndexRequest, QueryRequest
from support.answering import answering, as_json
from support.cli import free_port


@contextmanager
def hanging_up() -> Iterator[str]:
    """The address of a program that takes a connection and closes it, once."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(65_536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_request_that_no_server_took_is_sent_to_the_next_one() -> None:
    with answering(lambda _: as_json({"id": 1})) as url:
        client = AgentBrainClient(f"http://127.0.0.1:{free_port()}", "t", renew=lambda: url)
        assert client.index(IndexRequest()) == {"id": 1}
        assert client.url == url


def test_a_question_that_was_cut_off_is_asked_again() -> None:
    with answering(lambda _: as_json({"results": []})) as url, hanging_up() as gone:
        client = AgentBrainClient(gone, "t", renew=lambda: url)
        assert client.query(QueryRequest(query="x")) == {"results": []}


def test_what_may_have_been_done_is_not_done_twice() -> None:
    def renew() -> str:
        raise AssertionError

    with hanging_up() as gone, pytest.raises(ServerUnreachableError):
        AgentBrainClient(gone, "t", renew=renew).reset()


def test_it_is_tried_once() -> None:
    renewals: list[str] = []

    def renew() -> str:
        renewals.append("x")
        return f"http://127.0.0.1:{free_port()}"

    with pytest.raises(ServerUnreachableError):
        AgentBrainClient(f"http://127.0.0.1:{free_port()}", "t", renew=renew).status()
    assert len(renewals) == 1
