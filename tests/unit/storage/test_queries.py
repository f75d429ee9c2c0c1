"""SQL from files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent_brain_server.storage.queries import load_queries


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sql_for_tests"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sql_for_tests", raising=False)
    return folder


def test_blocks_come_in_order_without_the_text_before_the_first(package: Path) -> None:
    (package / "b.sql").write_text("-- last --\nSELECT 3\n")
    (package / "a.sql").write_text(
        "About this file.\n\n-- first --\nSELECT 1\n\n-- second --\n\nSELECT 2\nWHERE TRUE\n"
    )
    (package / "notes.txt").write_text("-- none --\n")
    assert list(load_queries("sql_for_tests").items()) == [
        ("first", "SELECT 1"),
        ("second", "SELECT 2\nWHERE TRUE"),
        ("last", "SELECT 3"),
    ]


def test_a_name_is_of_one_statement(package: Path) -> None:
    (package / "a.sql").write_text("-- one --\nSELECT 1\n-- one --\nSELECT 2\n")
    with pytest.raises(ValueError, match=r"a\.sql: the statement one is defined twice"):
        load_queries("sql_for_tests")


def test_every_statement_of_sqlite_is_used() -> None:
    package = Path(sys.modules[load_queries.__module__].__file__ or "").parent / "sqlite"
    code = "".join(path.read_text("utf-8") for path in package.glob("*.py"))
    names = load_queries("agent_brain_server.storage.sqlite")
    composed = ("create_", "filter_", "page_")
    assert [name for name in names if f'"{name}"' not in code and not name.startswith(composed)] == []
