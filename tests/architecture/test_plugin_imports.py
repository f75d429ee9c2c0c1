"""The plugin's scripts run under any Python: the standard library and each other are all they have."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "plugin" / "scripts"
MODULES = sorted(path for path in SCRIPTS.iterdir() if path.is_file())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_only_the_standard_library_is_imported(path: Path) -> None:
    own = {*(module.stem for module in MODULES), "agent_brain_contract"}
    tree = ast.parse(path.read_text("utf-8"))
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in named if name.partition(".")[0] not in {*sys.stdlib_module_names, *own}] == []
