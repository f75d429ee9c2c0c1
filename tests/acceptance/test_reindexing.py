"""`agent-brain start --reindex` makes the index again in the place of anything, and keeps embeddings that are whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.cli import CliProject
from support.damage import (
    change_by,
    cut_in_half,
    overwrite_page,
    pages_of,
    replace_by_database,
    replace_by_text,
    zero_first_page,
    zero_root,
)
from support.faults import taken_port
from support.prepared import FILES_INDEXED, copied, prepare

REINDEX = "agent-brain start --reindex"
DAMAGES = {
    "a zeroed first page": zero_first_page,
    "zeroed chunks": zero_root("chunks"),
    "zeroed vectors": zero_root("vectors"),
    "a zeroed index of the log of jobs": zero_root("jobs"),
    "half a file": cut_in_half,
    "a table that is gone": change_by("DROP TABLE jobs"),
    "no full-text segments": change_by("DELETE FROM chunk_terms_data"),
    "a full-text index without its directory": change_by("DELETE FROM chunk_terms_idx"),
    "a trigger": change_by("CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM files; END"),
    "a newer schema": change_by("UPDATE meta SET schema_version = 99"),
    "no row of the model": change_by("DELETE FROM meta"),
    "another program's database": replace_by_database,
    "no database": replace_by_text,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--embedding", "built-in")


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


def reindex(project: CliProject) -> dict[str, int]:
    """Run the command and wait for its job; what the job did."""
    job = project.json("start", "--reindex")["job"]
    progress: dict[str, int] = project.json("jobs", "--watch", str(job))["progress"]
    return progress


def assert_in_order(project: CliProject) -> None:
    for mode in ("bm25", "vector"):
        assert "part7.py" in project.ok("search", "--mode", mode, "part_7")
    assert project.json("status")["index"]["files"] == FILES_INDEXED


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_command_makes_the_index_again_after_any_damage(project: CliProject, damage: str) -> None:
    DAMAGES[damage](project.state / "index.db")
    said = project.run("search", "part_7")
    if said.returncode:
        assert said.stderr.rstrip().endswith(f"Run: {REINDEX}")
    else:  # what is damaged was not asked for
        assert "part7.py" in said.stdout
    assert reindex(project)["files_changed"] == FILES_INDEXED
    assert_in_order(project)


def test_an_index_in_order_is_made_again_under_a_running_server(project: CliProject) -> None:
    before = project.json("start")
    project.write({"more.py": "def more():\n    return 1\n"})
    done = reindex(project)
    assert (done["files_changed"], done["texts_embedded"]) == (FILES_INDEXED + 1, 1)
    assert project.json("status")["server"]["pid"] != before["pid"]


def test_folders_that_were_added_stay(project: CliProject, tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "far.py").write_text("def far_away():\n    return 1\n")
    project.ok("folders", "add", str(tmp_path / "beside"), "--yes")
    reindex(project)
    assert "far.py" in project.ok("search", "far_away")


def test_without_a_watcher_another_model_is_indexed_by_the_command_itself(project: CliProject) -> None:
    project.ok("setup", "--yes", "--embedding", "none")
    assert project.run("search", "part_7").stderr.rstrip().endswith(f"Run: {REINDEX}")
    assert reindex(project)["files_changed"] == FILES_INDEXED
    assert "part7.py" in project.ok("search", "part_7")


def test_embeddings_in_whole_pages_are_kept(project: CliProject) -> None:
    """A leaf of the table is lost, and one vector is not what an embedding gives: these alone are embedded again."""
    index = project.state / "index.db"
    root, size = pages_of(index, "vectors")
    with closing(sqlite3.connect(index)) as connection, connection:
        connection.execute("UPDATE vectors SET vector = randomblob(length(vector)) WHERE id = 39")
    data = index.read_bytes()
    page = data[(root - 1) * size : root * size]
    assert page[0] == 5  # an interior page, whose cells begin with the numbers of its children
    cell = int.from_bytes(page[14:16], "big")
    overwrite_page(index, int.from_bytes(page[cell : cell + 4], "big"), size)
    assert 2 <= reindex(project)["texts_embedded"] <= 6
    assert_in_order(project)


def test_a_file_that_is_no_index_is_kept(project: CliProject) -> None:
    index = project.state / "index.db"
    replace_by_database(index)
    reindex(project)
    with closing(sqlite3.connect(index.with_name("index.db.kept-1"))) as connection:
        assert connection.execute("SELECT title FROM songs").fetchall() == [("Hey Jude",)]


def test_a_taken_port_does_not_lead_away_from_the_command(project: CliProject) -> None:
    with taken_port() as port:
        env = project.root / ".env.agent-brain"
        lines = [line for line in env.read_text().splitlines() if not line.startswith("AGENT_BRAIN_PORT=")]
        env.write_text("\n".join([*lines, f"AGENT_BRAIN_PORT={port}", ""]))
        zero_root("chunks")(project.state / "index.db")
        done = project.run("start", "--reindex", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["url"].rpartition(":")[2] != str(port)
