"""docs/architecture.md names files that exist, in lines that fit a terminal."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TOP = "server|server_client|wizard|plugin|templates|docs|tests|benchmarks|training"
PATH = re.compile(rf"`((?:{TOP})/[\w./-]+)`")
NAME = re.compile(r"`([A-Za-z_]\w+)`")
PLACEHOLDER = "NAME"
LONGEST_LINE = 120
SECTIONS = ("The rooms", "A search", "A job", "Typical changes", "Glossary")


def _section(name: str) -> str:
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_every_path_exists() -> None:
    named = {path for path in PATH.findall(TEXT) if PLACEHOLDER not in path}
    assert len(named) > 50
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_typical_change_names_the_file_to_begin_with() -> None:
    changes = re.split(r"^- ", _section("Typical changes"), flags=re.MULTILINE)[1:]
    without = [change for change in changes if change.startswith("**") and len(re.findall(r"\*\*`", change)) == 0]
    assert [change.partition("**:")[0].strip("*") for change in without] == ["A text that people see"]


def _text_of(path: Path) -> str:
    files = [path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.sql")]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_every_name_in_a_typical_change_is_in_one_of_its_files() -> None:
    for change in re.split(r"^ *- ", _section("Typical changes"), flags=re.MULTILINE)[1:]:
        text = "\n".join(_text_of(ROOT / path) for path in PATH.findall(change) if PLACEHOLDER not in path)
        names = NAME.findall(change) if text else []
        assert [name for name in names if not re.search(rf"\b{name}\b", text)] == [], change


def test_every_section_is_there_and_no_line_is_long() -> None:
    assert [name for name in SECTIONS if not _section(name)] == []
    assert [line for line in TEXT.splitlines() if len(line) > LONGEST_LINE] == []


def test_the_glossary_is_in_order_with_one_sentence_a_term() -> None:
    entries = re.split(r"^- ", _section("Glossary"), flags=re.MULTILINE)[1:]
    terms = [entry.partition("**:")[0].strip("*") for entry in entries]
    assert len(terms) > 25
    assert terms == sorted(terms, key=str.lower)
    assert [entry for entry in entries if len(re.findall(r"[.!?](?:\s|\Z)", entry)) != 1] == []
