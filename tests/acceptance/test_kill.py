"""kill -9 while indexing, again and again: nothing lost, nothing twice, nothing embedded that was stored already."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from agent_brain_server.domain.content import hash_text
from support.brain import ServerProcess, configure
from support.corpus import write_project
from support.embedding_endpoint import EmbeddingEndpoint
from support.interruption import Indexed, RationedEndpoint, assert_same_rows, wait_for_the_end

FILES = 600
KILLS = int(os.environ.get("AGENT_BRAIN_TESTS_KILLS", "10"))
LATEST_KILL_SECONDS = 0.3  # after the first text was asked for
# How many requests the endpoint answers before the next kill: 0.8 on average, of about 16, so that the job cannot end.
ALLOWANCES = (0, 0, 1, 1, 2) if KILLS <= 10 else (0, 0, 0, 0, 1)
SEED = 20_260


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[RationedEndpoint]:
    with RationedEndpoint(dimensions=8) as running:
        # A client that is killed leaves half a request behind.
        monkeypatch.setattr(running._server, "handle_error", lambda *_: None)
        yield running


def make_project(root: Path, endpoint: EmbeddingEndpoint) -> Path:
    root.mkdir()
    write_project(root, FILES)
    provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "test", "dimensions": 8}
    configure(root, embedding=provider)
    return root


def database(root: Path, copy: Path) -> sqlite3.Connection:
    """A copy of the index as it lies on the disk, the log of the dead server with it."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("index.db", "index.db-wal"):
        source = root / ".claude" / "agent-brain" / name
        if source.exists():
            shutil.copy(source, copy / name)
    return sqlite3.connect(copy / "index.db")


def stored_hashes(root: Path, copy: Path) -> set[str]:
    with closing(database(root, copy)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return {text_hash for (text_hash,) in connection.execute("SELECT text_hash FROM vectors")}


def read_index(root: Path, copy: Path) -> Indexed:
    with closing(database(root, copy)) as connection:
        connection.execute("INSERT INTO chunk_terms (chunk_terms) VALUES ('integrity-check')")
        connection.execute("CREATE VIRTUAL TABLE temp.held USING fts5vocab ('main', 'chunk_terms', 'instance')")
        files = connection.execute(
            "SELECT path, folder, content_hash, size, language, chunk_count, note FROM files"
        ).fetchall()
        chunks = connection.execute(
            "SELECT chunk_id, path, start_line, end_line, chunks.language, kind, symbol, name, text_hash, signature,"
            " documentation, text FROM chunks JOIN files ON files.id = file_id"
        ).fetchall()
        terms = connection.execute('SELECT chunk_id, term, col, "offset" FROM held JOIN chunks ON row = doc')
        counted = Counter(terms)
        (held,) = connection.execute("SELECT count(*) FROM held").fetchone()
        assert held == counted.total(), "the terms of a chunk that is gone are still there"
        vectors = dict(connection.execute("SELECT text_hash, vector FROM vectors").fetchall())
        assert len({row[0] for row in files}) == len(files)
        (embedded,) = connection.execute("SELECT embedded_texts FROM meta").fetchone()
        return Indexed(set(files), {row[0]: row[1:] for row in chunks}, vectors, counted, embedded)


def index_undisturbed(root: Path, endpoint: RationedEndpoint) -> Indexed:
    with ServerProcess(root) as server:
        job = server.index()
    assert job["progress"]["files_done"] == FILES
    indexed = read_index(root, root.parent / "copy")
    hashes = Counter(map(hash_text, endpoint.texts))
    assert set(hashes) == set(indexed.vectors), "every text that is indexed is embedded, and no other"
    assert set(hashes.values()) == {1}, "and each of them once"
    assert job["progress"]["texts_embedded"] == len(endpoint.texts)
    assert len(hashes) < len(indexed.chunks), "some texts are there twice"
    return indexed


def kill_while_indexing(root: Path, endpoint: RationedEndpoint, rng: random.Random) -> None:
    endpoint.allowed = rng.choice(ALLOWANCES)
    asked = len(endpoint.texts)
    with ServerProcess(root) as server:
        deadline = time.monotonic() + 20
        while len(endpoint.texts) == asked:
            assert time.monotonic() < deadline, "the job does not go on by itself"
            time.sleep(0.005)
        time.sleep(rng.uniform(0, LATEST_KILL_SECONDS))
        assert server.http.get("/index/jobs/1").json()["state"] == "running", "the kill must land while indexing"
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.kill()
    wait_for_the_end(children)


def first_kill(root: Path) -> None:
    with ServerProcess(root) as server:
        assert server.http.post("/index", json={}).status_code == 202
        server.kill()


@pytest.mark.slow
@pytest.mark.timeout(240 + 20 * KILLS)
def test_kills_leave_the_index_of_an_undisturbed_run(tmp_path: Path, endpoint: RationedEndpoint) -> None:
    expected = index_undisturbed(make_project(tmp_path / "undisturbed", endpoint), endpoint)
    root = make_project(tmp_path / "killed", endpoint)
    endpoint.texts.clear()
    rng, kills, sizes = random.Random(SEED), [], []
    first_kill(root)
    for number in range(KILLS):
        if number:
            kill_while_indexing(root, endpoint, rng)
        kills.append((len(endpoint.texts), stored_hashes(root, tmp_path / "copy")))
        sizes.append(len(kills[-1][1]))
    endpoint.allowed = None
    with ServerProcess(root) as server:
        job = server.wait(1)
    assert job["attempt"] > KILLS // 2
    assert job["progress"]["files_done"] == FILES
    assert_same_rows(read_index(root, tmp_path / "copy"), expected)

    asked = list(map(hash_text, endpoint.texts))
    for position, stored in kills:
        again = stored.intersection(asked[position:])
        assert not again, "a text that was stored before a kill was embedded again after it"
    assert sizes == sorted(sizes), "nothing that was stored is lost"
    assert set(asked) == set(expected.vectors)
    print(
        f"\n{KILLS} kills; stored after each: {sizes}; {len(expected.vectors)} distinct texts, {len(asked)} asked for:"
        f" {len(asked) - len(set(asked))} again, all in flight at a kill; {len(expected.chunks)} chunks"
    )


def test_a_server_that_is_stopped_while_indexing_goes_on_after_its_start(
    tmp_path: Path, endpoint: RationedEndpoint
) -> None:
    root = make_project(tmp_path / "stopped", endpoint)
    endpoint.allowed = 4
    with ServerProcess(root) as server:
        assert server.http.post("/index", json={}).status_code == 202
        while not server.http.get("/index/jobs/1").json()["progress"]["files_done"]:
            time.sleep(0.01)
        children = psutil.Process(server.process.pid).children(recursive=True)
    assert server.process.returncode == 0
    wait_for_the_end(children)
    assert not server.server_file.exists()
    asked, stored = len(endpoint.texts), stored_hashes(root, tmp_path / "copy")
    assert stored

    endpoint.allowed = None
    with ServerProcess(root) as again:
        job = again.wait(1)
        assert (job["attempt"], job["progress"]["files_done"]) == (2, FILES)
    assert not stored.intersection(map(hash_text, endpoint.texts[asked:]))
