"""PostgreSQL chosen by one setting and used by everything: the real server, asked over HTTP, its rows read with SQL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_brain_client.wire import location_id
from agent_brain_server.settings.postgres import PostgresConfig
from support.brain import ServerProcess, configure, write_files
from support.corpus import write_project
from support.embedding_endpoint import EmbeddingEndpoint
from support.postgres import DatabaseServer, PostgresServer

FILES = {
    "billing/retry.py": (
        '"""Retries."""\n\n\ndef schedule_retry(delay):\n    """Pay the invoice later."""\n    return delay * 2\n'
    ),
    "web/router.ts": "export function mountRouter(path: string): number {\n  return path.length;\n}\n",
    "docs/guide.md": "# Guide\n\nA socket waits for its token.\n\n## Retry\n\nThe invoice is paid again.\n",
    "cmd/main.go": (
        "package main\n\n// ParseHeader reads a header.\nfunc ParseHeader(line int) int {\n\treturn line\n}\n"
    ),
}
QUESTIONS = ("schedule_retry", "how is an invoice paid again", "ParseHeader", "router token socket")
MODES = ("bm25", "vector", "hybrid")
PROJECT_TABLES = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'agent_brain' AND column_name = 'project_id' ORDER BY table_name
"""


def on(url: str) -> DatabaseServer:
    return DatabaseServer(PostgresConfig.from_url(url))


def serve(root: Path, url: str) -> ServerProcess:
    """The server, with PostgreSQL chosen as a user would in a shell."""
    return ServerProcess(root, {"AGENT_BRAIN_STORAGE_URL": url})


def make_project(root: Path, **sections: object) -> Path:
    root.mkdir()
    configure(root, **sections)
    write_files(root, FILES)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "mein Läden é 店")


def ask(server: ServerProcess, query: str, mode: str = "hybrid", **more: Any) -> list[Any]:
    response = server.http.post("/query", json={"query": query, "mode": mode, "top_k": 50, **more})
    assert response.status_code == 200, response.text
    results: list[Any] = response.json()["results"]
    return results


def paths(server: ServerProcess, query: str, mode: str = "bm25", **more: Any) -> set[str]:
    return {result["path"] for result in ask(server, query, mode, **more)}


def all_answers(server: ServerProcess) -> list[Any]:
    return [ask(server, query, mode, explain=True) for query in QUESTIONS for mode in MODES]


def rows_by_table(url: str, project: str) -> dict[str, int]:
    """How many rows of a project each of the tables that have some of every project holds."""
    tables = [name for (name,) in on(url).psql(PROJECT_TABLES)]
    counts = [f"SELECT '{name}', count(*) FROM agent_brain.{name} WHERE project_id = '{project}'" for name in tables]
    return dict(on(url).psql(" UNION ALL ".join(counts)))


def assert_unavailable(response: httpx.Response, config: PostgresConfig) -> None:
    assert response.status_code == 503, response.text
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "storage_unavailable"
    assert f"{config.host}:{config.port}" in problem["detail"]
    assert "\n" not in problem["detail"]
    assert config.password.get_secret_value() not in response.text


def sqlite_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.read_bytes().startswith(b"SQLite format 3")]


def test_what_is_indexed_over_http_lies_in_postgresql_and_nowhere_else(root: Path, own_server: PostgresServer) -> None:
    with own_server.database() as name, serve(root, own_server.url(name)) as server:
        url = own_server.url(name)
        assert server.index()["progress"]["files_done"] == len(FILES)
        before = all_answers(server)
        assert all(before)
        project = location_id(root)
        stored = on(url).psql("SELECT path FROM agent_brain.files ORDER BY path")
        assert stored == [(path,) for path in sorted(FILES)]
        chunks = dict(on(url).psql("SELECT chunk_id, text FROM agent_brain.chunks"))
        assert {
            result["chunk_id"]: result["text"] for results in before for result in results
        }.items() <= chunks.items()
        counts = rows_by_table(url, project)
        assert counts["chunks"] == counts["chunk_terms"] == len(chunks)
        assert min(counts["vectors"], counts["term_frequencies"]) > 0
        status = server.http.get("/health/status").json()["index"]
        assert (status["files"], status["chunks"]) == (len(FILES), len(chunks))
        assert not sqlite_files(root)
        assert not list(root.rglob("index.db*"))

        own_server.stop()
        for mode in MODES:
            response = server.http.post("/query", json={"query": "retry", "mode": mode})
            assert_unavailable(response, own_server.config)
        assert_unavailable(server.http.post("/index", json={}), own_server.config)
        assert_unavailable(server.http.get("/index/jobs/1"), own_server.config)
        health = server.http.get("/health/postgres")
        assert_unavailable(health, own_server.config)
        assert health.json()["healthy"] is False
        assert server.http.get("/health").status_code == 200

        own_server.start()
        assert all_answers(server) == before
        healthy = server.http.get("/health/postgres").json()
        assert (healthy["healthy"], healthy["detail"], healthy["waiters"]) == (True, "", 0)
        assert server.index()["progress"]["files_changed"] == 0
        assert not sqlite_files(root)


def test_after_a_restart_every_mode_answers_as_before(root: Path, postgres_url: str) -> None:
    with serve(root, postgres_url) as server:
        server.index()
        before = all_answers(server)
    with serve(root, postgres_url) as server:
        assert all_answers(server) == before
        response = server.http.post("/query", json={"query": "schedule_retry invoice", "explain": True}).json()
        assert response["mode"] == "hybrid"
        assert response["plan"] == {"bm25": "gin", "vector": "exact"}
        assert {"bm25", "vector"} <= response["results"][0]["explain"]["ranks"].keys()
        assert server.index()["progress"]["files_changed"] == 0


