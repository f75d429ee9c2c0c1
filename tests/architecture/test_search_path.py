"""The path of a search in docs/architecture.md: each function on it is there, and it is short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = (ROOT, ROOT / "server", ROOT / "server_client", ROOT / "wizard")
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
HOP = re.compile(r"([\w./-]+\.py):([A-Za-z_][\w.]*)")
BACKENDS = ("sqlite", "postgres")
MOST_HOPS = 35


def _functions(path: Path) -> Iterator[str]:
    """The functions of a module, those of its classes as `Class.method`."""
    for node in ast.parse(path.read_text("utf-8")).body:
        for name, held in ((node.name, node.body),) if isinstance(node, ast.ClassDef) else (("", [node]),):
            for one in held:
                if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield f"{name}.{one.name}" if name else one.name


@pytest.mark.parametrize(("file", "function"), HOP.findall(TEXT))
def test_each_function_is_there(file: str, function: str) -> None:
    found = [place / file for place in PLACES if (place / file).is_file()]
    assert found, f"{file} is nowhere"
    assert function in _functions(found[0]), f"{found[0].relative_to(ROOT)} has no function {function}"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_search_takes_few_steps(backend: str) -> None:
    others = [f"/storage/{name}/" for name in BACKENDS if name != backend]
    hops = [file for file, _ in HOP.findall(TEXT) if not any(other in file for other in others)]
    assert 25 < len(hops) <= MOST_HOPS
    assert any(f"/storage/{backend}/" in file for file in hops)
