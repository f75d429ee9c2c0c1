"""The benchmarks run. Their numbers are nobody's promise here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def test_the_quickest_measurements_print_their_table(tmp_path: Path) -> None:
    answer = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--work", str(tmp_path / "work"), "--json", str(answer)]
    names = [part for name in ("installed", "unchanged", "query", "search") for part in ("--only", name)]
    ran = subprocess.run([*command, *names], cwd=REPOSITORY, capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(answer.read_text("utf-8"))["figures"]
    assert [figure["what"].split(",")[0] for figure in figures] == [
        "installed size",
        "installed packages besides grammar wheels",
        "unchanged re-index of 100 files",
        "hybrid query in the server",
        "hybrid query in the server",
        "hybrid query over HTTP",
        "hybrid query over HTTP",
        "agent-brain search",
    ]
    assert all(figure["value"] > 0 and not figure["verdict"] for figure in figures)
    assert "| limit | reference of the same run" in ran.stdout
