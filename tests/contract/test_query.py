"""`POST /query`: every field is honoured or refused, and every mode answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.brain import Brain, configure, write_files

FILES = {
    "src/http/server.py": '''"""The server."""


class HttpServer:
    """Serves requests."""

    def handle_request(self, request):
        """Answer one request."""
        return self.route(request)
''',
    "src/http/client.go": """package http

// SendRequest sends one request to the server.
func SendRequest(request string) string {
	return request
}
""",
    "docs/server.md": "# Operations\n\n## Restarting the server\n\nSend a request to stop, then start the server.\n",
    "tests/test_server.py": "def test_handle_request():\n    assert handle_request(None) is None\n",
}


@pytest.fixture(scope="module")
async def filled(read_only: Brain) -> Brain:
    write_files(read_only.root, FILES)
    await read_only.index()
    return read_only


@pytest.mark.parametrize("mode", ["bm25", "vector", "hybrid", "multi"])
async def test_every_mode_finds_the_handler(filled: Brain, mode: str) -> None:
    answer = await filled.call("POST", "/query", json={"query": "handle request server", "mode": mode})
    assert answer["mode"] == mode
    assert answer["took_ms"] > 0
    assert answer["truncated"] is False
    assert "src/http/server.py" in [result["path"] for result in answer["results"][:3]]
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)


async def test_a_passage_is_what_the_file_says(filled: Brain) -> None:
    for passage in await filled.search("server request"):
        lines = (filled.root / passage["path"]).read_text("utf-8").splitlines()
        shown = lines[passage["start_line"] - 1 : passage["end_line"]]
        assert passage["text"] == "\n".join(shown), passage
        assert passage["stale"] is False
        chunk = await filled.call("GET", f"/query/chunk/{passage['chunk_id']}")
        assert chunk["text"] == passage["text"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"paths": ["src/"]}, {"src/http/server.py", "src/http/client.go"}),
        ({"paths": ["*.go", "*.md"]}, {"src/http/client.go", "docs/server.md"}),
        ({"paths": ["!tests/", "!docs/"]}, {"src/http/server.py", "src/http/client.go"}),
        ({"languages": ["go"]}, {"src/http/client.go"}),
        ({"languages": ["go", "markdown"]}, {"src/http/client.go", "docs/server.md"}),
        ({"kinds": ["function"], "paths": ["src/"]}, {"src/http/client.go"}),
        ({"symbols": ["SendRequest"]}, {"src/http/client.go"}),
        ({"languages": ["rust"]}, set()),
    ],
)
@pytest.mark.parametrize("mode", ["bm25", "vector", "hybrid", "multi"])
async def test_filters_hold_in_every_mode(
    filled: Brain, mode: str, filters: dict[str, list[str]], expected: set[str]
) -> None:
    assert await filled.paths("server request", mode=mode, filters=filters) == expected


async def test_filters_work_below_the_limit(brain: Brain, root: Path) -> None:
    write_files(root, {f"loud/m{i:03}.py": "def retry():\n    retry(retry)\n" + f"# {i}" for i in range(250)})
    write_files(root, {"quiet/one.go": "package one\n\n// words words words words words retry\nfunc A() {}\n"})
    await brain.index()
    for mode in ("bm25", "vector", "hybrid"):
        found = await brain.search("retry", mode=mode, top_k=1, filters={"languages": ["go"]})
        assert [result["path"] for result in found] == ["quiet/one.go"], mode


async def test_explain_tells_each_stage(filled: Brain) -> None:
    first = (await filled.search("handle request", explain=True))[0]
    assert set(first["explain"]["ranks"]) == {"bm25", "vector"}
    assert first["explain"]["ranks"]["bm25"] >= 1
    assert first["explain"]["scores"]["coverage"] > 1
    assert "holds the question's words" in first["explain"]["reason"]
    assert "explain" not in (await filled.search("handle request"))[0]


async def test_explain_names_how_the_store_found_the_hits(filled: Brain) -> None:
    for mode, retrievers in {"bm25": {"bm25"}, "vector": {"vector"}, "hybrid": {"bm25", "vector"}}.items():
        answer = await filled.call("POST", "/query", json={"query": "handle request", "mode": mode, "explain": True})
        assert set(answer["plan"]) == retrievers
        assert all(answer["plan"].values())
    assert "plan" not in await filled.call("POST", "/query", json={"query": "handle request"})
    nothing = await filled.call("POST", "/query", json={"query": "?", "mode": "bm25", "explain": True})
    assert nothing["plan"] == {}


async def test_max_tokens_bounds_the_text(filled: Brain) -> None:
    whole = await filled.search("server request")
    answer = await filled.call("POST", "/query", json={"query": "server request", "max_tokens": 60})
    assert answer["truncated"] is True
    assert 0 < len(answer["results"]) < len(whole)
    assert sum(-(-len(result["text"]) // 4) for result in answer["results"]) <= 60
    cut = await filled.call("POST", "/query", json={"query": "server request", "max_tokens": 5})
    assert len(cut["results"]) == 1
    assert len(cut["results"][0]["text"]) <= 20


async def test_passages_that_touch_are_cited_as_one(brain: Brain, root: Path) -> None:
    body = "".join(f"    total = add_number({n}, total)\n" for n in range(150))
    write_files(root, {"sums.py": f"def add_numbers(total):\n{body}    return total\n"})
    await brain.index()
    question = {"query": "add numbers total", "mode": "hybrid"}
    apart = (await brain.call("POST", "/query", json=question))["results"]
    (joined,) = (await brain.call("POST", "/query", json={**question, "max_tokens": 5_000}))["results"]
    assert len(apart) > 1
    assert (joined["start_line"], joined["end_line"]) == (1, 152)
    assert joined["text"] == (root / "sums.py").read_text("utf-8").rstrip("\n")


async def test_an_outline_shows_signatures(filled: Brain) -> None:
    answer = await filled.call("POST", "/query", json={"query": "SendRequest", "outline": True, "top_k": 1})
    assert answer["results"][0]["text"].split("\n") == [
        "func SendRequest(request string) string",
        "    SendRequest sends one request to the server.",
    ]


async def test_what_defines_a_name_stands_above_what_tests_it(filled: Brain) -> None:
    found = [result["path"] for result in await filled.search("handle_request")]
    assert found[0] == "src/http/server.py"
    assert found.index("tests/test_server.py") > 0


async def test_top_k_is_honoured(filled: Brain) -> None:
    assert len(await filled.search("server request", top_k=2)) == 2


@pytest.mark.parametrize("mode", ["semantic", "HYBRID", "graph "])
async def test_other_modes_are_refused_by_name(filled: Brain, mode: str) -> None:
    problem = await filled.call("POST", "/query", 422, json={"query": "x", "mode": mode})
    assert problem["code"] == "mode_unsupported"
    assert problem["field"] == "mode"
    assert mode in problem["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "x", "top_k": 0}, "top_k"),
        ({"query": "x", "topk": 3}, "topk"),
        ({"query": "x", "filters": {"path": ["a"]}}, "filters.path"),
        ({"query": "x", "max_tokens": "many"}, "max_tokens"),
        ({"query": "x", "filters": {"paths": ["!"]}}, "filters.paths"),
    ],
)
async def test_bad_input_is_refused_by_the_fields_name(filled: Brain, body: dict[str, object], field: str) -> None:
    problem = await filled.call("POST", "/query", 422, json=body)
    assert (problem["status"], problem["code"], problem["field"]) == (422, "request_invalid", field)


async def test_half_a_character_is_refused(filled: Brain) -> None:
    body = b'{"query": "\\ud800"}'
    problem = await filled.call("POST", "/query", 422, content=body, headers={"Content-Type": "application/json"})
    assert problem["field"] == "query"


@pytest.mark.parametrize(
    "query", ["AND OR NOT", '"', "a*", "NEAR(x y)", "symbol: x", "--", "\0", "%", "( ) { }", "é 漢字"]
)
async def test_any_text_is_a_question(filled: Brain, query: str) -> None:
    for mode in ("bm25", "vector", "hybrid", "graph", "multi"):
        await filled.call("POST", "/query", json={"query": query, "mode": mode})


async def test_an_unknown_chunk_is_not_found(filled: Brain) -> None:
    problem = await filled.call("GET", "/query/chunk/nothing", 404)
    assert problem["code"] == "not_found"


@pytest.fixture
async def keyword_only(root: Path, storage_url: str) -> AsyncIterator[Brain]:
    configure(root, storage={"url": storage_url}, embedding={"provider": "none"})
    write_files(root, FILES)
    async with Brain(root) as brain:
        await brain.index()
        yield brain


async def test_without_embedding_keywords_work_and_vectors_are_refused(keyword_only: Brain) -> None:
    assert "src/http/server.py" in await keyword_only.paths("handle request")
    answer = await keyword_only.call("POST", "/query", json={"query": "handle request"})
    assert answer["mode"] == "bm25"
    problem = await keyword_only.call("POST", "/query", 422, json={"query": "x", "mode": "vector"})
    assert problem["code"] == "embedding_disabled"