def test_filters_with_two_values_return_the_union(root: Path, postgres_url: str) -> None:
    words = "retry router header invoice"
    with serve(root, postgres_url) as server:
        server.index()
        for mode in MODES:
            assert paths(server, words, mode) == set(FILES)
            both = {"billing/retry.py", "web/router.ts"}
            assert paths(server, words, mode, filters={"languages": ["python", "typescript"]}) == both
            assert paths(server, words, mode, filters={"paths": ["billing/", "*.ts"]}) == both
            assert paths(server, words, mode, filters={"symbols": ["schedule_retry", "mountRouter"]}) == both
            kinds = {result["kind"] for result in ask(server, words, mode)}
            assert len(kinds) >= 2
            two = sorted(kinds)[:2]
            found = [result["kind"] for result in ask(server, words, mode, filters={"kinds": two})]
            assert set(found) == set(two)


def test_a_reset_deletes_the_rows_of_its_project_alone(tmp_path: Path, postgres_url: str) -> None:
    one, other = make_project(tmp_path / "one"), make_project(tmp_path / "other")
    with serve(one, postgres_url) as first, serve(other, postgres_url) as second:
        first.index()
        second.index()
        kept, answers = rows_by_table(postgres_url, location_id(other)), all_answers(second)
        assert first.http.delete("/index").status_code in (200, 204)
        left = rows_by_table(postgres_url, location_id(one))
        content = {"files", "chunks", "chunk_terms", "term_frequencies", "vectors"}
        assert {name: count for name, count in left.items() if name in content} == dict.fromkeys(content, 0)
        assert paths(first, "retry invoice") == set()
        assert rows_by_table(postgres_url, location_id(other)) == kept
        assert all_answers(second) == answers
        assert first.index()["progress"]["files_done"] == len(FILES)
        assert paths(first, "ParseHeader") == {"cmd/main.go"}


def test_two_projects_in_one_database_see_nothing_of_each_other(tmp_path: Path, postgres_url: str) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for root, word in ((one, "falcon"), (other, "lantern")):
        root.mkdir()
        configure(root)
        write_files(root, {f"{word}/shared.py": f"def shared_{word}():\n    return '{word} meadow'\n"})
        write_files(root, {"same.py": "def same():\n    return 'the same in both'\n"})
    with serve(one, postgres_url) as first, serve(other, postgres_url) as second:
        first.index()
        for _ in range(3):
            second.index()
        for server, own, foreign in ((first, "falcon", "lantern"), (second, "lantern", "falcon")):
            for mode in MODES:
                found = ask(server, f"{foreign} shared meadow same", mode)
                assert {result["path"] for result in found} <= {f"{own}/shared.py", "same.py"}
                assert all(foreign not in result["text"] for result in found)
                assert ask(server, "shared", mode, filters={"paths": [f"{foreign}/"]}) == []
            assert paths(server, foreign) == set()
        foreign_chunk = ask(second, "lantern")[0]["chunk_id"]
        assert second.http.get(f"/query/chunk/{foreign_chunk}").status_code == 200
        assert first.http.get(f"/query/chunk/{foreign_chunk}").status_code == 404
        assert second.http.get("/index/jobs/3").status_code == 200
        assert first.http.get("/index/jobs/2").status_code == 404
        assert len(first.http.get("/index/jobs").json()["jobs"]) == 1
        assert second.http.post("/index/folders", json={"path": "lantern"}).is_success
        assert [folder["path"] for folder in first.http.get("/index/folders").json()["folders"]] == ["."]
        assert first.http.get("/health/status").json()["index"]["files"] == 2


@pytest.mark.parametrize("dimensions", [3_072, 5_000])
def test_models_of_many_dimensions_are_indexed_and_searched(tmp_path: Path, postgres_url: str, dimensions: int) -> None:
    with EmbeddingEndpoint(dimensions) as endpoint:
        provider = {"provider": "openai-compatible", "base_url": endpoint.url, "model": "large"}
        root = make_project(tmp_path / "large", embedding={**provider, "dimensions": dimensions})
        with serve(root, postgres_url) as server:
            job = server.index()
            assert job["progress"]["texts_embedded"] > 0
            before = ask(server, "schedule_retry", "vector", explain=True)
            assert {result["path"] for result in before} == set(FILES)
        with serve(root, postgres_url) as server:
            assert ask(server, "schedule_retry", "vector", explain=True) == before
    (size,) = on(postgres_url).psql("SELECT DISTINCT vector_dims(vector) FROM agent_brain.vectors")
    assert size == (dimensions,)


def test_a_batch_is_one_transaction(tmp_path: Path, own_server: PostgresServer) -> None:
    root = tmp_path / "many"
    root.mkdir()
    configure(root)
    write_project(root, 600)
    with own_server.database() as name, serve(root, own_server.url(name)) as server:
        committed = f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{name}'"
        time.sleep(1.1)  # what idle connections have counted is known after a second
        ((before,),) = own_server.psql(committed)
        chunks = server.index()["progress"]["chunks_done"]
        time.sleep(1.1)
        ((after,),) = own_server.psql(committed)
    print(f"\n{chunks} chunks of 600 files in {after - before} transactions, those of the waiting client among them")
    assert after - before < chunks / 4
