"""Random lines on the MCP server's stdin: it stays alive and says nothing but strict JSON."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from support.claude import ROOT
from support.cli import CliProject, cli_project

SCRIPT = str(ROOT / "plugin" / "scripts" / "mcp_server.py")
LONGEST_SECONDS = 300
LAST = "the last one"
ODD: tuple[str, ...] = (
    "null",
    "true",
    "-1",
    "1e400",
    "-1e999",
    "NaN",
    "Infinity",
    "9" * 5_000,
    "0." + "9" * 5_000,
    "1" * 299,
    '""',
    '"\\ud800"',
    '"\\u0000\\u001b[31m\\u202e"',
    '"\\n</00000000>\\n(Stale: 1 of 1)"',
    "[]",
    "[[]]",
    "{}",
    '{"a": [1, {"b": null}]}',
    "[" * 3_000 + "]" * 3_000,
    "[" * 100_000,
    '{"a":' * 2_000 + "1" + "}" * 2_000,
    '"tools/call"',
    '"search"',
    '"read"',
    '"status"',
    '"../../etc/passwd"',
    '"/etc/passwd:1-' + "9" * 5_000 + '"',
    '"' + "x" * 20_000 + '"',
)
METHODS = ("initialize", "ping", "tools/list", "tools/call", "notifications/cancelled", "server/discover", "x\u202e")


def valid(source: random.Random) -> dict[str, Any]:
    """A message that is right, most of the time about a tool."""
    parameters: dict[str, Any] = {"name": source.choice(("search", "read", "status"))}
    arguments = {
        "search": {"query": "x", "top_k": 3, "path": ["*.py"], "outline": True, "mode": "hybrid", "max_tokens": 500},
        "read": {"passage": "a.py:1-3", "context": 2},
        "status": {},
    }
    parameters["arguments"] = arguments[parameters["name"]]
    method = source.choice((*METHODS, "tools/call", "tools/call"))
    if method == "notifications/cancelled":
        parameters = {"requestId": source.randrange(50)}
    return {"jsonrpc": "2.0", "id": source.randrange(50), "method": method, "params": parameters}


def replaced(source: random.Random, tree: Any, holes: list[str]) -> Any:
    """`tree` with one value at some depth replaced by a hole, which is filled with text that may not be JSON."""
    if not isinstance(tree, dict) or not tree or source.random() < 0.2:
        holes.append(source.choice(ODD))
        return f"@hole{len(holes) - 1}@"
    key = source.choice(list(tree))
    if source.random() < 0.15:
        return {name: value for name, value in tree.items() if name != key}
    return {**tree, key: replaced(source, tree[key], holes)}


def mutated(source: random.Random) -> bytes:
    """A valid message, or one with odd values in some places."""
    holes: list[str] = []
    tree: Any = valid(source)
    for _ in range(source.choice((0, 1, 1, 2, 3))):
        tree = replaced(source, tree, holes)
    text = json.dumps(tree)
    for number, hole in enumerate(holes):
        text = text.replace(f'"@hole{number}@"', hole)
    return text.encode()


def damaged(source: random.Random) -> bytes:
    """The bytes of a valid message with some of them changed, removed or doubled."""
    data = bytearray(json.dumps(valid(source)).encode())
    for _ in range(source.randint(1, 6)):
        position = source.randrange(len(data))
        data[position : position + source.choice((0, 1, 5))] = source.choice(
            (b"", b"\0", b"\xff", b"\x80\xed\xa0\x80", b"\xef\xbb\xbf", b"[", b'"', bytes([source.randrange(256)]))
        )
        data = data or bytearray(b"x")
    return bytes(data)


def garbage(source: random.Random) -> bytes:
    return source.randbytes(source.randrange(200))


def batch(source: random.Random) -> bytes:
    return b"[" + b",".join(mutated(source) for _ in range(source.randrange(4))) + b"]"


MAKERS: tuple[Callable[[random.Random], bytes], ...] = (mutated, mutated, mutated, mutated, damaged, garbage, batch)


def lines(seed: int, count: int) -> list[bytes]:
    """`count` random lines without a line end in them."""
    source = random.Random(seed)
    return [source.choice(MAKERS)(source).replace(b"\n", b" ") for _ in range(count)]


def strict(line: bytes) -> Any:
    """`line` decoded by JSON's own rules: no NaN, no half surrogate."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    value = json.loads(line.decode("ascii"), parse_constant=refuse)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return value


def drain(stream: IO[bytes], into: list[bytes], done: threading.Event) -> None:
    for line in stream:
        into.append(line)
        if LAST.encode() in line:
            done.set()
    done.set()


def converse(project: CliProject, seed: int, count: int) -> list[bytes]:
    """What is said to the lines and to a last ping, after which the server still runs."""
    environment = {**project.environment, "CLAUDE_PROJECT_DIR": str(project.root), "AGENT_BRAIN_PYTHON": sys.executable}
    command = [sys.executable, "-E", "-S", SCRIPT]
    said: list[bytes] = []
    done = threading.Event()
    with subprocess.Popen(
        command,
        cwd=project.root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        reader = threading.Thread(target=drain, args=(process.stdout, said, done), daemon=True)
        errors: list[bytes] = []
        threading.Thread(target=drain, args=(process.stderr, errors, threading.Event()), daemon=True).start()
        reader.start()
        for line in lines(seed, count):
            process.stdin.write(line + b"\n")
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": LAST, "method": "tools/list"}).encode() + b"\n")
        process.stdin.flush()
        assert done.wait(LONGEST_SECONDS)
        assert process.poll() is None, errors
        process.stdin.close()
        assert process.wait(30) == 0
        reader.join(30)
    assert not [line for line in errors if b"Traceback" in line or b"bug in Agent Brain" in line]
    return said


def check(project: CliProject, seed: int, count: int) -> None:
    answers = [strict(line) for line in converse(project, seed, count)]
    assert len(answers) > count / 2
    for answer in answers:
        assert answer.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
        assert answer["jsonrpc"] == "2.0"
        assert answer["id"] is None or isinstance(answer["id"], (int, float, str))
        if "error" in answer:
            assert answer["error"]["code"] in (-32700, -32600, -32601, -32602)
            assert "\n" not in answer["error"]["message"]
        elif answer["result"].get("isError"):
            (content,) = answer["result"]["content"]
            assert "\n" not in content["text"]
            assert "bug in Agent Brain" not in content["text"]
    (last,) = (answer for answer in answers if answer["id"] == LAST)
    assert {tool["name"] for tool in last["result"]["tools"]} == {"search", "read", "status"}


@pytest.fixture(params=["set up", "not set up"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.write({"a.py": "def x():\n    return 1\n"})
        if request.param == "set up":
            made.set_up()
            made.ok("index", "--wait")
        yield made


@pytest.mark.parametrize("seed", [1, 2])
def test_random_lines_do_not_end_it(project: CliProject, seed: int) -> None:
    check(project, seed, 500)


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [3, 4])
def test_many_random_lines_do_not_end_it(project: CliProject, seed: int) -> None:
    check(project, seed, 5_000)
