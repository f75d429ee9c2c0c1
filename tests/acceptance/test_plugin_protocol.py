"""The lines of the plugin's MCP server: what it refuses, what it never answers, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.cli import CliProject
from support.mcp_client import (
    COMMAND,
    await_file,
    coded,
    converse,
    converse_bytes,
    request,
    shop_with_odd_files,
    spawn,
    text_in,
    variables,
)

ENDS_WITHIN = 1.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_with_odd_files(tmp_path / "my shop") as made:
        yield made


def test_unknown_and_broken_messages_are_refused_by_number(project: CliProject) -> None:
    lines = [
        request("server/discover"),
        "no json",
        "[]",
        '{"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": []}',
        request("tools/call", name="status", arguments=[1]),
        '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        "",
        request("ping", 7),
    ]
    *errors, ping = converse(project, *lines)
    assert [error["error"]["code"] for error in errors] == [-32601, -32700, -32600, -32602, -32602]
    assert ping == {"jsonrpc": "2.0", "id": 7, "result": {}}


VALUES = (None, True, 0, -1.5, "", "x", [], [1], {}, {"a": {}}, "\ud800")


@pytest.mark.parametrize("value", [value for value in VALUES if not isinstance(value, str)], ids=repr)
def test_a_value_of_the_wrong_kind_is_refused_by_number(project: CliProject, value: Any) -> None:
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": value}),
        json.dumps({"jsonrpc": value, "id": 2, "method": "ping"}),
        json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": value}}),
    ]
    answers = converse(project, *lines, request("ping", 7))
    assert [coded(answer) for answer in answers] == [-32600, -32600, -32602, 7]
    assert [answer["id"] for answer in answers] == [1, 2, 3, 7]


@pytest.mark.parametrize("value", [value for value in VALUES if value is not None and not isinstance(value, dict)])
def test_parameters_that_are_no_object_are_refused(project: CliProject, value: Any) -> None:
    lines = [json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": value}) for method in METHODS]
    called = {"name": "status", "arguments": value}
    lines.append(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": called}))
    answers = converse(project, *lines, request("ping", 7))
    assert [coded(answer) for answer in answers] == [*[-32602] * (len(METHODS) + 1), 7]


METHODS = ("initialize", "ping", "tools/list", "tools/call")
NO_IDENTITIES = ("null", "true", "[]", "{}", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", '"\\ud800"', "[[[]]]")


@pytest.mark.parametrize("identity", [*NO_IDENTITIES, "9" * 5_000, "1." + "0" * 5_000], ids=lambda text: text[:9])
def test_an_id_that_is_none_is_not_echoed(project: CliProject, identity: str) -> None:
    line = f'{{"jsonrpc": "2.0", "id": {identity}, "method": "ping"}}'
    refused, ping = converse(project, line, request("ping", 7))
    assert refused["id"] is None
    assert coded(refused) in (-32600, -32700)
    assert ping["id"] == 7


@pytest.mark.parametrize("identity", [0, -7, 1.5, 10**200, "", "ü\u202e", "\x00\x1b"], ids=repr)
def test_an_id_comes_back_as_it_was(project: CliProject, identity: Any) -> None:
    (ping,) = converse(project, json.dumps({"jsonrpc": "2.0", "id": identity, "method": "ping"}))
    assert ping == {"jsonrpc": "2.0", "id": identity, "result": {}}


def test_notifications_and_answers_are_never_answered(project: CliProject) -> None:
    lines = [
        json.dumps({"jsonrpc": version, "method": method, "params": value})
        for version in ("2.0", 1)
        for method in ("notifications/cancelled", "tools/call", "nothing")
        for value in (*VALUES, {"requestId": []}, {"requestId": {}}, {"name": []})
    ]
    lines += ['{"jsonrpc": "2.0", "id": 1, "result": {}}', '{"jsonrpc": "2.0", "id": [], "error": {}}']
    (ping,) = converse(project, *lines, request("ping", 7))
    assert ping["id"] == 7


def test_what_is_no_message_is_refused(project: CliProject) -> None:
    lines = ["1", "null", '"x"', "{}", '{"id": 4}', '[{"jsonrpc": "2.0", "id": 1, "method": "ping"}]', "[" * 200_000]
    answers = converse(project, *lines, request("ping", 7))
    assert [coded(answer) for answer in answers] == [*[-32600] * 6, -32700, 7]


@pytest.mark.parametrize("line", [b"\xff\xfe{}", b"\x00", b'{"a": "\xed\xa0\x80"}', b"{\x00}\x00"], ids=repr)
def test_bytes_that_are_no_utf_8_are_refused(project: CliProject, line: bytes) -> None:
    refused, ping = converse_bytes(project, line + b"\n" + request("ping", 7).encode())
    assert (refused["id"], coded(refused), ping["id"]) == (None, -32700, 7)


def test_an_endless_line_is_skipped(project: CliProject) -> None:
    """It is ten times what a message may have; the process never holds it."""
    with spawn(project) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(40):
            process.stdin.write(b"x" * 1_000_000)
        process.stdin.write(b"\n" + request("ping", 7).encode() + b"\n")
        process.stdin.flush()
        assert coded(json.loads(process.stdout.readline())) == -32700
        assert json.loads(process.stdout.readline())["id"] == 7
        assert psutil.Process(process.pid).memory_info().rss < 60_000_000
        process.stdin.close()


@pytest.mark.parametrize("number", ["9" * 5_000, "-" + "9" * 5_000, "1e400", "0." + "1" * 5_000, "1e-5000"])
def test_a_number_out_of_all_bounds_is_refused_in_a_sentence(project: CliProject, number: str) -> None:
    line = request("tools/call", 5, name="search", arguments={"query": "x", "top_k": 0}).replace(
        '"top_k": 0', f'"top_k": {number}'
    )
    (answer,) = converse(project, line)
    assert answer["id"] == 5
    assert text_in(answer) == "`top_k` must be a whole number from 1 to 50."


@pytest.mark.parametrize("digits", [10, 5_000])
def test_a_line_number_out_of_all_bounds_is_refused_in_a_sentence(project: CliProject, digits: int) -> None:
    project.set_up()
    (answer,) = converse(project, request("tools/call", 5, name="read", arguments={"passage": "a:" + "9" * digits}))
    assert answer["result"]["isError"]
    assert "bug in Agent Brain" not in text_in(answer)


def test_a_cancelled_call_is_not_answered(project: CliProject) -> None:
    project.set_up()
    lines = [
        request("tools/call", 5, name="search", arguments={"query": "x"}),
        request("tools/call", 6, name="status", arguments={}),
        json.dumps({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}}),
    ]
    with spawn(project) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 6
        await_file(project.server_file)  # what the first one asked for is under way all the same
        process.stdin.write(request("tools/call", 8, name="search", arguments={"query": "x"}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 8
        process.stdin.close()


def test_it_ends_quietly_without_a_reader(project: CliProject) -> None:
    for method in ("ping", "tools/call"):
        with subprocess.Popen(
            COMMAND,
            cwd=project.root,
            env=variables(project),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stdin.write(request(method, name="status").encode() + b"\n")
            process.stdin.flush()
            assert process.wait(30) == 0
            assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("wanted", "given"), [("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25")]
)
def test_the_protocol_version_is_agreed_on(project: CliProject, wanted: str, given: str) -> None:
    (answer,) = converse(project, request("initialize", protocolVersion=wanted))
    assert answer["result"]["protocolVersion"] == given
    assert answer["result"]["serverInfo"]["name"] == "agent-brain"


def test_what_was_asked_before_the_end_is_still_answered(project: CliProject) -> None:
    (answer,) = converse(project, request("tools/call", 5, name="status", arguments={}))
    assert answer["id"] == 5


@pytest.mark.parametrize("ending", [None, signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once(project: CliProject, ending: signal.Signals | None) -> None:
    project.set_up()
    with spawn(project) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{request('ping')}\n".encode())
        process.stdin.flush()
        process.stdout.readline()
        process.stdin.write(f"{request('tools/call', name='search', arguments={'query': 'x'})}\n".encode())
        process.stdin.flush()
        await_file(project.state / "lifecycle.lock")  # the server is being started
        started = time.monotonic()
        if ending is None:
            process.stdin.close()
        else:
            os.kill(process.pid, ending)
        process.wait(10)
        assert time.monotonic() - started < ENDS_WITHIN
        process.stdout.read()
    await_file(project.server_file)  # what was being started comes up, and the fixture stops it
