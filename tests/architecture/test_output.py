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


@pytest.mark.parametrize("module", MODULES)
def test_nothing_but_output_prints(module: str) -> None:
    unwanted = {"print", "sys.stdout.write", "sys.stderr.write", "sys.excepthook", "traceback.print_exc"}
    assert [(name, call.lineno) for name, call in calls(module) if name in unwanted] == []


@pytest.mark.parametrize("module", MODULES)
def test_what_is_said_has_no_newline_in_a_line(module: str) -> None:
    """`say` and `note` take lines; a newline in one would be written out."""
    said = [call for name, call in calls(module) if name in ("say", "note")]
    texts = [
        (node.value, node.lineno)
        for call in said
        for node in ast.walk(call)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" in node.value
    ]
    assert texts == []
