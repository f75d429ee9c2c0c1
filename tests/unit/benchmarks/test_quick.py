"""The benchmarks run. Their numbers are not checked here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks import database
from benchmarks.__main__ import main

from support.postgres import DatabaseServer

REPOSITORY = Path(__file__).resolve().parents[3]


def run(work: Path, *names: str, **environment: str) -> tuple[list[Any], str]:
    """Return the figures of these measurements, and what was printed."""
    answer = work / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--work", str(work / "work"), "--json", str(answer)]
    only = [part for name in names for part in ("--only", name)]
    ran = subprocess.run(
        [*command, *only], cwd=REPOSITORY, capture_output=True, text=True, timeout=100, env=os.environ | environment
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(answer.read_text("utf-8"))["figures"], ran.stdout


def test_the_quickest_measurements_print_their_table(tmp_path: Path) -> None:
    figures, printed = run(tmp_path, "installed", "search")
    assert [figure["what"].split(",")[0] for figure in figures] == [
        "installed size",
        "installed packages besides grammar wheels",
        "agent-brain search",
    ]
    assert all(figure["value"] > 0 and not figure["verdict"] for figure in figures)
    assert "| limit | reference of the same run" in printed


@pytest.mark.slow
def test_postgres_stands_beside_sqlite(tmp_path: Path, session_server: DatabaseServer) -> None:
    figures, printed = run(tmp_path, "unchanged", "query", "million", DATABASE_URL=session_server.url())
    names = [re.sub(r"\d+(,\d{3})*", "N", figure["what"]) for figure in figures]
    queries = [f"hybrid query {where}, pN, N chunks" for where in ("in the server", "over HTTP") for _ in range(2)]
    assert names == [
        "unchanged re-index of N files",
        "PostgreSQL: unchanged re-index of N files",
        *queries,
        *[f"PostgreSQL: {query}" for query in queries],
        "PostgreSQL: load of N chunks",
        "PostgreSQL: building the index over N vectors",
        *["PostgreSQL: hybrid query in the server, pN, N chunks, N client"] * 2,
        *["PostgreSQL: hybrid query in the server, pN, N chunks, N clients"] * 2,
        "PostgreSQL: size of that database",
    ]
    value = {figure["what"]: figure["value"] for figure in figures}
    for figure in figures:
        if (embedded := figure["what"].removeprefix("PostgreSQL: ")) in value and embedded != figure["what"]:
            assert [(each["name"], each["value"]) for each in figure["references"]] == [("SQLite", value[embedded])]
    assert all(figure["value"] > 0 for figure in figures)
    assert "fsync" in printed.splitlines()[0]


def test_without_a_server_sqlite_is_measured_and_the_reason_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise LookupError("no PostgreSQL: there is none today")

    monkeypatch.setattr(database, "check", missing)
    assert main(["--quick", "--work", str(tmp_path), "--only", "unchanged"]) == 0
    first, *table = capsys.readouterr().out.splitlines()
    assert first.endswith("no PostgreSQL: there is none today")
    assert [row.split(" | ")[0] for row in table[2:]] == ["unchanged re-index of 100 files"]
