"""Indexing and asking from a terminal, a pipe and a script."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project

ESCAPES = "\x1b[31mred\x1b]0;title\x07 \x9b2J \u202eover\u202c"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """One project with one server for this module; tests that change the index bring it back."""
    with cli_project(tmp_path_factory.mktemp("search") / "mein Läden é 店") as made:
        made.write(
            {
                "shop/retry.py": RETRY_SOURCE,
                "docs/guide ü.md": "# Retries\n\nA failed request is sent again after a delay.\n",
                "evil.py": f"def escape_sequences():\n    return '{ESCAPES}'\n",
                "many.py": "\n".join(f"def handler_{number}(event):\n    return event\n\n" for number in range(150)),
            }
        )
        made.set_up()
        made.ok("index", "--wait")
        yield made


def in_terminal(project: CliProject, *arguments: str, **more: str) -> str:
    """What the command prints on a terminal, stdout and stderr alike."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, *arguments],
        cwd=project.root,
        env={**project.environment, **more},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    written = b""
    try:
        while chunk := os.read(parent, 65_536):
            written += chunk
    except OSError:  # the terminal's other side is closed: all was read
        pass
    os.close(parent)
    assert process.wait(30) == 0, written
    return written.decode()


def test_a_listing_has_place_symbol_score_and_text(project: CliProject) -> None:
    done = project.run("search", "next", "delay")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()[:2]
    assert first.split()[:3] == ["1", "shop/retry.py:1-3", "next_delay"]
    assert float(first.split()[3]) > 0
    assert second == "    def next_delay(attempt: int) -> float:"
    assert "passage" in done.stderr


def test_an_explained_answer_names_the_strategy_of_each_retriever(project: CliProject) -> None:
    done = project.run("search", "next delay", "--mode", "bm25", "--explain")
    assert done.stdout.splitlines()[-1] == "found: bm25 by fts5"
    assert "found:" not in project.run("search", "next delay").stdout


def test_json_is_the_body_of_the_answer(project: CliProject) -> None:
    answer = project.json("search", "retry delay", "--mode", "bm25", "--top-k", "3", "--explain")
    server = json.loads(project.server_file.read_text())
    token = (project.root / ".env.agent-brain").read_text().partition("AGENT_BRAIN_TOKEN=")[2].split()[0]
    body = httpx.post(
        f"{server['url']}/query",
        json={"query": "retry delay", "mode": "bm25", "top_k": 3, "explain": True},
        headers={"Authorization": f"Bearer {token}"},
    ).json()
    assert set(answer) == set(body) == {"results", "mode", "took_ms", "truncated", "plan"}
    assert answer["plan"] == body["plan"] == {"bm25": "fts5"}
    assert answer["results"] == body["results"]
    assert "explain" in answer["results"][0]


def test_filters_reach_the_server(project: CliProject) -> None:
    def paths(*flags: str) -> set[str]:
        return {result["path"] for result in project.json("search", "delay retries request", *flags)["results"]}

    assert paths("--path", "*.md") == {"docs/guide ü.md"}
    assert paths("--path", "shop/", "--path", "docs/") == {"shop/retry.py", "docs/guide ü.md"}
    assert paths("--path", "!docs/", "--path", "!*.py") == set()
    assert paths("--language", "markdown") == {"docs/guide ü.md"}
    assert paths("--kind", "function") == {"shop/retry.py"}
    assert paths("--symbol", "next_delay") == {"shop/retry.py"}


def test_options_may_be_anywhere(project: CliProject) -> None:
    answers = [
        project.json("search", "next", "--top-k", "1", "delay"),
        project.json("--project", str(project.root), "search", "--top-k=1", "next delay"),
        json.loads(project.ok("--json", "search", "next delay", "--top-k", "1")),
    ]
    assert [answer["results"][0]["symbol"] for answer in answers] == ["next_delay"] * 3


def test_a_question_may_begin_with_a_dash(project: CliProject) -> None:
    assert project.run("search", "--", "--next-delay").returncode == 0


def test_max_tokens_is_passed_on(project: CliProject) -> None:
    assert project.json("search", "handler event", "--max-tokens", "20", "--top-k", "50")["truncated"]
    assert "--max-tokens" in project.run("search", "handler event", "--max-tokens", "20", "--top-k", "50").stderr


