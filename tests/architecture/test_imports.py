"""The layers of docs/architecture.md, and what may not be imported at start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_import_contracts_hold() -> None:
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        (
            "agent_brain_server.process.serve",
            {"numpy", "tree_sitter", "httpx", "tqdm", "jinja2", "inotify_simple"}  # uvicorn imports watchfiles
            | {"agent_brain_server.indexing.secrets.masking", "agent_brain_server.indexing.secrets.tokens"},
        ),
        (
            "agent_brain_client.cli.search",
            {"pydantic", "rich", "tqdm", "jinja2", "yaml", "numpy", "psutil", "typing_extensions", "annotated_types"},
        ),
    ],
)
def test_start_does_not_pay_for_what_it_may_not_use(module: str, unwanted: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not unwanted & set(done.stdout.split())
