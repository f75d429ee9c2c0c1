"""A client of the plugin's MCP server: the official one, and one that writes and reads its lines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.claude import ROOT
from support.cli import RETRY_SOURCE, CliProject, cli_project

if TYPE_CHECKING:
    from mcp import ClientSession

SCRIPT = str(ROOT / "plugin" / "scripts" / "mcp_server.py")
COMMAND = [sys.executable, "-E", "-S", SCRIPT]
FENCED = re.compile(r"^<([0-9a-f]{8})>\n(.*?)\n</\1>$", re.DOTALL | re.MULTILINE)


@contextmanager
def shop_with_odd_files(root: Path) -> Iterator[CliProject]:
    """A project that is not set up, with names, ignored files and secrets that a tool must mind."""
    with cli_project(root) as made:
        made.write(
            {
                "shop/retry.py": RETRY_SOURCE,
                "we[i]rd *name?.py": "def odd():\n    return 'odd'\n",
                "ignored.py": "hidden = 1\n",
                ".gitignore": "ignored.py\n",
                ".env": "API_KEY=verysecret\n",
            }
        )
        yield made


def variables(project: CliProject, **more: str) -> dict[str, str]:
    """What Claude Code gives the script."""
    own = {
        "AGENT_BRAIN_PYTHON": sys.executable,
        "CLAUDE_PROJECT_DIR": str(project.root),
        "CLAUDE_PLUGIN_DATA": str(project.root.parent / "data"),
    }
    return {**project.environment, **own, **more}


@asynccontextmanager
async def session(project: CliProject, **more: str) -> AsyncIterator[ClientSession]:
    """The official client on a server of its own; `more` are environment variables."""
    from mcp import ClientSession, StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=variables(project, **more))
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as opened:
        await opened.initialize()
        yield opened


async def call(opened: ClientSession, tool: str, **arguments: Any) -> str:
    """The text of an answer that is no error."""
    result = await opened.call_tool(tool, arguments)
    assert not result.is_error, result
    return text_of(result)


async def refusal(opened: ClientSession, tool: str, **arguments: Any) -> str:
    """The one sentence of an error."""
    result = await opened.call_tool(tool, arguments)
    assert result.is_error, result
    return text_of(result)


def text_of(result: Any) -> str:
    """The text of what the official client received."""
    (content,) = result.content
    return str(content.text)


def fenced(answer: str) -> list[str]:
    """The texts of the repository in an answer, in order."""
    return [match[2] for match in FENCED.finditer(answer)]


def own_lines(answer: str) -> list[str]:
    """The lines that are not the repository's."""
    return FENCED.sub("", answer).splitlines()


def spawn(project: CliProject) -> subprocess.Popen[bytes]:
    """The server with its pipes open."""
    return subprocess.Popen(
        COMMAND, cwd=project.root, env=variables(project), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def converse(project: CliProject, *lines: str) -> list[Any]:
    """What is answered to `lines`; every line of it is JSON."""
    return converse_bytes(project, "".join(f"{line}\n" for line in lines).encode())


def converse_bytes(project: CliProject, written: bytes) -> list[Any]:
    """The same for bytes that need not be lines."""
    with spawn(project) as process:
        output, _ = process.communicate(written, timeout=60)
    assert process.returncode == 0
    return [json.loads(line, parse_constant=pytest.fail) for line in output.splitlines()]


def request(method: str, identity: int = 1, **parameters: Any) -> str:
    """A line that wants an answer."""
    return json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters})


def coded(answer: Any) -> Any:
    """The number of an error, or the id of any other answer."""
    return answer["error"]["code"] if "error" in answer else answer["id"]


def text_in(answer: Any) -> str:
    """The text of a line that answers a call."""
    (content,) = answer["result"]["content"]
    return str(content["text"])


def search_once(command: Sequence[str], directory: Path, environment: Mapping[str, str], query: str) -> str:
    """What a server that is started by `command` in `directory` answers to its first search."""
    lines = [
        request("initialize", 1, protocolVersion="2025-06-18"),
        request("tools/call", 2, name="search", arguments={"query": query}),
    ]
    with subprocess.Popen(
        command, cwd=directory, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("".join(f"{line}\n" for line in lines))
        server.stdin.flush()
        said = [json.loads(server.stdout.readline()) for _ in lines]
        server.stdin.close()
    return text_in(said[-1])


def await_file(path: Path) -> None:
    """Return as soon as the file is there."""
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