def test_nothing_found_is_an_answer(project: CliProject) -> None:
    done = project.run("search", "xylophone", "--mode", "bm25")
    assert (done.returncode, done.stdout) == (0, "No passages found.\n")
    assert project.json("search", "xylophone", "--mode", "bm25")["results"] == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--mode", "semantic"), "semantic"),
        (("--top-k", "0"), "--top-k"),
        (("--top-k", "many"), "--top-k"),
        (("--surprise",), "--surprise"),
    ],
)
def test_what_is_refused_is_refused_in_one_sentence(project: CliProject, arguments: tuple[str, ...], word: str) -> None:
    done = project.run("search", "x", *arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith("agent-brain: ")
    assert done.stderr.count("\n") == 1
    assert word in done.stderr


@pytest.mark.parametrize(
    "query", ["\udcff\udcfe", "a\x1b[31mb", "名前 ü", "x" * 5000], ids=["bytes", "esc", "cjk", "long"]
)
def test_any_question_gets_an_answer(project: CliProject, query: str) -> None:
    assert project.run("search", query).returncode == 0


def test_control_characters_of_a_file_do_not_reach_the_terminal(project: CliProject) -> None:
    for arguments in ((), ("--json",)):
        shown = in_terminal(project, "search", "escape_sequences", "--top-k", "1", *arguments, NO_COLOR="1")
        assert "title" in shown
        assert not any(character in shown for character in "\x1b\x07\x9b\u202e\u202c")
    text = project.json("search", "escape_sequences", "--top-k", "1")["results"][0]["text"]
    assert ESCAPES in text


def test_colour_is_for_terminals_and_can_be_turned_off(project: CliProject) -> None:
    assert "\x1b[" in in_terminal(project, "search", "next delay")
    assert "\x1b[" not in in_terminal(project, "search", "next delay", NO_COLOR="1")
    assert "\x1b[" not in in_terminal(project, "search", "next delay", TERM="dumb")
    assert "\x1b[" not in project.ok("search", "next delay")


def test_progress_is_a_bar_on_a_terminal_alone(project: CliProject) -> None:
    assert "Indexed" in in_terminal(project, "index", "--wait", "--force")
    done = project.run("index", "--wait", "--force")
    assert done.returncode == 0
    assert "\x1b" not in done.stderr


def test_a_reader_that_leaves_is_no_failure(project: CliProject) -> None:
    for arguments in (("search", "handler event", "--top-k", "150"), ("search", "handler", "--top-k", "150", "--json")):
        reader, writer = os.pipe()
        os.close(reader)
        process = project.popen(*arguments, stdout=writer)
        os.close(writer)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 141
        assert "Traceback" not in errors
        assert "BrokenPipe" not in errors


def test_a_terminal_without_unicode_is_no_failure(project: CliProject) -> None:
    done = project.run("search", "failed request is sent again", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert done.returncode == 0
    assert "guide \\xfc.md" in done.stdout


def test_ctrl_c_while_waiting_leaves_the_job_running(project: CliProject) -> None:
    project.write({f"bulk/m{number}.py": f"def bulk_{number}():\n    return {number}\n" * 60 for number in range(1500)})
    process = project.popen("index", "--wait", "--force")
    while not any(job["force"] and job["state"] == "running" for job in project.json("jobs")["jobs"]):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "agent-brain jobs --watch" in errors
    job = next(job for job in project.json("jobs")["jobs"] if job["force"])
    assert job["state"] in ("running", "done"), job  # on a busy machine it may have ended before it was looked at
    project.run("jobs", "--cancel", str(job["id"]))
    shutil.rmtree(project.root / "bulk")
    project.ok("index", "--wait")


def test_jobs_are_listed_shown_and_watched(project: CliProject) -> None:
    job = project.json("index", "shop", "--wait")
    assert (job["state"], job["paths"]) == ("done", ["shop"])
    assert f"job {job['id']} · done" in project.ok("jobs", str(job["id"]))
    assert job["id"] in [listed["id"] for listed in project.json("jobs")["jobs"]]
    assert project.json("jobs", "--watch", str(job["id"]))["state"] == "done"
    for arguments in (("99999",), ("--cancel", "99999"), ("--watch", "99999")):
        done = project.run("jobs", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith("agent-brain: ")
    assert project.run("jobs", "1", "--watch", "1").returncode == 2


def test_paths_are_taken_from_where_the_command_is_run(project: CliProject) -> None:
    here = subprocess.run(
        [COMMAND, "index", "retry.py", "--wait", "--json"],
        cwd=project.root / "shop",
        env=project.environment,
        capture_output=True,
        text=True,
    )
    assert here.returncode == 0, here.stderr
    assert json.loads(here.stdout)["paths"] == ["shop/retry.py"]


def test_a_path_outside_of_all_folders_is_refused(project: CliProject, tmp_path: Path) -> None:
    done = project.run("index", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("agent-brain: ")
    assert str(tmp_path) in done.stderr


def test_folders_are_added_and_removed(project: CliProject, tmp_path: Path) -> None:
    (tmp_path / "extra.py").write_text("def quokka(): pass\n")
    added = project.json("folders", "add", str(tmp_path))
    project.ok("jobs", "--watch", str(added["job"]["id"]))
    assert [result["symbol"] for result in project.json("search", "quokka", "--mode", "bm25")["results"]] == ["quokka"]
    assert str(tmp_path) in project.ok("folders")
    removed = project.json("folders", "remove", str(tmp_path))
    assert removed["files"] == 1
    assert project.json("search", "quokka", "--mode", "bm25")["results"] == []
    assert project.run("folders", "add").returncode == 2
    assert project.run("folders", "list", "--exclude", "x").returncode == 2


def test_reset_asks_and_empties(project: CliProject) -> None:
    refused = project.run("reset")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert project.json("reset", "--yes")["files"] >= 4
    empty = project.run("search", "next delay", "--mode", "bm25")
    assert empty.stdout == "No passages found.\n"
    assert "agent-brain index --wait" in empty.stderr
    project.ok("index", "--wait")
    assert project.json("search", "next delay")["results"]


def test_the_server_is_started_when_it_is_needed(project: CliProject) -> None:
    project.ok("stop")
    done = project.run("search", "next delay")
    assert done.returncode == 0
    assert "Started the server" in done.stderr
    assert "next_delay" in done.stdout


def test_another_token_than_the_servers_is_refused_with_the_way_on(project: CliProject) -> None:
    done = project.run("search", "x", AGENT_BRAIN_TOKEN="wrong")
    assert done.returncode == 3
    assert "was started with another token than the project has now. Run: agent-brain restart" in done.stderr


def test_help_names_every_command_and_exit_code(project: CliProject) -> None:
    text = project.ok("--help")
    for word in (
        "setup",
        "start",
        "stop",
        "status",
        "index",
        "search",
        "jobs",
        "folders",
        "reset",
        "doctor",
        "version",
    ):
        assert f"\n  {word} " in text
        assert "usage: agent-brain" in project.ok(word, "--help")
    for code in ("0", "1", "2", "3", "130", "141"):
        assert f"\n  {code} " in text


def test_wrong_commands_are_named(project: CliProject) -> None:
    done = project.run("serch", "x")
    assert done.returncode == 2
    assert "search" in done.stderr
    assert project.run().returncode == 2
    assert "Traceback" in project.run("status", "--debug", "--project", "/nonexistent").stderr


def test_version(project: CliProject) -> None:
    answer = project.json("version")
    assert answer["version"] == answer["server"]
    assert answer["version"] in project.ok("version")


@pytest.mark.parametrize("flags", [(), ("--exclude", "*.md")])
def test_the_whole_machine_is_not_added_unless_it_is_meant(project: CliProject, flags: tuple[str, ...]) -> None:
    home = project.environment["HOME"]
    for path in ("/", home, f"{home}/..", str(Path(home).parent)):
        done = project.run("folders", "add", path, *flags)
        assert done.returncode == 2
        assert "holds your home directory" in done.stderr
    assert [folder["path"] for folder in project.json("folders")["folders"]] == ["."]
    assert "holds your home directory" in project.run("setup", "--yes", "--folders", f".,{home}").stderr
    done = project.run("folders", "add", home, *flags)
    project.follow(done.stderr.strip().rpartition("confirm it: ")[2])
    assert home in [folder["path"] for folder in project.json("folders")["folders"]]
    project.ok("folders", "remove", home)
