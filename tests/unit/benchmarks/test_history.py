"""Questions made of commits ask for what is not in the searched tree yet, in words that do not name its place."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from benchmarks.retrieval.clones import Project, find_clone, read_projects
from benchmarks.retrieval.commit_messages import question_of
from benchmarks.retrieval.history import history_questions
from benchmarks.retrieval.hunks import Hunk, joined, mapped, read_hunks
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.sets import Choice, MissingClonesError, sources_of

ROOT = Path(__file__).parents[3]
CODE = "".join(f"line {number}\n" for number in range(1, 31))


class Repository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str, **files: str | None) -> str:
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.unlink() if text is None else path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def changed(*lines: int, code: str = CODE) -> str:
    return "".join(
        line.replace("line", "changed") if number in lines else line
        for number, line in enumerate(code.splitlines(keepends=True), 1)
    )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clones" / "owner+name")


def asked(repository: Repository, tree: str) -> dict[str, tuple[Span, ...]]:
    project = Project("name", "test", "owner/name", "python", tree, repository.git("rev-parse", "HEAD"))
    clone = find_clone(project, repository.folder.parent)
    assert clone is not None
    questions: list[Question] = history_questions(project, clone)
    return {question.text: question.answers for question in questions}


def test_a_commit_asks_for_the_lines_that_it_replaces_where_the_tree_has_them(repository: Repository) -> None:
    tree = repository.commit("start", a_py=CODE, src__b_go=CODE, tests__test__a_py=CODE)
    moved = "first\n" + CODE
    repository.commit("Wait", a_py=moved)
    repository.commit(
        "Retry the download when the connection drops", a_py=changed(11, code=moved), src__b_go=changed(3, 4)
    )
    expected = (Span("a.py", 10, 10), Span("src/b.go", 3, 4))
    assert asked(repository, tree) == {"Retry the download when the connection drops": expected}


def test_what_the_tree_does_not_have_is_not_asked_for(repository: Repository) -> None:
    tree = repository.commit("start", a_py=CODE)
    repository.commit("New feature of parsing headers lazily", b_py=CODE)
    repository.commit("Wait", a_py=changed(5))
    repository.commit(
        "Parse the header lazily once more", a_py=changed(6, code=changed(5)).replace("changed 5", "other 5")
    )
    repository.commit("Parse every header lazily again", a_py=changed(5).replace("changed 5", "third 5"))
    repository.commit("Parse trailing headers lazily as well", b_py=changed(9))
    assert asked(repository, tree) == {}


def test_tests_documents_and_large_changes_are_not_asked_for(repository: Repository) -> None:
    many = {f"src__m{number}_py": CODE for number in range(11)}
    tree = repository.commit("start", tests__a_py=CODE, README_md=CODE, a_py=CODE, **many)
    repository.commit("Retry the download when connections drop", tests__a_py=changed(1), README_md=changed(1))
    repository.commit("Rename every handler class consistently", **dict.fromkeys(many, changed(2)))
    repository.commit("Remove support of ancient protocol versions", a_py=None)
    assert asked(repository, tree) == {"Remove support of ancient protocol versions": (Span("a.py", 1, 31),)}


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("fix(net): close idle sockets after the timeout (#123)", "close idle sockets after the timeout"),
        ("[JIRA-12] Close idle sockets after timeout\n\nFixes #7\n", "Close idle sockets after timeout"),
        ("Close idle sockets in net/pool.py and Pool.java after timeouts", "Close idle sockets in and after timeouts"),
        ("Close idle sockets of src/net after 0a1b2c3d", "Close idle sockets of after"),
        (
            "Close idle sockets after the timeout\n\n- Sockets were kept open forever.\nMore.\n",
            "Close idle sockets after the timeout. Sockets were kept open forever.",
        ),
        ("Close idle sockets after timeouts\n\nSigned-off-by: A <a@example.org>", "Close idle sockets after timeouts"),
        ("Close idle sockets\n\n* fix: close idle sockets\n* docs: say how idle sockets end", None),
        ('Revert "Close idle sockets after the timeout"', None),
        ("Bump somepackage from 1.2.3 to 1.2.4 in the main group", None),
        ("chore(deps): use another version of the parser library", None),
        ("Release 2.0 with many exciting new things", None),
        ("Fix typos in several comments of pools", None),
        ("Run prettier over all remaining source folders", None),
        ("Add some more tests of the connection pool", None),
        ("Close idle sockets after timeouts. GitHub issue 5451.", "Close idle sockets after timeouts."),
        ("Fix the thing", None),
    ],
)  # fmt: skip
def test_a_message_as_a_question(message: str, question: str | None) -> None:
    subject, _, body = message.partition("\n\n")
    assert question_of("Ann", subject, body, ["src/net/pool.py"]) == question


def test_programs_are_not_listened_to() -> None:
    assert question_of("dependabot[bot]", "Close idle sockets after the timeout", "", []) is None


def test_hunks_of_a_diff() -> None:
    hunks = read_hunks("--- a\n+++ b\n@@ -3 +3,2 @@ def f():\n-x\n+y\n+z\n@@ -9,0 +11 @@\n+new\n@@ -20,2 +21,0 @@\n")
    assert hunks == [Hunk(3, 1, 3, 2), Hunk(9, 0, 11, 1), Hunk(20, 2, 21, 0)]
    assert [hunk.lines(30) for hunk in hunks] == [(3, 3), (9, 10), (20, 21)]
    assert mapped(1, 2, hunks) == (1, 2)
    assert mapped(5, 10, hunks) == (4, 9)
    assert mapped(12, 21, hunks) == (10, 19)
    assert mapped(22, 23, hunks) == (22, 23)
    assert [mapped(*lines, hunks) for lines in ((2, 3), (10, 12), (21, 22))] == [None, None, None]
    assert list(joined([(30, 31), (1, 2), (5, 6), (3, 9)], 2)) == [(1, 9), (30, 31)]


def test_the_projects() -> None:
    projects = read_projects()
    lists = (ROOT / "training" / "held_out.txt", ROOT / "benchmarks" / "retrieval" / "held_out.txt")
    held_out = {name for path in lists for name in path.read_text("utf-8").split()}
    assert len({project.name for project in projects}) == len(projects)
    languages = {half: {p.language for p in projects if p.half == half} for half in ("development", "test")}
    assert languages["development"] == languages["test"]
    assert len(languages["test"]) >= 14
    assert len(projects) >= 24
    names = {part.lower() for project in projects for part in (*project.repository.split("/"), project.name)}
    assert names & held_out == set()


def test_a_missing_clone_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingClonesError, match="--clones"):
        list(sources_of("history", Choice("both", ()), tmp_path, None))
    with pytest.raises(MissingClonesError, match=read_projects()[0].repository):
        list(sources_of("history", Choice("both", ()), tmp_path, tmp_path))


def test_a_tree_is_checked_out_without_touching_the_clone(repository: Repository, tmp_path: Path) -> None:
    tree = repository.commit("start", a_py=CODE, src__b_go=CODE, large_bin="left out of snapshots")
    blob = repository.git("rev-parse", "HEAD:large.bin")
    repository.commit("next", a_py=changed(1))
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    project = Project("name", "test", "owner/name", "python", tree, tree)
    clone = find_clone(project, repository.folder.parent)
    assert clone is not None
    clone.check_out(tree, tmp_path / "trees" / "name")
    assert (tmp_path / "trees" / "name" / "a.py").read_text() == CODE
    assert not (tmp_path / "trees" / "name" / "large.bin").exists()
    assert (repository.folder / "a.py").read_text() == changed(1)
    assert repository.git("status", "--porcelain") == ""
