"""What people type from habit: other tools' flags and verbs are understood, or answered with the way on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.cli import RETRY_SOURCE, CliProject, cli_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("words") / "my shop") as made:
        made.write({"shop/retry.py": RETRY_SOURCE, "shop/use.py": "from shop.retry import next_delay\n"})
        made.set_up()
        made.ok("index", "--wait")
        yield made


def test_the_version_is_a_flag_too(project: CliProject) -> None:
    assert project.ok("--version") == project.ok("version")


@pytest.mark.parametrize("flag", ["-k", "-n"])
def test_the_number_of_answers_has_a_short_flag(project: CliProject, flag: str) -> None:
    assert len(project.json("search", "next_delay", flag, "1")["results"]) == 1
    assert len(project.json("graph", "references", "next_delay", flag, "1")["results"]) == 1


@pytest.mark.parametrize("words", [("list",), ("1",), ("show", "1"), ("watch", "1"), ("--watch", "1")])
def test_jobs_takes_a_verb_too(project: CliProject, words: tuple[str, ...]) -> None:
    assert "job 1" in project.ok("jobs", *words) or words[-2:-1] in (("watch",), ("--watch",))


@pytest.mark.parametrize("words", [("show",), ("last",), ("1", "2"), ("watch", "x"), ("1", "--watch", "1")])
def test_other_words_for_jobs_are_refused(project: CliProject, words: tuple[str, ...]) -> None:
    done = project.run("jobs", *words)
    assert done.returncode == 2
    assert "See: agent-brain jobs --help" in done.stderr


def test_a_question_that_begins_with_dashes_is_refused_with_the_way_to_ask_it(project: CliProject) -> None:
    done = project.run("search", "--no-verify")
    assert done.returncode == 2
    assert "for a question that begins with -: agent-brain search -- QUERY" in done.stderr
    assert project.run("search", "--", "--no-verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("search x --top-k 0", "--top-k must be a whole number from 1 to 200, not 0."),
        ("search x -k abc", "--top-k must be a whole number from 1 to 200, not abc."),
        ("search x --max-tokens -1", "--max-tokens must be a whole number from 1 to 1,000,000, not -1."),
        ("graph x --depth 99", "--depth must be a whole number from 1 to 5, not 99."),
        ("logs -n x", "--lines must be a whole number of 1 or more, not x."),
        ("db logs --tail -1", "--tail must be a whole number of 0 or more, not -1."),
        ("search x --depth 2", "search has no --depth 2."),
    ],
)
def test_a_wrong_flag_is_named_with_what_it_may_be(project: CliProject, words: str, said: str) -> None:
    done = project.run(*words.split())
    assert done.returncode == 2
    assert done.stderr.startswith(f"agent-brain: {said} See: agent-brain {words.split(maxsplit=1)[0]} --help")
    assert len(done.stderr.splitlines()) == 1


def test_the_server_is_restarted_and_its_log_is_shown(project: CliProject) -> None:
    before = project.json("status")["server"]["pid"]
    said = project.ok("restart")
    assert f"Stopped (pid {before})." in said
    assert "Started on 127.0.0.1:" in said
    after = project.json("restart")
    assert after["pid"] == project.json("status")["server"]["pid"] != before
    lines = project.ok("logs", "-n", "5").splitlines()
    assert 0 < len(lines) <= 5
    assert project.json("logs")["lines"][-len(lines) :] == lines
    assert project.run("logs", "-n", "0").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "code", "members"),
    [
        (("nonsense",), 2, {}),
        (("jobs", "999"), 1, {"code": "not_found", "status": 404}),
        (("search", "x" * 9000), 1, {"code": "request_invalid", "field": "query"}),
        (("graph", "callers"), 2, {}),
    ],
)
def test_with_json_an_error_is_json_too(
    project: CliProject, arguments: tuple[str, ...], code: int, members: dict[str, object]
) -> None:
    done = project.run(*arguments, "--json")
    assert done.returncode == code, done.stderr
    said = json.loads(done.stdout)
    assert said["exit_code"] == code
    assert said["error"] in done.stderr
    assert said.items() >= members.items()


def test_definitions_are_counted_as_such(project: CliProject) -> None:
    done = project.run("graph", "definitions", "next_delay")
    assert "1 definition ·" in done.stderr


def test_a_path_where_nothing_is_is_refused_unless_the_index_has_it(project: CliProject) -> None:
    for line in (("index", "nosuchdir"), ("index", "--wait", "shop/retri.py")):
        done = project.run(*line)
        assert done.returncode == 1
        assert f"{line[-1]} is not there, and nothing of it is indexed." in done.stderr
    (project.root / "shop/use.py").unlink()
    assert "1 removed" in project.ok("index", "--wait", "shop/use.py")
