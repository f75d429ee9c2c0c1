"""The tools of the plugin's MCP server, as the official client uses them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.cli import RETRY_SOURCE, CliProject
from support.mcp_client import (
    call,
    fenced,
    refusal,
    session,
    shop_with_odd_files,
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with shop_with_odd_files(tmp_path / "my shop") as made:
        yield made


async def test_not_set_up_is_said_and_survived(project: CliProject) -> None:
    async with session(project) as opened:
        tools = (await opened.list_tools()).tools
        assert {tool.name for tool in tools} == {"search", "read", "status"}
        assert "/agent-brain:setup" in await refusal(opened, "search", query="retries")
        assert "/agent-brain:setup" in await refusal(opened, "read", passage="shop/retry.py")
        assert "/agent-brain:setup" in await call(opened, "status")
    assert not (project.root / ".claude").exists()


async def test_a_search_starts_the_server_and_cites_its_answer(project: CliProject) -> None:
    project.set_up("--watch")
    async with session(project) as opened:
        assert "does not run" in await call(opened, "status")
        assert not project.server_file.exists()
        answer = await call(opened, "search", query="how long to wait before a retry")
        assert answer.startswith("1. shop/retry.py:1-3 next_delay ")
        assert RETRY_SOURCE.rstrip() in answer
        status = await call(opened, "status")
        assert str(project.root) in status
        while "refreshing" in status or "jobs waiting" in status:  # the watcher's own first job
            await asyncio.sleep(0.1)
            status = await call(opened, "status")
        assert "up to date" in status


async def test_what_is_asked_for_is_honoured_or_refused(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    async with session(project) as opened:
        assert "odd *name" not in await call(opened, "search", query="delay odd", path=["shop/"], symbol=["next_delay"])
        assert (await call(opened, "search", query="odd", language=["ruby"])).startswith(
            "The index has no language ruby"
        )
        assert "2." not in await call(opened, "search", query="delay odd", top_k=1)
        assert "embedding" in await refusal(opened, "search", query="x", mode="vector")
        assert "`bogus`" in await refusal(opened, "search", query="x", bogus=1)
        assert "`top_k`" in await refusal(opened, "search", query="x", top_k=0)
        assert "`query`" in await refusal(opened, "search", query=" ")
        assert "`path`" in await refusal(opened, "search", query="x", path=[1])
        from mcp import MCPError

        with pytest.raises(MCPError, match="no tool"):
            await opened.call_tool("shell", {})


async def test_answers_keep_to_their_budget(project: CliProject) -> None:
    body = "".join(f"    total_{line} = compute_total({line})\n" for line in range(40))
    project.write({f"sums/part_{number}.py": f"def part_{number}():\n{body}" for number in range(20)})
    project.set_up()
    project.ok("index", "--wait")
    async with session(project) as opened:
        for budget in (100, 500, 2000):
            answer = await call(opened, "search", query="compute total", max_tokens=budget)
            assert answer.startswith("1. sums/part_")
            assert len(answer) <= budget * 4 + 100
        assert len(await call(opened, "search", query="compute total", top_k=50)) <= 2000 * 4 + 100
        cut = await call(opened, "read", passage="sums/part_3.py:2-3", context=1000, max_tokens=100)
        assert len(cut) <= 600
        assert "Go on: sums/part_3.py:" in cut


async def test_a_changed_file_is_shown_as_it_is_now(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    project.write({"shop/retry.py": "# moved\n" + RETRY_SOURCE})
    async with session(project) as opened:
        answer = await call(opened, "search", query="next delay", top_k=1)
        assert answer.startswith("1. shop/retry.py:1-4 ")
        assert "[stale" not in answer


async def test_the_graph_is_asked_in_words_and_an_outline_is_short(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    async with session(project) as opened:
        called = await call(opened, "search", query="where is next_delay defined", mode="graph")
        assert called.startswith("1. shop/retry.py:1-3 next_delay 1\n(defines next_delay)\n<")
        assert (
            await call(opened, "search", query="who calls no_such", mode="graph")
            == "No symbol no_such is in the index."
        )
        outlined = await call(opened, "search", query="next delay", top_k=1, outline=True)
        (text,) = fenced(outlined)
        assert (
            text == "def next_delay(attempt: int) -> float\n    Seconds to wait before a failed request is sent again."
        )


async def test_passages_of_large_changed_files_are_marked(project: CliProject) -> None:
    project.set_up()
    project.ok("index", "--wait")
    padding = "".join(f"padding_{line} = {line}\n" for line in range(25_000))
    project.write({"shop/retry.py": "# moved\n" + RETRY_SOURCE + padding})
    async with session(project) as opened:
        answer = await call(opened, "search", query="next delay", top_k=1)
        assert "[stale: changed since it was indexed]" in answer
        assert "Stale: 1 of 1" in answer


async def test_read_shows_files_of_the_index_and_no_others(project: CliProject, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("outside = 1\n")
    (project.root / "link.py").symlink_to(tmp_path / "outside.py")
    project.set_up()
    project.ok("index", "--wait")
    (passage,) = project.json("search", "next_delay", "--top-k", "1")["results"]
    async with session(project) as opened:
        line = await call(opened, "read", passage="shop/retry.py:3", context=0)
        assert line.startswith("shop/retry.py:3-3 (of 3 lines)\n<")
        assert fenced(line) == ["    return min(2.0**attempt, 60.0)"]
        assert RETRY_SOURCE.rstrip() in await call(opened, "read", passage="shop/retry.py:3", context=5)
        assert "def odd" in await call(opened, "read", passage="we[i]rd *name?.py")
        assert RETRY_SOURCE.rstrip() in await call(opened, "read", passage=passage["chunk_id"])
        for path in (".env", ".env.agent-brain", ".claude/agent-brain/config.yaml", "ignored.py", "link.py"):
            assert "verysecret" not in await refusal(opened, "read", passage=path)
        for path in ("../outside.py", str(tmp_path / "outside.py"), "/etc/passwd", "nothing.py", "shop", "\0"):
            await refusal(opened, "read", passage=path)
        assert "3 lines" in await refusal(opened, "read", passage="shop/retry.py:8-9")


async def test_its_own_port_being_taken_does_not_stop_a_search(project: CliProject) -> None:
    project.set_up()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(port_of(project))], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            async with session(project) as opened:
                await call(opened, "search", query="retry")
            assert project.json("status")["server"]["port"] != port_of(project)
        finally:
            holder.kill()


HOLDER = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


def port_of(project: CliProject) -> int:
    return int((project.root / ".env.agent-brain").read_text().partition("AGENT_BRAIN_PORT=")[2].split()[0])


async def test_ten_at_once_share_one_server(project: CliProject) -> None:
    project.set_up()

    async def one() -> str:
        async with session(project) as opened:
            return await call(opened, "search", query="next delay")

    answers = await asyncio.gather(*(one() for _ in range(10)))
    assert len(answers) == 10
    assert len(servers(project)) == 1


def servers(project: CliProject) -> list[list[str]]:
    """The command lines of the project's servers."""
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [command for command in commands if "agent_brain_server" in command and str(project.root) in command]


async def test_the_python_environment_missing_is_said(project: CliProject) -> None:
    project.set_up()
    async with session(project, AGENT_BRAIN_PYTHON="") as opened:
        assert "/agent-brain:setup" in await refusal(opened, "search", query="x")
