"""Bounds of modules and functions, and no two modules that import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("server", "server_client", "wizard", "plugin", "docs", "training", "benchmarks")
PACKAGES = [ROOT / "server", ROOT / "server_client", ROOT / "wizard"]
MOST_MODULE_LINES = 400
MOST_FUNCTION_LINES = 40


def _modules() -> list[Path]:
    return sorted(path for part in PARTS for path in (ROOT / part).rglob("*.py") if ".venv" not in path.parts)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_module_is_long() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in _modules()}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_MODULE_LINES} == {}


def test_no_function_is_long() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in _modules()
        for node in _functions(ast.parse(path.read_text("utf-8")))
    }
    assert {place: lines for place, lines in lengths.items() if lines > MOST_FUNCTION_LINES} == {}


def _imported(path: Path, names: set[str]) -> set[str]:
    """Return which of `names` the module at `path` imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & names


def test_no_two_modules_import_each_other() -> None:
    paths = {
        ".".join(path.relative_to(package).with_suffix("").parts): path
        for package in PACKAGES
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    imports = {name: _imported(path, set(paths)) for name, path in paths.items()}
    pairs = {tuple(sorted((name, other))) for name in imports for other in imports[name] if name in imports[other]}
    assert pairs == set()
