"""Files made to break parsers: every job ends, their text is found, the server stays small and answers meanwhile."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.brain import ServerProcess, configure, write_files
from support.monsters import DOCUMENTS, EXTENSIONS, monsters

MOST_MEGABYTES = 200
SMALL, LARGE = 3_000, 150_000
HARD = {
    "generics.cs": "foundhardgenerics\n" + "A<" * 20_000,
    "strings.lua": "foundhardstrings\n" + 'x = { "a\n' * 13_000,
    "chain.rb": "foundhardchain\n" + "x = a" + ".then(1)" * 100_000,
    "functions.js": "foundhardfunctions\n" + "function f(){}\n" * 60_000,
    "selectors.css": "foundhardselectors\n" + ".a,\n" * 200_000,
    "comments.c": "foundhardcomments\n" + "/*a*/ " * 150_000,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    configure(tmp_path)
    write_files(tmp_path, {"calm.py": "def calm_water():\n    return 1\n"})
    return tmp_path


class Watched:
    """What the server was like while it worked: its largest size, and how it answered a search again and again."""

    def __init__(self, server: ServerProcess) -> None:
        self.megabytes = 0.0
        self.answers: list[int] = []
        self._server = server
        self._process = psutil.Process(server.process.pid)

    def look(self) -> None:
        self.megabytes = max(self.megabytes, self._process.memory_info().rss / 1e6)
        query = {"query": "calm water", "mode": "bm25"}
        answer = self._server.http.post("/query", json=query, timeout=30)
        self.answers.append(len(answer.json()["results"]) if answer.is_success else -1)


@contextmanager
def watched(server: ServerProcess) -> Iterator[Watched]:
    seen, over = Watched(server), threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            seen.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def paths(server: ServerProcess, query: str) -> set[str]:
    answer = server.http.post("/query", json={"query": query, "mode": "bm25", "top_k": 20}).json()
    return {result["path"] for result in answer["results"]}


def check(root: Path, files: Mapping[str, str], seconds: float) -> Any:
    """Index the files while searches are answered: their text is found, and no second job reads them again."""
    with ServerProcess(root) as server:
        server.index()
        write_files(root, files)
        with watched(server) as seen:
            started = server.http.post("/index", json={})
            job = server.wait(started.json()["id"], seconds)
        assert job["progress"]["files_failed"] == 0
        missing = [name for name, text in files.items() if name not in paths(server, text.partition("\n")[0])]
        assert missing == []
        assert seen.megabytes < MOST_MEGABYTES
        assert min(seen.answers) >= 1
        again = server.index()
        assert (again["progress"]["files_changed"], again["progress"]["files_failed"]) == (0, 0)
    return job


def files_of(languages: Mapping[str, str], size: int) -> dict[str, str]:
    return {
        f"{language}/{name}.{extension}": text
        for language, extension in languages.items()
        for name, text in monsters(language, size)
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_small_monsters_of_every_language(root: Path) -> None:
    check(root, files_of(EXTENSIONS | DOCUMENTS, SMALL), 240)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_those_that_were_the_worst(root: Path) -> None:
    job = check(root, HARD, 240)
    gave_up = {problem.partition(":")[0] for problem in job["progress"]["problems"] if "gave up" in problem}
    assert {"generics.cs", "strings.lua"} <= gave_up


def pdf(content: bytes) -> bytes:
    """A PDF of one page."""
    packed = zlib.compress(content, 9)
    parts = [
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>>",
        b"<</Length %d /Filter /FlateDecode>>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
    ]
    made, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size, start = len(parts) + 1, len(made)
    return made + b"xref\n0 %d\n0000000000 65535 f \n%strailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        size,
        table,
        size,
        start,
    )


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_page_that_takes_minutes_and_warnings_without_end(root: Path) -> None:
    """The page is given up with a note, and nothing that the reader prints comes into the log."""
    slow = pdf(b"BT /F1 12 Tf " + b"(a) Tj 1 0 Td " * 500_000 + b"ET")
    assert len(slow) < 100_000
    broken = b"%PDF-1.4\n" + b"1 0 obj <</A 99 0 R>> endobj\n" * 20_000 + b"trailer <</Root 1 0 R /Size 9>>\n%%EOF"
    write_files(root, {"slow.pdf": slow, "broken.pdf": broken, "good.pdf": pdf(b"BT /F1 12 Tf (readable) Tj ET")})
    with ServerProcess(root) as server:
        with watched(server) as seen:
            started = server.http.post("/index", json={})
            problems = server.wait(started.json()["id"], 200)["progress"]["problems"]
        assert any(problem.startswith("slow.pdf: ") for problem in problems)  # by our limit, or by the reader's own
        assert paths(server, "readable") == {"good.pdf"}
        assert min(seen.answers) >= 0
        assert seen.megabytes < MOST_MEGABYTES
        assert server.index()["progress"]["files_changed"] == 0
    assert (root / ".claude" / "agent-brain" / "test.log").stat().st_size < 20_000


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("language", sorted(EXTENSIONS | DOCUMENTS))
def test_large_monsters(root: Path, language: str) -> None:
    check(root, files_of({language: (EXTENSIONS | DOCUMENTS)[language]}, LARGE), 3_600)


ODD: Mapping[str, str | bytes] = {
    "broken.py": "def f(:\n    return (\n" * 200,
    "broken.js": "function ( { `${\n" * 200,
    "broken.cs": "A<" * 2_000,
    "broken.lua": 'x = { "a\n' * 300,
    "broken.scala": "object A { def f = {\n" * 200,
    "broken.rb": "x = a" + ".then(1)" * 3_000,
    "broken.html": "<a <b <!-- <script>" * 500,
    "broken.json": '{"a": [' * 2_000,
    "broken.ipynb": '{"cells": [' * 2_000,
    "broken.css": ".a,\n" * 5_000,
    "broken.sql": "create table (((\n" * 500,
    "broken.md": "# a\n```\n" * 500,
    "broken.toml": "[a\n" * 500,
    "broken.pdf": b"%PDF-1.4\n1 0 obj <</Type /Catalog /Pages 1 0 R>> endobj\ntrailer <</Root 1 0 R>>",
    "utf16.txt": ("wide " * 500).encode("utf-16"),
    "latin.txt": b"caf\xe9 " * 500,
    "binary.dat": bytes(range(256)) * 50,
    "nothing.py": "",
    "long.txt": "word " * 50_000,
    "far.sh": "echo {\U0010ffff,a}\n" * 300,
}


def save_again_and_again(root: Path, saves: int) -> tuple[int, int]:
    """The server's memory before and after the saves, when each file was saved some times already."""
    with ServerProcess(root) as server:
        process = psutil.Process(server.process.pid)
        before = 0
        for number in range(100 + saves):
            if number == 100:
                before = process.memory_info().rss
            name = list(ODD)[number % len(ODD)]
            content = ODD[name]
            end = f"\n{number}\n"
            (root / name).write_bytes(
                content + end.encode() if isinstance(content, bytes) else f"{content}{end}".encode()
            )
            server.index(name)
        return before, process.memory_info().rss


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_saves_of_broken_files_leave_the_memory_as_it_was(root: Path) -> None:
    before, after = save_again_and_again(root, 100)
    assert after < before * 1.1


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
def test_a_thousand_saves_of_broken_files_leave_the_memory_as_it_was(root: Path) -> None:
    before, after = save_again_and_again(root, 1_000)
    print(f"\n{before / 1e6:.1f} MB before, {after / 1e6:.1f} MB after 1,000 saves")
    assert after < before * 1.1
