"""A set is measured from its sources to its tables, with the rivals that are installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.retrieval import semble, sets
from benchmarks.retrieval.__main__ import main
from benchmarks.retrieval.clones import Project
from benchmarks.retrieval.questions import Span
from benchmarks.retrieval.rivals import Ripgrep
from benchmarks.retrieval.scoring import Passage, file_found, file_recall, passage_found

POOL = '"""A pool of sockets."""\n\n\nclass SocketPool:\n    def close_idle(self):\n        self.sockets.clear()\n'
PARSER = '"""A parser of headers."""\n\n\ndef parse_header(line):\n    return line.partition(":")\n'


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def clones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "clones" / "name"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / "pool.py").write_text(POOL)
    (folder / "parser.py").write_text(PARSER)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "start")
    tree = git(folder, "rev-parse", "HEAD")
    (folder / "pool.py").write_text(POOL.replace("clear()", "close_all()"))
    git(folder, "commit", "--quiet", "--all", "--message", "Close every idle socket of the pool properly")
    project = Project("name", "test", "owner/name", "python", tree, git(folder, "rev-parse", "HEAD"))
    monkeypatch.setattr(sets, "read_projects", lambda: [project])
    return folder.parent


def figures(printed: str) -> dict[str, list[float]]:
    rows = re.findall(r"^\| (\w+) \| ([01]\.\d+(?: \| [01]\.\d+){6}) \|$", printed, re.MULTILINE)
    return {name: [float(value) for value in values.split(" | ")] for name, values in rows}


def test_the_history_of_a_clone(clones: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--set", "history", "--clones", str(clones), "--work", str(tmp_path / "work")]
    answers = tmp_path / "answers.jsonl"
    arguments += ["--answers", str(answers)]
    assert main(arguments) == 0
    first = capsys.readouterr().out
    found = figures(first)
    assert {"hybrid", "multi", "bm25", "vector", "fts5", "files"} <= found.keys()
    assert found["hybrid"] == found["files"] == [1.0] * 7
    assert ("ripgrep" in found) == Ripgrep.is_installed()
    assert "test half, 1 questions" in first
    assert "semble (--semble PYTHON)" in first
    written = answers.read_bytes()
    assert b'"results": ["pool.py:' in written
    assert main([*arguments, "--fresh"]) == 0
    assert answers.read_bytes() == written
    assert figures(capsys.readouterr().out) == found


def test_what_the_set_needs_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--set", "history", "--work", str(tmp_path)]) == 2
    assert "--clones DIR" in capsys.readouterr().err


def test_what_is_found_among_the_first() -> None:
    answers = (Span("a.py", 1, 9), Span("a.py", 20, 29), Span("b.py", 1, 9))
    results = [Passage(Span(*place), 1) for place in (("c.py", 1, 2), ("a.py", 30, 40), ("a.py", 5, 6))]
    assert file_recall(results, answers) == 0.5
    assert [file_found(depth)(results, answers) for depth in (1, 2)] == [0, 1]
    assert [passage_found(depth)(results, answers) for depth in (1, 2, 3)] == [0, 0, 1]


def test_semble_is_asked_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "answers.py"
    script.write_text(
        "import json, sys\nfor line in sys.stdin:\n"
        "    question = json.loads(line)\n    if question == 'end':\n        sys.exit(3)\n"
        "    print(json.dumps([(question + '.py', 1, 2, 'eight ch')]), flush=True)\n"
    )
    monkeypatch.setattr(semble, "_SCRIPT", script)
    rival = semble.Semble(Path(sys.executable), tmp_path)
    assert rival.ask("a") == [Passage(Span("a.py", 1, 2), 2)]
    assert rival.ask("b\nc")[0].span.path == "b\nc.py"
    with pytest.raises(RuntimeError, match="semble ended with 3"):
        rival.ask("end")
    rival.close()
