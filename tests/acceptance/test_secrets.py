"""Every kind of secret in a project: nothing of it in what the command and the agent's tools say, nor on disk."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.brain import write_files
from support.claude import ROOT
from support.cli import CliProject, cli_project
from support.secret_kinds import Maker, secret_kinds, shown

if TYPE_CHECKING:
    from mcp import ClientSession

SCRIPT = str(ROOT / "plugin" / "scripts" / "mcp_server.py")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("secrets") / "shop") as made:
        write_files(made.root, {kind.path: kind.content for kind in secret_kinds()})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def test_the_commands_show_no_secret(project: CliProject) -> None:
    answers = [
        project.ok("index", "--report"),
        project.ok("index", "--report", "--json"),
        project.ok("status"),
        project.ok("jobs", "1"),
        project.ok("search", "password token key", "--top-k", "200"),
        project.ok("search", "keeps_stripe", "--json", "--explain"),
        project.ok("graph", "definitions", "keeps_stripe"),
        project.ok("index", "--wait", "--force"),
        *(path.read_text("utf-8") for path in (project.state / "logs").glob("*")),
    ]
    assert shown(answers) == []


def test_the_report_has_one_line_a_file_and_the_totals(project: CliProject) -> None:
    lines = project.ok("index", "--report").splitlines()
    assert "secret by its name     stores/0/.env" in lines
    assert "secret by its content  framed/putty.txt  PuTTY private key" in lines
    assert "masked                 tokens/stripe.py  Stripe key x1" in lines
    assert lines[-1].startswith("left out: ")
    assert " · masked: " in lines[-1]
    (line,) = [line for line in project.ok("status").splitlines() if line.startswith("not indexed ")]
    assert line.endswith("See: agent-brain index --report")
    report = project.json("index", "--report")
    assert len(report["entries"]) == len(lines) - 1
    assert project.json("status")["report"]["totals"] == report["totals"]


def test_a_report_goes_with_nothing_else(project: CliProject) -> None:
    done = project.run("index", "--report", "--wait")
    assert done.returncode == 2
    assert "index --report takes no" in done.stderr


def test_the_report_writes_out_control_characters_and_hides_tokens_in_names(
    project: CliProject, tmp_path: Path
) -> None:
    token = "gh" + "p_" + Maker(4242)(36)
    with cli_project(tmp_path / "odd") as odd:
        odd.write({"a\x1b[31m.pem": "x", f"{token}.py": "x = 1", "a.py": "def found_here():\n    return 1\n"})
        odd.set_up()
        odd.ok("index", "--wait")
        text = odd.ok("index", "--report") + json.dumps(odd.json("index", "--report"))
        assert "\x1b" not in text
        assert token not in text
        assert "gh" + "p_MASKED_GITHUB_TOKEN.py" in text
        assert token not in odd.ok("search", "found_here", "--json")


async def test_the_tools_of_an_agent_show_no_secret(project: CliProject) -> None:
    answers = []
    async with _session(project) as opened:
        for kind in secret_kinds():
            result = await opened.call_tool("read", {"passage": kind.path, "context": 100, "max_tokens": 20_000})
            answers.append(_text(result))
        found = await opened.call_tool("search", {"query": "keeps_stripe", "max_tokens": 20_000, "top_k": 50})
        answers.append(_text(found))
        lines = await opened.call_tool("read", {"passage": "tokens/stripe.py:10", "context": 0})
    assert shown(answers) == []
    head, opened, line, closed = _text(lines).split("\n")
    assert (head, line) == ("tokens/stripe.py:10-10 (of 10 lines)", '    return "sk_live_MASKED_STRIPE_KEY"')
    assert closed == opened.replace("<", "</")


def test_no_byte_of_a_secret_is_on_disk(project: CliProject) -> None:
    project.ok("status")
    files = [path for path in project.state.rglob("*") if path.is_file()]
    assert {"index.db", "config.yaml"} <= {path.name for path in files}
    assert shown(path.read_bytes().decode("latin-1") for path in files) == []


@asynccontextmanager
async def _session(project: CliProject) -> AsyncIterator[ClientSession]:
    """The plugin's MCP server as a client opens it."""
    own = {"AGENT_BRAIN_PYTHON": sys.executable, "CLAUDE_PROJECT_DIR": str(project.root)}
    environment = {**project.environment, **own, "CLAUDE_PLUGIN_DATA": str(project.root.parent / "data")}
    from mcp import ClientSession, StdioServerParameters, stdio_client

    parameters = StdioServerParameters(command=sys.executable, args=["-E", "-S", SCRIPT], env=environment)
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as opened:
        await opened.initialize()
        yield opened


def _text(result: Any) -> str:
    return "\n".join(str(part.text) for part in result.content)
