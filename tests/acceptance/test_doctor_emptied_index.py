"""`doctor` finds nothing wrong with an index from which files, or all of them, were removed, nor with a small one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.cli import CliProject
from support.damage import change_by
from support.doctored import Fault, doctor
from support.prepared import copied, prepare

NOTHING = Fault("", "", lambda project: None)
NOTES = {"notes.md": "# Notes\n\nHow the delay grows.\n"}
CODE = {"a.py": "def f():\n    return g()\n"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("template"), "--embedding", "built-in", "--no-watch", files=NOTES)


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[CliProject]:
    with copied(template, tmp_path) as made:
        yield made


def put(project: CliProject, files: dict[str, str]) -> None:
    project.write(files)
    project.ok("index", "--wait")


def remove(project: CliProject, *names: str, force: bool = False) -> None:
    for name in names:
        (project.root / name).unlink()
    project.ok("index", "--wait", *(["--force"] if force else []))


def one_code_file_removed(project: CliProject) -> None:
    put(project, CODE)
    remove(project, "a.py")


def one_code_file_removed_by_force(project: CliProject) -> None:
    put(project, CODE)
    remove(project, "a.py", force=True)


def every_file_removed(project: CliProject) -> None:
    put(project, CODE)
    remove(project, "a.py", "notes.md", ".gitignore", force=True)


def many_removed_by_and_by(project: CliProject) -> None:
    many = {f"part{number}.py": f"def part_{number}():\n    return other_{number}()\n" * 20 for number in range(60)}
    put(project, many)
    for first in range(0, 60, 15):
        remove(project, *list(many)[first : first + 15])


def came_and_went(project: CliProject) -> None:
    for _ in range(4):
        put(project, CODE)
        remove(project, "a.py")
    put(project, CODE)


def one_file_alone(project: CliProject) -> None:
    put(project, CODE)
    remove(project, "notes.md", ".gitignore")


HISTORIES: list[Callable[[CliProject], None]] = [
    one_code_file_removed,
    one_code_file_removed_by_force,
    every_file_removed,
    many_removed_by_and_by,
    came_and_went,
    one_file_alone,
]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_a_healthy_index_is_not_called_damaged(project: CliProject, history: Callable[[CliProject], None]) -> None:
    history(project)
    for _ in ("under the server", "without it"):
        status, found = doctor(project, NOTHING)
        assert status == 0, found
        assert {*found} <= {"index", "gitignore"}, found  # that the index is empty, or .gitignore gone, is said
        project.ok("stop")


@pytest.mark.parametrize("name", ["chunk_terms", "graph_names"])
def test_a_structure_that_names_no_segments_is_still_found(project: CliProject, name: str) -> None:
    put(project, CODE)
    project.ok("stop")
    empty_structure = f"UPDATE {name}_data SET block = x'00000000000000' WHERE id = 10"
    change_by(empty_structure)(project.state / "index.db")
    status, found = doctor(project, NOTHING)
    assert (status, "lists no words" in found["database"]["detail"]) == (1, True)
