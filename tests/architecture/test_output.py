"""What is printed for people goes through one module that escapes it, a line at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTPUT = "server_client/agent_brain_client/output.py"
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for package in ("server_client", "wizard")
    for path in (ROOT / package).rglob("*.py")
    if path.relative_to(ROOT).as_posix() != OUTPUT
)


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a module with the name that is called."""
    for node in ast.walk(ast.parse((ROOT / module).read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_nothing_but_output_prints(subtests: pytest.Subtests) -> None:
    unwanted = {"print", "sys.stdout.write", "sys.stderr.write", "sys.excepthook", "traceback.print_exc"}
    for module in MODULES:
        with subtests.test(module):
            assert [(name, call.lineno) for name, call in calls(module) if name in unwanted] == []


def test_what_is_said_has_no_newline_in_a_line(subtests: pytest.Subtests) -> None:
    """`say` and `note` take lines; a newline in one would be written out."""
    for module in MODULES:
        with subtests.test(module):
            said = [call for name, call in calls(module) if name in ("say", "note")]
            texts = [
                (node.value, node.lineno)
                for call in said
                for node in ast.walk(call)
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value
            ]
            assert texts == []
