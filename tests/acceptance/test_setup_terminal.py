"""`agent-brain setup` as a person answers it: keys into a real pseudo-terminal."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.cli import RETRY_SOURCE, CliProject, cli_project, free_port
from support.terminal import BACK, COLOUR, DOWN, END, ENTER, LEAVE, UP, Terminal, path_without_docker, terminal

STORAGE = "Where should the index live?"
URL_ASKED = "The database's URL?"
PGADMIN = "pgAdmin too?"
EMBEDDINGS = "Embeddings?"
ENDPOINT = "Which endpoint?"
ADDRESS = "The endpoint's address?"
MODEL = "Its model?"
KEY = "Its key?"
FRESH = "Keep the index fresh by?"
MORE = "Anything else?"
FOLDERS = "Which folders?"
PORT = "The server's port?"
IDLE = "idle minutes?"
GO = "Go ahead?"
CLEAR = "\x15"  # Ctrl-U: the line that is being typed goes
URL = "postgresql://me:hidden-word@db.example:5432/shop"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CliProject]:
    with cli_project(tmp_path / "shop") as made:
        made.environment["PATH"] = path_without_docker(tmp_path / "bin")
        made.environment["XDG_STATE_HOME"] = str(tmp_path / "state")
        made.write({"src/retry.py": RETRY_SOURCE})
        yield made


def config(project: CliProject) -> dict[str, object]:
    tree = yaml.safe_load((project.state / "config.yaml").read_text())
    assert isinstance(tree, dict)
    return tree


def secrets_of(project: CliProject) -> str:
    path = project.root / ".env.agent-brain"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


def drafts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state" / "agent-brain" / "drafts").glob("*"))


def untouched(project: CliProject) -> bool:
    return sorted(path.name for path in project.root.iterdir()) == [".git", "src"]


def take_defaults(screen: Terminal, *questions: str) -> None:
    for question in questions:
        screen.answer(question, ENTER)


def test_from_nothing_to_the_first_answer(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--port", str(free_port())) as screen:
        screen.see("git, 1 file: 1 Python; 139 B to index")
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.see("Will write")
        screen.answer(GO, ENTER)
        for line in ("✔ Files written", "is healthy on 127.0.0.1:", "✔ Indexed 2 files"):
            screen.see(line)
        screen.answer("Ask it something:", "how long to wait before a retry", ENTER)
        screen.see("src/retry.py:1-3")
        screen.see("Next:")
        assert screen.end() == 0
    assert project.json("status")["index"]["files"] == 2
    assert config(project)["embedding"] == {"provider": "built-in"}
    assert drafts(tmp_path) == []


def test_a_second_time_the_saved_answers_are_the_defaults(project: CliProject) -> None:
    project.ok("setup", "--yes", "--embedding", "none", "--no-watch", "--idle-stop-minutes", "7")
    before = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH)
        screen.answer(MORE, DOWN, ENTER)
        take_defaults(screen, FOLDERS, PORT, IDLE)
        screen.see("Nothing to change.")
        assert screen.end() == 0
    assert {path: path.stat().st_mtime_ns for path in project.root.rglob("*")} == before


def test_a_container_with_pgadmin(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.see("Docker is not installed")
        screen.answer("by URL", DOWN, ENTER)
        screen.answer(PGADMIN, DOWN, ENTER)
        take_defaults(screen, EMBEDDINGS, FRESH, MORE, GO)
        assert screen.end() == 0
    services = yaml.safe_load((project.state / "docker-compose.yml").read_text())["services"]
    assert set(services) == {"postgres", "pgadmin"}
    passwords = [line.partition("=")[2] for line in secrets_of(project).splitlines() if "_PASSWORD=" in line]
    assert len(passwords) == 3  # the role, the superuser, pgAdmin
    for password in passwords:
        assert password not in screen.raw
        assert password not in (project.state / "docker-compose.yml").read_text()
    assert project.ok("setup", "--yes") == "Nothing to change.\n"


def test_an_existing_database_by_its_url(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, "mysql://me:hidden-word@db/x", ENTER)
        screen.see("is not of the form")
        screen.press(CLEAR, URL, ENTER)
        take_defaults(screen, EMBEDDINGS, FRESH, MORE)
        assert b"hidden-word" not in Path(f"/proc/{screen.child.pid}/cmdline").read_bytes()
        assert "hidden-word" not in "".join(path.read_text() for path in drafts(tmp_path))
        screen.answer(GO, DOWN, ENTER)
        screen.see("AGENT_BRAIN_STORAGE_URL=…")
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "hidden-word" not in screen.raw
    assert f"AGENT_BRAIN_STORAGE_URL={URL}\n" in secrets_of(project)
    assert "storage" not in config(project)


def test_an_endpoint_of_a_known_program(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, "j", "k", DOWN, ENTER)
        take_defaults(screen, MODEL, KEY, FRESH, MORE, GO)
        assert screen.end() == 0
    endpoint = {"provider": "openai-compatible", "base_url": "http://127.0.0.1:11434/v1", "model": "nomic-embed-text"}
    assert config(project)["embedding"] == endpoint


def test_an_endpoint_of_another_kind_with_a_key(project: CliProject, tmp_path: Path) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, DOWN, DOWN, DOWN, ENTER)
        screen.answer(ADDRESS, "vllm:8000", ENTER)
        screen.see("is not an http:// or https:// address")
        screen.press(CLEAR, "http://vllm:8000/v1", ENTER)
        screen.answer(MODEL, ENTER)
        screen.see("An endpoint needs one.")
        screen.press("bge-m3", ENTER)
        screen.answer(KEY, "key word", ENTER)
        screen.see("has spaces")
        screen.press(CLEAR, "sk-hidden-word", ENTER)
        take_defaults(screen, FRESH, MORE)
        assert "hidden-word" not in "".join(path.read_text() for path in drafts(tmp_path))
        screen.answer(GO, DOWN, ENTER)
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "hidden-word" not in screen.raw
    assert "AGENT_BRAIN_EMBEDDING_API_KEY=sk-hidden-word\n" in secrets_of(project)
    embedding = {"provider": "openai-compatible", "base_url": "http://vllm:8000/v1", "model": "bge-m3"}
    assert config(project)["embedding"] == embedding


def test_everything_else_and_what_is_wrong_there(project: CliProject) -> None:
    port = str(free_port())
    with terminal(project, "setup", "--no-index") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, UP, UP, ENTER)  # None: above the first entry is the way back, above that the last
        screen.answer(FRESH, DOWN, ENTER)
        screen.answer(MORE, DOWN, ENTER)
        screen.answer(FOLDERS, CLEAR, "srcs", ENTER)
        screen.see("is not a directory")
        screen.press(CLEAR, "src", ENTER)
        screen.answer(PORT, CLEAR, "99999", ENTER)
        screen.see("is not a port")
        screen.press(CLEAR, port, ENTER)
        screen.answer(IDLE, CLEAR, "-1", ENTER)
        screen.see("is not a number of minutes")
        screen.press(CLEAR, "2.5", ENTER)
        take_defaults(screen, GO)
        assert screen.end() == 0
    assert config(project) == {
        "storage": {"url": "sqlite:///.claude/agent-brain/index.db"},
        "embedding": {"provider": "none"},
        "index": {"watch": False, "folders": ["src"]},
        "idle_stop_minutes": 2.5,
    }
    assert f"AGENT_BRAIN_PORT={port}\n" in secrets_of(project)


def test_the_way_back_by_key_and_by_menu(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index") as screen:
        screen.answer(STORAGE, UP, ENTER)
        screen.answer(URL_ASKED, BACK)
        screen.answer(STORAGE, BACK, UP, UP, ENTER)  # there is nothing before the first question
        take_defaults(screen, EMBEDDINGS)
        screen.answer(FRESH, UP, ENTER)
        screen.answer(EMBEDDINGS, DOWN, ENTER)
        screen.answer(ENDPOINT, ENTER)
        screen.answer(MODEL, BACK)
        screen.answer(ENDPOINT, BACK)
        screen.answer(EMBEDDINGS, DOWN, ENTER)  # the last answer is where the menu stands
        take_defaults(screen, FRESH, MORE)
        screen.answer(GO, BACK)
        take_defaults(screen, MORE, GO)
        assert screen.end() == 0
    assert config(project)["embedding"] == {"provider": "none"}
    assert "url" in str(config(project)["storage"])


def test_no_leaves_everything_as_it_is(project: CliProject) -> None:
    with terminal(project, "setup") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE)
        screen.answer(GO, DOWN, DOWN, ENTER)
        screen.see("Nothing was written.")
        assert screen.end() == 0
    assert untouched(project)


# A way through the questions that passes every kind of prompt; each is left once.
WAY = (
    (STORAGE, (DOWN, ENTER)),
    (PGADMIN, (ENTER,)),
    (EMBEDDINGS, (DOWN, ENTER)),
    (ENDPOINT, (DOWN, DOWN, DOWN, ENTER)),
    (ADDRESS, ("http://h/v1", ENTER)),
    (MODEL, ("m", ENTER)),
    (KEY, ("sk-1", ENTER)),
    (FRESH, (ENTER,)),
    (MORE, (DOWN, ENTER)),
    (FOLDERS, (ENTER,)),
    (PORT, (ENTER,)),
    (IDLE, (ENTER,)),
    (GO, ()),
)


@pytest.mark.parametrize("stop", range(len(WAY)), ids=[question for question, _ in WAY])
def test_leaving_at_any_question_writes_nothing_and_keeps_the_answers(
    project: CliProject, tmp_path: Path, stop: int
) -> None:
    with terminal(project, "setup") as screen:
        for question, keys in WAY[:stop]:
            screen.answer(question, *keys)
        screen.answer(WAY[stop][0], LEAVE)
        screen.see("Nothing was written.")
        assert screen.end() == 130
    assert untouched(project)
    kept = [json.loads(path.read_text()) for path in drafts(tmp_path)]
    assert len(kept) == min(stop, 1)
    assert "sk-1" not in str(kept)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in drafts(tmp_path))


def test_the_answers_of_a_setup_that_was_left_are_offered_again(project: CliProject) -> None:
    with terminal(project, "setup") as screen:
        take_defaults(screen, STORAGE)
        screen.answer(EMBEDDINGS, UP, UP, ENTER)
        screen.answer(FRESH, LEAVE)
        assert screen.end() == 130
    with terminal(project, "setup", "--no-index") as screen:
        screen.see("The answers of the last time")
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE, GO)
        assert screen.end() == 0
    assert config(project)["embedding"] == {"provider": "none"}


def test_forty_columns_are_enough(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", columns=40) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH)
        screen.answer(MORE, DOWN, ENTER)
        screen.answer(FOLDERS, ENTER)
        screen.answer(PORT, ENTER)
        screen.answer("idle", ENTER)
        screen.answer(GO, ENTER)
        assert screen.end() == 0
    assert "nothing to install" not in screen.text
    assert config(project)["embedding"] == {"provider": "built-in"}


def test_no_color_is_heeded(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", NO_COLOR="1") as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, FRESH, MORE, GO)
        assert screen.end() == 0
    assert not COLOUR.search(screen.raw)
    with terminal(project, "setup") as screen:
        screen.answer(STORAGE, LEAVE)
        assert screen.end() == 130
    assert COLOUR.search(screen.raw)


def test_a_terminal_that_only_prints_lines(project: CliProject) -> None:
    with terminal(project, "setup", "--no-index", TERM="dumb") as screen:
        screen.answer("1-3 [1]: ", "4\n")
        screen.see("4 is not a number from 1 to 3.")
        screen.answer("1-3 [1]: ", "3\n")
        screen.see(URL_ASKED)
        screen.answer("\n: ", URL + "\n")
        screen.see(EMBEDDINGS)
        screen.answer("1-3 [1]: ", "<\n")
        screen.see(URL_ASKED)
        screen.answer("\n: ", "<\n")
        screen.answer("1-3 [3]: ", "1\n")
        screen.answer("1-3 [1]: ", "3\n")
        screen.see(FRESH)
        screen.answer("1-2 [1]: ", "\n")
        screen.answer("1-2 [1]: ", "2\n")
        screen.answer("[.]: ", "nowhere\n")
        screen.see("is not a directory")
        screen.answer("[.]: ", "src\n")
        screen.answer(": ", "\n")
        screen.answer("[30]: ", "\n")
        screen.answer("1-3 [1]: ", "2\n")
        screen.see("+++ b/.claude/agent-brain/config.yaml")
        screen.answer("1-3 [1]: ", "1\n")
        assert screen.end() == 0
    assert "\x1b" not in screen.raw
    assert "hidden-word" not in screen.raw
    assert config(project)["embedding"] == {"provider": "none"}


@pytest.mark.parametrize("key", [LEAVE, END])
def test_a_plain_terminal_can_be_left_too(project: CliProject, key: str) -> None:
    with terminal(project, "setup", TERM="dumb") as screen:
        screen.answer("1-3 [1]: ", key)
        screen.see("Nothing was written.")
        assert screen.end() == 130
    assert untouched(project)


def test_what_a_flag_or_a_variable_answers_is_not_asked(project: CliProject) -> None:
    flags = ("--storage", "embedded", "--embedding-preset", "lmstudio", "--no-index")
    with terminal(project, "setup", *flags, AGENT_BRAIN_INDEX_WATCH="false") as screen:
        take_defaults(screen, MODEL, KEY, MORE, GO)
        assert screen.end() == 0
    assert STORAGE not in screen.text
    assert EMBEDDINGS not in screen.text
    assert FRESH not in screen.text
    assert config(project)["index"] == {"watch": False}


def test_a_port_that_is_taken_is_asked_for_again(project: CliProject) -> None:
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = str(holder.getsockname()[1])
        with terminal(project, "setup", "--no-index", "--embedding", "none") as screen:
            take_defaults(screen, STORAGE, FRESH)
            screen.answer(MORE, DOWN, ENTER)
            take_defaults(screen, FOLDERS)
            screen.answer(PORT, taken, ENTER)
            screen.see("is taken")
            screen.press(CLEAR, ENTER)
            take_defaults(screen, IDLE, GO)
            assert screen.end() == 0
    assert f"AGENT_BRAIN_PORT={taken}\n" not in secrets_of(project)


@pytest.mark.parametrize("dumb", [False, True])
def test_a_default_with_characters_that_are_not_shown_is_none(project: CliProject, dumb: bool) -> None:
    endpoint = {"provider": "openai-compatible", "base_url": "http://theirs.example/v1\u202e", "model": "m\u200b"}
    project.write({".claude/agent-brain/config.yaml": json.dumps({"embedding": endpoint})})
    more = {"TERM": "dumb"} if dumb else {}
    with terminal(project, "setup", "--port", str(free_port()), **more) as screen:
        take_defaults(screen, STORAGE, EMBEDDINGS, ENDPOINT)
        screen.answer(ADDRESS, ENTER)
        screen.see("An endpoint needs one.")
        screen.press("http://127.0.0.1:1/v1\u202e", ENTER)
        screen.see("has characters that are not shown")
        screen.press(LEAVE)
        assert screen.end() == 130
    assert "theirs.example" not in screen.text
    done = project.run("setup", "--yes")
    assert done.returncode == 2
    assert "--embedding-url http://theirs.example/v1\\u202e has characters that are not shown" in done.stderr
