"""A file of another program that a storage URL names stays as it is with every command."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.cli import CliProject
from support.damage import change_by, replace_by_database, replace_by_text
from support.prepared import FILES_INDEXED, copied, prepare

FOREIGN = "another program's file"
DEFAULT = "agent-brain setup --yes --storage-url sqlite:///.claude/agent-brain/index.db"
MAKE: dict[str, Callable[[Path], object]] = {
    "a database": replace_by_database,
    "a database with an id": lambda path: (replace_by_database(path), change_by("PRAGMA application_id = 7")(path)),
    "a text": replace_by_text,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"))


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


def put(path: Path, kind: str) -> str:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    MAKE[kind](path)
    return digest(path)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names_in(directory: Path) -> set[str]:
    return {one.name for one in directory.iterdir()}


@pytest.mark.parametrize("kind", MAKE)
def test_no_command_touches_it(project: CliProject, kind: str) -> None:
    """An index at a place of its own, in whose place another program then puts its file."""
    file = project.root / "data" / "app.db"
    project.ok("setup", "--yes", "--storage-url", "sqlite:///data/app.db")
    content = put(file, kind)
    for command in (["search", "part_7"], ["start"], ["start", "--reindex"], ["index", "--wait"]):
        said = project.run(*command)
        assert said.returncode, command
        assert FOREIGN in said.stderr, (command, said)
        assert str(file) in said.stderr, said.stderr
        assert "--reindex" not in said.stderr, said.stderr
        assert said.stderr.rstrip().endswith(f"run: mv '{file}' '{file}.moved'"), said.stderr
    found = {one["id"]: one for one in json.loads(project.run("doctor", "--json").stdout)["findings"]}
    assert FOREIGN in found["database"]["detail"]
    assert found["database"]["fix"].startswith(DEFAULT)
    project.ok("uninstall", "--yes")
    assert (digest(file), names_in(file.parent)) == (content, {"app.db"})


@pytest.mark.parametrize("kind", MAKE)
def test_setup_refuses_it_before_it_writes(project: CliProject, kind: str) -> None:
    content = put(project.root / "db.sqlite3", kind)
    before = (project.state / "config.yaml").read_bytes()
    said = project.run("setup", "--yes", "--storage-url", "sqlite:///db.sqlite3")
    assert said.returncode == 2
    assert FOREIGN in said.stderr
    assert (project.state / "config.yaml").read_bytes() == before
    assert digest(project.root / "db.sqlite3") == content


def test_setup_refuses_what_a_file_of_the_project_names(tmp_path: Path, template: Path) -> None:
    with copied(template, tmp_path) as project:
        project.ok("uninstall", "--yes")
        put(project.root / "db.sqlite3", "a database")
        project.write({".claude/agent-brain/config.yaml": "storage:\n  url: sqlite:///db.sqlite3\n"})
        said = project.run("setup", "--yes")
        assert said.returncode == 2
        assert FOREIGN in said.stderr
        assert names_in(project.state) == {"config.yaml"}


def test_both_ways_that_are_named_work(project: CliProject) -> None:
    file = project.root / "app.db"
    project.ok("setup", "--yes", "--storage-url", "sqlite:///app.db")
    content = put(file, "a database")
    project.follow(project.run("start").stderr.rpartition("run: ")[2].strip())
    project.ok("index", "--wait")
    assert "part7.py" in project.ok("search", "part_7")
    project.ok("stop")
    (project.root / "app.db.moved").replace(file)
    project.follow(DEFAULT)
    assert "part7.py" in project.ok("search", "part_7")
    assert digest(file) == content


@pytest.mark.parametrize("damage", ["DROP TABLE jobs", "CREATE VIEW v AS SELECT 1", "DELETE FROM meta"])
def test_a_damaged_index_at_a_place_of_its_own_is_made_again(project: CliProject, damage: str) -> None:
    project.ok("setup", "--yes", "--storage-url", "sqlite:///app.db")
    project.ok("index", "--wait")
    project.ok("stop")
    change_by(damage)(project.root / "app.db")
    job = project.json("start", "--reindex")["job"]
    assert project.json("jobs", "--watch", str(job))["progress"]["files_changed"] == FILES_INDEXED


def test_a_database_that_was_only_begun_is_used(project: CliProject) -> None:
    """A server that is killed as it makes its file leaves one with a header and nothing else."""
    project.ok("setup", "--yes", "--storage-url", "sqlite:///app.db")
    with closing(sqlite3.connect(project.root / "app.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        connection.execute("PRAGMA user_version = 0")
    assert (project.root / "app.db").stat().st_size
    project.ok("index", "--wait")


def test_what_made_room_in_the_state_directory_is_named(project: CliProject) -> None:
    index = project.state / "index.db"
    replace_by_database(index)
    said = project.ok("start", "--reindex")
    assert f"{index}.kept-1" in said.replace("\n", "")
    project.ok("stop")
    replace_by_text(index)
    assert project.json("start", "--reindex")["kept"] == [f"{index}.kept-1", f"{index}.kept-2"]
    assert "index.db.kept-1" in project.ok("uninstall", "--yes")
    assert (project.state / "index.db.kept-1").exists()


def test_uninstall_names_what_an_earlier_version_replaced(project: CliProject) -> None:
    project.ok("setup", "--yes", "--storage-url", "sqlite:///app.db")
    put(project.root / "app.db.kept-1", "a database")
    project.ok("index", "--wait")
    said = project.ok("uninstall", "--yes")
    assert "app.db.kept-1" in said.partition("Kept")[2]
    assert "app.db.kept-1" in names_in(project.root)
    assert "app.db" not in names_in(project.root)


def test_a_copy_into_it_is_refused(project: CliProject) -> None:
    content = put(project.root / "app.db", "a database")
    said = project.run("storage", "copy", "--to", "sqlite:///app.db")
    assert said.returncode
    assert FOREIGN in said.stderr, said
    assert digest(project.root / "app.db") == content
