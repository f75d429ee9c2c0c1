"""Every file that is left out, or indexed only in part, is listed with its reason."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import CliProject, cli_project

DEEP = "/".join(["d"] * 201)
LINE = "2026-01-01 beacon of the log; "
SETTINGS = ("--embedding", "none", "--no-watch")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliProject]:
    with cli_project(tmp_path_factory.mktemp("left") / "project") as made:
        made.write(
            {
                "a.py": "def beacon():\n    return 1\n",
                "broken.pdf": "%PDF-1.7\nnothing that a reader knows\n",
                "huge.log": LINE * 100_000,
                "long.txt": LINE * 30_000,
                "latin.txt": "plain\n",
                f"{DEEP}/e.py": "def beacon_deep():\n    return 1\n",
                ".gitignore": "*.ignored\n",
            }
        )
        (made.root / "latin.txt").write_bytes("Grüße aus Köln, ein Wort über Äpfel\n".encode("latin-1"))
        (made.root / "link.py").symlink_to("a.py")
        for name in ("pipe", "pipe.ignored"):
            os.mkfifo(made.root / name)
        place = os.open(made.root, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(f"/proc/self/fd/{place}/wire")
        os.close(place)
        made.ok("setup", "--yes", *SETTINGS, "--index")
        yield made


def test_the_report_lists_each_with_its_reason(project: CliProject) -> None:
    entries = {entry["path"]: entry for entry in project.json("index", "--report")["entries"]}
    expected = {
        "broken.pdf": ("unparsable", "PDF cannot be read: PdfStreamError"),
        "huge.log": ("too_large", "3,000,000 bytes; at most 1,000,000 are read: raise index.max_file_bytes"),
        "long.txt": ("partial", "line 1 is too long: only its start is indexed"),
        "link.py": ("link", ""),
        "pipe": ("not_a_file", "a pipe"),
        "wire": ("not_a_file", "a socket"),
    }
    assert {path: (entries[path]["reason"], entries[path]["detail"]) for path in expected} == expected
    (deep,) = (entry for path, entry in entries.items() if path.startswith("d/"))
    assert (deep["reason"], deep["path"][-1]) == ("too_deep", "/")
    assert entries.keys().isdisjoint({"a.py", "latin.txt", "pipe.ignored"})


def test_people_read_it_in_the_report_and_its_numbers_in_status(project: CliProject) -> None:
    report = project.ok("index", "--report")
    lines = {" ".join(line.split()) for line in report.splitlines()}
    assert "not parsable broken.pdf PDF cannot be read: PdfStreamError" in lines
    assert "in part long.txt line 1 is too long: only its start is indexed" in lines
    assert "not a file pipe a pipe" in lines
    status = " ".join(project.ok("status").split())
    for part in ("1 too deep", "1 too large", "1 not parsable", "2 not a file", "indexed in part: 1 file"):
        assert part in status, status


def test_a_job_over_a_file_that_is_too_large_alone_says_so(tmp_path: Path) -> None:
    with cli_project(tmp_path / "project") as made:
        made.write({"huge.log": LINE * 100_000})
        made.set_up()
        (made.root / ".gitignore").write_text("/.env.agent-brain\n/.claude/\n/.gitignore\n", "utf-8")
        job = made.ok("index", "--wait")
        assert "No file was found that can be indexed." in job
        assert "1 too large" in job
        assert "See: agent-brain index --report" in job
        for command in ("search", "beacon"), ("doctor",):
            done = made.run(*command)
            said = " ".join((done.stdout + done.stderr).split())
            assert "1 too large" in said, said
            assert "agent-brain index --report" in said, said
        assert "huge.log" in made.ok("index", "--report")
