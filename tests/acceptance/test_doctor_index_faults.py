"""`doctor` names each way in which an index is damaged, and the command that it gives fixes it, server or not."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.cli import CliProject
from support.damage import (
    Damage,
    change_by,
    cut_in_half,
    flip_bytes,
    replace_by_database,
    replace_by_text,
    spoil_text,
    zero_first_page,
    zero_root,
)
from support.doctored import Fault, assert_fixed, cases, doctor
from support.prepared import FILES_INDEXED, copied, prepare

REINDEX = "agent-brain start --reindex"
Make = Callable[[CliProject], None]


def damaged(damage: Damage, *, served: bool = False) -> Make:
    """An index that was damaged while no server ran, or under one that has not read it since."""

    def make(project: CliProject) -> None:
        if served:
            project.ok("start")
        damage(project.state / "index.db")

    return make


def killed_after_indexing(project: CliProject) -> Path:
    """The write-ahead log of a server that indexed and was killed."""
    project.write({"late.py": "def late():\n    return 1\n"})
    project.ok("index", "--wait")
    os.kill(project.json("status")["server"]["pid"], signal.SIGKILL)
    log = project.state / "index.db-wal"
    assert log.stat().st_size > 4096
    return log


def log_without_header(project: CliProject) -> None:
    flip_bytes(killed_after_indexing(project), 0)
    project.server_file.unlink()


def log_with_a_broken_frame(project: CliProject) -> None:
    flip_bytes(killed_after_indexing(project), 32 + 24 + 100)
    project.server_file.unlink()


def flipped_vectors(project: CliProject) -> None:
    project.ok("search", "--mode", "vector", "part_7")
    project.ok("stop")
    flip_bytes(project.state / "index.vectors", 1000)


def directory_for_index(project: CliProject) -> None:
    (project.state / "index.db").unlink()
    (project.state / "index.db").mkdir()


def link_for_vectors(project: CliProject) -> None:
    (project.state / "index.vectors").unlink(missing_ok=True)
    (project.state / "index.vectors").symlink_to("nowhere")


def failed_job(project: CliProject) -> None:
    statement = (
        "INSERT INTO jobs (state, paths, force, created_at, finished_at, error) VALUES ('failed', '[]', 0, 1, 2, 'x')"
    )
    change_by(statement)(project.state / "index.db")
    project.ok("start")


def emptied(project: CliProject) -> None:
    project.ok("reset", "--yes")


def no_vectors(project: CliProject) -> None:
    change_by("DELETE FROM vectors")(project.state / "index.db")
    (project.state / "index.vectors").unlink(missing_ok=True)
    project.ok("start")


def index_fault(said: str, damage: Damage) -> Fault:
    return Fault("database", said, damaged(damage), fix=REINDEX)


FAULTS = {
    "a zeroed first page": index_fault("is not a SQLite database", zero_first_page),
    "zeroed chunks": index_fault("is damaged or not an Agent Brain index", zero_root("chunks")),
    "zeroed full-text pages": index_fault("is damaged", zero_root("chunk_terms_data")),
    "half a file": index_fault("malformed", cut_in_half),
    "no database": index_fault("is not a SQLite database", replace_by_text),
    "another program's database": index_fault("a database of another program", replace_by_database),
    "a table that is gone": index_fault("some of its tables are missing: jobs", change_by("DROP TABLE jobs")),
    "full-text tables that are gone": index_fault(
        "some of its tables are missing", change_by("DROP TABLE chunk_terms_docsize")
    ),
    "no words": index_fault("malformed", change_by("DELETE FROM chunk_terms_data")),
    "no directory of words": index_fault("cannot be found", change_by("DELETE FROM chunk_terms_idx")),
    "no totals of words": index_fault("malformed", change_by("DELETE FROM chunk_terms_data WHERE id = 1")),
    "a chunk without words": index_fault(
        "not in its full-text index", change_by("DELETE FROM chunk_terms_docsize WHERE id = 3")
    ),
    "words without a chunk": index_fault("chunks that do not exist", change_by("DELETE FROM chunks WHERE row = 3")),
    "a chunk without a file": index_fault("have no file", change_by("DELETE FROM files WHERE id = 3")),
    "vectors of another length": index_fault(
        "have another length", change_by("UPDATE vectors SET vector = x'00' WHERE id = 1")
    ),
    "no word of the model": index_fault("which model made it", change_by("DELETE FROM meta")),
    "a trigger": index_fault(
        "triggers or views", change_by("CREATE TRIGGER t AFTER INSERT ON jobs BEGIN DELETE FROM files; END")
    ),
    "text that is not UTF-8": index_fault("chunks has text that is not UTF-8", spoil_text(b"def part_7")),
    "a schema that is not UTF-8": index_fault("is damaged", spoil_text(b"CREATE TABLE chunks")),
    "lines that are none": index_fault(
        "have no lines", change_by("UPDATE chunks SET start_line = -5, end_line = -9 WHERE row = 3")
    ),
    "a newer schema": index_fault("a newer Agent Brain", change_by("UPDATE meta SET schema_version = 99")),
    "zeroed files under the server": Fault(
        "database", "is damaged", damaged(zero_root("files"), served=True), fix=REINDEX
    ),
    "no words under the server": Fault(
        "database", "malformed", damaged(change_by("DELETE FROM chunk_terms_data"), served=True), fix=REINDEX
    ),
    "a log without its header": Fault("database", "what was indexed last is lost", log_without_header),
    "a log with a broken frame": Fault("database", "from frame 1 on", log_with_a_broken_frame),
    "vectors that are not as written": Fault("vectors", "is damaged", flipped_vectors, "warn", "--fix"),
    "a directory for the index": Fault("setup", "is not a file", directory_for_index, fix="mv "),
    "no index": Fault(
        "database", "there is no", lambda project: (project.state / "index.db").unlink(), "warn", "index --wait"
    ),
    "a link for the vectors": Fault("setup", "is a link", link_for_vectors, fix="rm "),
    "a job that failed": Fault("index", "failed: x", failed_job, fix="agent-brain index --wait"),
    "an empty index": Fault("index", "the index is empty", emptied, "warn", "agent-brain index --wait"),
    "passages without vectors": Fault("embedding", "no passage in the index has a vector", no_vectors, "warn"),
}
NIGHTLY = (
    "zeroed full-text pages",
    "no database",
    "full-text tables that are gone",
    "no words",
    "a chunk without words",
    "words without a chunk",
    "a chunk without a file",
    "vectors of another length",
    "no word of the model",
    "zeroed files under the server",
    "a log without its header",
    "an empty index",
)

pytestmark = pytest.mark.timeout(600)  # a busy machine takes many times as long as an idle one


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--embedding", "built-in")


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("fault", cases(FAULTS, NIGHTLY))
def test_a_fault_is_named_and_its_fix_ends_it(project: CliProject, fault: str) -> None:
    assert_fixed(project, FAULTS[fault])


def test_a_damaged_shared_memory_file_is_made_again(project: CliProject) -> None:
    log = killed_after_indexing(project)
    shared = log.with_name("index.db-shm")
    for content in (b"\xff" * 32_768, b"", b"x" * 7):
        shared.write_bytes(content)
        project.server_file.unlink(missing_ok=True)
        assert doctor(project, Fault("", "", lambda project: None)) == (0, {})
        assert "late.py" in project.ok("search", "late")
        os.kill(project.json("status")["server"]["pid"], signal.SIGKILL)


def test_a_lost_directory_of_words_is_not_an_empty_answer(project: CliProject) -> None:
    """A word that is not on the first page of the words was in no passage, and that was said with exit status 0."""
    words = "\n".join(f"word{number:05d} = {number}" for number in range(20_000))
    project.write({f"words{part}.py": words[part * 50_000 : part * 50_000 + 50_000] for part in range(6)})
    project.ok("index", "--wait")
    change_by("DELETE FROM chunk_terms_idx")(project.state / "index.db")
    for _ in ("under the server", "by its start"):
        done = project.run("search", "--mode", "bm25", "zzz")
        assert (done.returncode in (1, 3), done.stdout) == (True, ""), done.stdout
        assert done.stderr.rstrip().endswith(f"Run: {REINDEX}")
        project.ok("stop")


def test_an_index_that_is_removed_under_the_server_loses_nothing_that_is_indexed_after(project: CliProject) -> None:
    project.ok("start")
    (project.state / "index.db").unlink()
    project.write({"later.py": "def much_later():\n    return 1\n"})
    project.ok("index", "--wait")  # by the next server: the one that has lost its index answers no command any more
    project.ok("stop")
    assert "later.py" in project.ok("search", "much_later")
    assert project.json("status")["index"]["files"] == FILES_INDEXED + 1


def test_an_index_of_a_version_in_order_has_no_faults(project: CliProject) -> None:
    """In any order in which files came and went, the directory of words is found whole."""
    for turn in range(3):
        project.write({f"turn{turn}_{number}.py": f"def turn_{turn}_{number}(): pass\n" * 50 for number in range(30)})
        shutil.rmtree(project.root / "gone", ignore_errors=True)
        project.write({f"gone/{number}.py": f"gone_{number} = {turn}\n" for number in range(30)})
        project.ok("index", "--wait")
    with closing(sqlite3.connect(project.state / "index.db")) as connection:
        assert connection.execute("SELECT count(*) FROM chunk_terms_idx").fetchone()[0] > 1
    assert doctor(project, Fault("", "", lambda project: None)) == (0, {})
