"""`agent-brain storage`: an index moves to another backend and back, as a user does it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_brain_contract.envfile import read_env
from agent_brain_server.settings.postgres import PostgresConfig
from support.cli import COMMAND, RETRY_SOURCE, CliProject, cli_project, free_port
from support.consent import accept_changes
from support.corpus import source_files
from support.postgres import DatabaseServer

QUESTIONS = ("next_delay", "how long to wait before a request is sent again", "marble quartz orchard")
TABLES = ("vectors", "files", "chunks", "symbols", "symbol_references", "folders", "jobs")
BACK = "sqlite:///.claude/agent-brain/back.db"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    """Indexed in its file, with vectors; its server is stopped."""
    with cli_project(tmp_path / "mein Läden é 店") as made:
        made.ok("setup", "--yes", "--port", str(free_port()), "--no-watch")
        made.write({"src/retry.py": RETRY_SOURCE, "src/same.py": RETRY_SOURCE, **dict(source_files(40))})
        made.ok("index", "--wait")
        made.ok("stop")
        yield made


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    """Indexed, its server stopped; for tests that leave it so."""
    with cli_project(tmp_path_factory.mktemp("unchanged") / "project") as made:
        made.set_up()
        made.write({"a.py": RETRY_SOURCE})
        made.ok("index", "--wait")
        made.ok("stop")
        yield made


def use(project: CliProject, url: str) -> None:
    """Name the storage in the settings, as docs/storage.md says."""
    project.ok("stop")
    file = project.root / ".env.agent-brain"
    lines = [line for line in file.read_text("utf-8").splitlines() if "AGENT_BRAIN_STORAGE_URL" not in line]
    file.write_text("\n".join([*lines, f"AGENT_BRAIN_STORAGE_URL={url}", ""]), "utf-8")
    accept_changes(project.root)


def answers(project: CliProject) -> list[Any]:
    project.ok("search", QUESTIONS[0])  # starts the server if need be
    server = json.loads(project.server_file.read_text("utf-8"))
    token = read_env(project.root / ".env.agent-brain")["AGENT_BRAIN_TOKEN"]
    found = []
    with httpx.Client(base_url=server["url"], headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        for question, mode in product(QUESTIONS, ("bm25", "vector", "hybrid")):
            answer = http.post("/query", json={"query": question, "mode": mode, "top_k": 10}).raise_for_status().json()
            found.append({(passage["path"], passage["start_line"]) for passage in answer["results"]})
    return found


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    columns = {"vectors": "text_hash, vector"}
    with closing(sqlite3.connect(path)) as connection:
        found = {
            name: connection.execute(f"SELECT {columns.get(name, '*')} FROM {name} ORDER BY 1").fetchall()
            for name in TABLES
        }
        counters = "SELECT embedding_name, tokenizer_version, embedded_texts, generation, next_row FROM meta"
        return found | {"meta": connection.execute(counters).fetchall()}


def count(url: str, table: str) -> int:
    config = PostgresConfig.from_url(url)
    return int(DatabaseServer(config).psql(f"SELECT count(*) FROM agent_brain.{table}")[0][0])


def test_to_postgres_and_back(project: CliProject, postgres_url: str) -> None:
    project.ok("start")
    before = answers(project)
    other = {"AGENT_BRAIN_COPY_URL": postgres_url}
    done = project.ok("storage", "copy", **other)  # the server goes on meanwhile
    assert done.startswith("Copied sqlite ")
    assert re.search(r"^  chunks +\d+ rows$", done, re.MULTILINE)
    assert "hold the same index" in project.ok("storage", "verify", **other)
    use(project, postgres_url)
    assert answers(project) == before
    assert project.json("index", "--wait")["progress"]["texts_embedded"] == 0
    assert project.json("status")["index"]["embedded_texts"] > 0
    project.ok("stop")
    back = project.json("storage", "copy", "--to", BACK)
    assert back["rows"]["chunks"] == count(postgres_url, "chunks")
    assert back["resumed"] == 0
    verdict = project.json("storage", "verify", "--to", BACK)
    assert verdict["equal"]
    assert set(verdict["tables"]) == {*TABLES, "project"}
    for name in ("vectors", "chunks"):
        assert rows(project.state / "back.db")[name] == rows(project.state / "index.db")[name]
    use(project, BACK)
    assert answers(project) == before


def test_there_and_back_is_row_for_row_the_first_file(project: CliProject, postgres_url: str) -> None:
    for source, target in (("current", postgres_url), (postgres_url, BACK)):
        project.ok("storage", "copy", "--from", source, "--to", target)
    assert rows(project.state / "back.db") == rows(project.state / "index.db")


def test_a_dry_run_says_what_would_be_copied_and_writes_nothing(project: CliProject, postgres_url: str) -> None:
    before = {path: path.read_bytes() for path in project.state.rglob("*") if path.is_file()}
    for target in (postgres_url, BACK):
        output = project.ok("storage", "copy", "--to", target, "--dry-run")
        assert "Nothing was written." in output
        assert re.search(r"^  vectors +[\d,]+ rows +[\d,]+ bytes$", output, re.MULTILINE)
    assert {path: path.read_bytes() for path in project.state.rglob("*") if path.is_file()} == before
    server = DatabaseServer(PostgresConfig.from_url(postgres_url))
    assert server.psql("SELECT 1 FROM pg_namespace WHERE nspname = 'agent_brain'") == []
    assert server.psql("SELECT 1 FROM pg_extension WHERE extname = 'vector'") == []


def test_a_file_that_may_be_served_is_no_target(project: CliProject, postgres_url: str) -> None:
    project.ok("storage", "copy", "--to", postgres_url)
    project.ok("start")
    for flags in ((), ("--dry-run",)):
        refused = project.run("storage", "copy", "--from", postgres_url, "--to", BACK, *flags)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "agent-brain stop" in refused.stderr
    assert not (project.state / "back.db").exists()


@pytest.mark.parametrize(
    ("number", "code", "said"), [(signal.SIGKILL, -9, ""), (signal.SIGINT, 130, "Interrupted. To continue")]
)
def test_an_interrupted_copy_is_resumed_and_not_served_before(
    project: CliProject, postgres_url: str, number: signal.Signals, code: int, said: str
) -> None:
    use(project, postgres_url)
    ended, output = _interrupted_copy(project, postgres_url, number)
    assert ended == code
    assert said in output
    assert "Traceback" not in output
    refused = project.run("start")
    assert refused.returncode == 3
    assert "was not finished" in refused.stderr
    assert "storage copy --resume" in refused.stderr
    again = project.run("storage", "copy", "--from", "sqlite:///.claude/agent-brain/index.db", "--to", "current")
    assert again.returncode == 1
    assert "--resume" in again.stderr
    done = project.json("storage", "copy", "--from", "sqlite:///.claude/agent-brain/index.db", "--resume")
    assert 0 < done["resumed"] < sum(done["rows"].values())
    assert project.json("storage", "verify", "--from", "sqlite:///.claude/agent-brain/index.db")["equal"]
    project.ok("start")


def _interrupted_copy(project: CliProject, url: str, number: signal.Signals) -> tuple[int, str]:
    """A trigger holds the copy up, so that it is surely in the middle; its exit code and what it said."""
    server = DatabaseServer(PostgresConfig.from_url(url))
    project.ok("start")  # makes the tables
    project.ok("stop")
    body = "$$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$"
    server.psql(f"CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS {body}")
    server.psql("CREATE TRIGGER wait BEFORE INSERT ON agent_brain.chunks EXECUTE FUNCTION public.wait()")
    waiting = "FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    with project.popen("storage", "copy", "--from", "sqlite:///.claude/agent-brain/index.db") as copying:
        deadline = time.monotonic() + 30
        while not server.psql(f"SELECT pid {waiting}"):
            assert copying.poll() is None, copying.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        copying.send_signal(number)
        _, output = copying.communicate(timeout=30)
    server.psql(f"SELECT pg_terminate_backend(pid) {waiting}")
    server.psql("DROP TRIGGER wait ON agent_brain.chunks")
    return copying.returncode, output


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["copy"], 2, "AGENT_BRAIN_COPY_URL"),
        (["copy", "--to", "memory://"], 2, "between sqlite:/// and postgresql://"),
        (["copy", "--to", "postgresql://me:verysecret@127.0.0.1:1/x"], 1, "127.0.0.1:1/x does not answer"),
        (["copy", "--to", "postgresql://me:very/secret@127.0.0.1/x"], 2, "%40"),
        (["copy", "--to", "sqlite:///.claude/agent-brain/index.db"], 1, "name two places"),
        (["copy", "--to", "current"], 2, "AGENT_BRAIN_COPY_URL"),
        (["copy", "--from", "sqlite:///nowhere.db"], 1, "There is no index at"),
        (["copy", "--to", BACK, "--queries", "x"], 2, "storage verify"),
        (["verify", "--to", BACK, "--resume"], 2, "storage copy"),
        (["verify", "--to", BACK], 1, "There is no index at"),
        (["verify", "--to", BACK, "--queries", "missing.txt"], 2, "cannot be read"),
        (["copy", "--to", BACK, "--resume", "--start-over"], 2, "use either --resume or --start-over"),
        (["move"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    unchanged: CliProject, arguments: list[str], code: int, sentence: str
) -> None:
    done = unchanged.run("storage", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_a_project_that_is_not_set_up(tmp_path: Path) -> None:
    with cli_project(tmp_path / "project") as project:
        done = project.run("storage", "copy", "--to", BACK)
        assert done.returncode == 2
        assert "agent-brain setup" in done.stderr
        assert not project.state.exists()


def test_differences_are_found(project: CliProject) -> None:
    project.ok("storage", "copy", "--to", BACK)
    (project.root / "asked.txt").write_text("next delay\n\nmarble quartz\n", "utf-8")
    equal = project.json("storage", "verify", "--to", BACK, "--queries", "asked.txt")
    assert equal["equal"]
    assert equal["questions"] == {"bm25": 2, "vector": 2}
    with closing(sqlite3.connect(project.state / "back.db")) as connection, connection:
        connection.execute("UPDATE chunks SET text = text || ' ' WHERE row = 3")
        connection.execute("DELETE FROM jobs")
    done = project.run("storage", "verify", "--to", BACK)
    assert done.returncode == 1
    assert " differ." in done.stdout
    assert done.stderr == "agent-brain: The tables differ: chunks, jobs.\n"


def test_a_bar_is_shown_where_a_person_watches(project: CliProject) -> None:
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    process = subprocess.Popen(
        [COMMAND, "storage", "copy", "--to", BACK],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    shown = b""
    try:
        while part := os.read(leader, 65_536):
            shown += part
    except OSError:  # that is how a terminal ends
        pass
    os.close(leader)
    answer, _ = process.communicate(timeout=60)
    assert re.search(rb"\d%\|.* rows", shown)
    assert answer.startswith(b"Copied ")
    assert json.loads(project.ok("storage", "verify", "--to", BACK, "--json"))["equal"]
