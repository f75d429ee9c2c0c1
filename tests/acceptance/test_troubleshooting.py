"""docs/troubleshooting.md quotes what is said, word for word."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
QUOTED = re.compile(r"^- `([^`]+)`", re.MULTILINE)
PLACES = ("server", "server_client", "wizard", "plugin/scripts")
# Said by Docker, by PostgreSQL and by Python, not by us.
OF_OTHERS = (
    *("required variable POSTGRES_SUPERUSER_PASSWORD", "Bind for 127.0.0.1", "could not resize shared memory"),
    "Fatal Python error",
)
SENTENCES = [sentence for sentence in QUOTED.findall(TEXT) if not sentence.startswith(OF_OTHERS)]


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text in the source; what is put into it is `…`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def said() -> list[str]:
    sources = [path for place in PLACES for path in (ROOT / place).rglob("*.py")]
    return [text for path in sources for text in texts(ast.parse(path.read_text("utf-8")))]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_quoted_sentence_is_one_that_is_said(sentence: str, said: list[str]) -> None:
    assert [text for text in said if sentence in text]


def test_every_sentence_about_postgresql_is_explained() -> None:
    source = ROOT / "server" / "agent_brain_server" / "storage" / "postgres" / "failures.py"
    about = [text for text in texts(ast.parse(source.read_text("utf-8"))) if text.startswith("PostgreSQL at …")]
    assert about
    unexplained = "PostgreSQL at … reports an error"
    assert [text for text in about if text not in SENTENCES and not text.startswith(unexplained)] == []
