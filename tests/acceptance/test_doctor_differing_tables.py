"""`doctor` names tables that differ from each other, or are not ours, and the command that it gives fixes the index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_brain_server.storage.queries import load_queries
from agent_brain_wizard.checks.sqlite_file import INDEXES, TABLES, WORDS
from support.cli import CliProject
from support.damage import change_by
from support.doctored import Fault, assert_fixed, cases, doctor
from support.prepared import copied, prepare

REINDEX = "agent-brain start --reindex"
TAKE_OUT = (
    "INSERT INTO chunk_terms (chunk_terms, rowid, symbol, path, documentation, body)"
    " SELECT 'delete', row, symbol, 'part3.py', documentation, text FROM chunks WHERE row = 3"
)
FORGET_NAMES = "INSERT INTO graph_names (graph_names) VALUES ('delete-all')"


def fault(said: str, *statements: str, served: bool = False) -> Fault:
    def make(project: CliProject) -> None:
        if served:
            project.ok("start")
        change_by(*statements)(project.state / "index.db")

    return Fault("database", said, make, fix=REINDEX)


FAULTS = {
    "a chunk gone from both": fault("have other chunks than were made", TAKE_OUT, "DELETE FROM chunks WHERE row = 3"),
    "a chunk without words": fault("chunks that do not exist", "DELETE FROM chunks WHERE row = 3", served=True),
    "words without a chunk": fault("are not in its full-text index", TAKE_OUT, served=True),
    "no names of symbols": fault("not in its index of symbol names", FORGET_NAMES),
    "no symbols": fault("symbols are gone", "DELETE FROM symbols", "DELETE FROM symbol_references"),
    "some vectors gone": fault("of its chunks have no vector", "DELETE FROM vectors WHERE id < 9"),
    "no folder": fault("are in no folder", "DELETE FROM folders"),
    "a foreign table": fault("1 tables or indexes that Agent Brain does not make", "CREATE TABLE songs (title)"),
    "a foreign table under the server": fault(
        "that Agent Brain does not make", "CREATE TABLE songs (title)", served=True
    ),
    "a foreign index": fault("that Agent Brain does not make", "CREATE INDEX songs ON files (note)"),
    "a view under the server": fault("triggers or views", "CREATE VIEW songs AS SELECT 1", served=True),
    "an index gone": fault("some of its indexes are missing: chunks_by_name", "DROP INDEX chunks_by_name"),
}
NIGHTLY = ("a foreign index", "a view under the server", "no symbols", "a chunk without words", "some vectors gone")

pytestmark = pytest.mark.timeout(600)  # a busy machine takes many times as long as an idle one


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--embedding", "built-in")


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("name", cases(FAULTS, NIGHTLY))
def test_tables_that_differ_are_named_and_fixed(project: CliProject, name: str) -> None:
    assert_fixed(project, FAULTS[name])


def test_an_index_that_was_worked_on_is_whole(project: CliProject) -> None:
    """Files changed, removed, added and left out, a folder taken out, all files read again."""
    nothing = Fault("", "", lambda project: None)
    project.write({"part1.py": "def other():\n    return part_2()\n", "inner/x.py": "def x():\n    pass\n", "e.py": ""})
    (project.root / "part3.py").unlink()
    project.ok("folders", "add", "inner")
    project.ok("index", "--wait")
    assert doctor(project, nothing) == (0, {})
    project.ok("folders", "remove", "inner")
    project.ok("index", "--force", "--wait")
    project.ok("stop")
    assert doctor(project, nothing)[1].keys() <= {"server"}


def test_doctor_knows_each_table_and_index_of_the_schema() -> None:
    blocks = load_queries("agent_brain_server.storage.sqlite")
    made = {name.removeprefix("create_") for name in blocks if name.startswith("create_")}
    assert made == {
        *(name for name in TABLES if not name.startswith(("chunk_terms_", "graph_names_"))),
        *INDEXES,
        WORDS,
    }
