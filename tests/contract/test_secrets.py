"""No route returns a secret, of any kind, on any backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.brain import Brain, configure, write_files
from support.secret_kinds import Maker, secret_kinds, shown

KINDS = secret_kinds()


@pytest.fixture(scope="module")
async def filled(storage_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Yield a server whose project holds every kind of secret, indexed."""
    project = tmp_path_factory.mktemp("secrets")
    configure(project, storage={"url": storage_url})
    write_files(project, {kind.path: kind.content for kind in KINDS})
    write_files(project, {"plain.py": "def plain_thing():\n    return 1\n"})
    async with Brain(project) as running:
        await running.index()
        yield running


async def test_no_question_finds_a_secret(filled: Brain) -> None:
    answers = []
    for mode in ("bm25", "vector", "hybrid", "multi", "graph"):
        for query in (
            "keeps_github_classic",
            "MASKED private key",
            "password token secret",
            "api key",
            "ordinary line",
        ):
            body = {"query": query, "mode": mode, "top_k": 200, "explain": True}
            answers.append((await filled.http.post("/query", json=body)).text)
    assert "keeps_github_classic" in answers[0]
    assert shown(answers) == []


async def test_a_secret_itself_finds_nothing_of_its_file(filled: Brain) -> None:
    plain = [kind for kind in KINDS if kind.path.startswith(("tokens/", "framed/"))]
    for kind in plain[::4]:
        results = await filled.search(kind.material[0], mode="bm25", top_k=50)
        assert shown(result["text"] for result in results) == [], kind.path


async def test_no_other_route_shows_a_secret(filled: Brain) -> None:
    paths = [
        "/health",
        "/health/status",
        "/metrics",
        "/index/jobs",
        "/index/folders",
        "/index/report?limit=1000",
        "/openapi.json",
    ]
    paths += [
        f"/graph/{relation}?symbol=keeps_stripe" for relation in ("definitions", "callers", "references", "impact")
    ]
    paths += [f"/query/lines?path={kind.path}" for kind in KINDS]
    for result in await filled.search("ordinary keeps return", mode="bm25", top_k=200):
        paths.append(f"/query/chunk/{result['chunk_id']}")
    answers = [(await filled.http.get(path)).text for path in paths]
    assert shown(answers) == []


async def test_the_lines_of_a_file_are_masked_and_those_of_a_secret_file_refused(filled: Brain) -> None:
    lines = await filled.call("GET", "/query/lines?path=tokens/stripe.py")
    assert lines["total"] == len(lines["lines"]) == 10
    assert lines["lines"][-2:] == ["def keeps_stripe():", '    return "sk_live_MASKED_STRIPE_KEY"']
    part = await filled.call("GET", "/query/lines?path=tokens/stripe.py&first=9&last=9")
    assert (part["lines"], part["first"], part["total"]) == (["def keeps_stripe():"], 9, 10)
    for path in (
        "framed/plain.txt",
        "stores/0/.env",
        "nothing.py",
        "../x",
        "/etc/passwd",
        ".claude/agent-brain/config.yaml",
    ):
        refused = await filled.call("GET", f"/query/lines?path={path}", expect=404)
        assert "agent-brain index --report" in refused["detail"]


async def test_the_report_lists_what_is_left_out_and_what_is_masked(filled: Brain) -> None:
    entries: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await filled.call("GET", f"/index/report?limit=50&cursor={cursor}")
        entries += page["entries"]
        cursor = page["next_cursor"]
    paths = [entry["path"] for entry in entries]
    assert paths == sorted(set(paths))
    found = {entry["path"]: entry for entry in entries}
    assert found["framed/plain.txt"]["reason"] == "secret_content"
    assert found["framed/putty.txt"]["detail"] == "PuTTY private key"
    assert found["framed/utf16_bare.txt"]["reason"] == "binary"
    assert found["stores/0/.env"]["reason"] == "secret_name"
    assert found["tokens/stripe.py"] == {
        "path": "tokens/stripe.py", "reason": "masked", "detail": "", "masked": {"Stripe key": 1},
    }  # fmt: skip
    assert "plain.py" not in found
    assert page["totals"]["masked"] == sum(bool(entry["masked"]) for entry in entries)
    refused = await filled.call("GET", "/index/report?cursor=%21", expect=422)
    assert refused["field"] == "cursor"


async def test_the_report_may_be_as_old_as_was_asked_but_not_older_than_a_job(tmp_path: Path) -> None:
    configure(tmp_path, index={"watch": False})
    write_files(tmp_path, {"a.py": "A = 1\n"})
    async with Brain(tmp_path) as brain:

        async def secret_names(max_age: int) -> int:
            page = await brain.call("GET", f"/index/report?limit=1&max_age={max_age}")
            return int(page["totals"].get("secret_name", 0))

        await brain.index()
        own = await secret_names(60)  # of Agent Brain
        write_files(tmp_path, {"id_rsa": "x\n"})
        assert (await secret_names(60), await secret_names(0), await secret_names(60)) == (own, own + 1, own + 1)
        (tmp_path / "id_rsa").unlink()
        assert await secret_names(60) == own + 1
        await brain.index()
        assert await secret_names(60) == own
        refused = await brain.call("GET", "/index/report?max_age=-1", expect=422)
        assert refused["field"] == "max_age"


async def test_a_secret_that_comes_into_a_file_is_masked_before_the_answer(tmp_path: Path) -> None:
    m = Maker(77)
    configure(tmp_path)
    write_files(tmp_path, {"a.py": "def fetch_all():\n    return 1\n"})
    async with Brain(tmp_path) as brain:
        await brain.index()
        write_files(tmp_path, {"a.py": f'TOKEN = "{"gh" + "p_" + m(36)}"\ndef fetch_all():\n    return 2\n'})
        (result, *_) = await brain.search("fetch_all", mode="bm25")
        assert m.made[0] not in str(result)
        assert m.made[0] not in str(await brain.search("TOKEN masked github", mode="bm25"))


async def test_a_text_that_is_gone_leaves_the_database_file(tmp_path: Path) -> None:
    configure(tmp_path)
    state = tmp_path / ".claude" / "agent-brain"
    gone = "unusualsentinel withoutmeaning forgottenlater"
    filler = {f"f{number}.py": f"def filler_{number}():\n    return {number}\n" * 30 for number in range(40)}
    write_files(tmp_path, {"a.py": f"# {gone}\n" * 20, **filler})
    async with Brain(tmp_path) as brain:
        await brain.index()
        assert gone.encode() in b"".join(path.read_bytes() for path in state.glob("index.db*"))
        write_files(tmp_path, {"a.py": "x = 1\n"})
        await brain.index()
        assert gone.encode() not in b"".join(path.read_bytes() for path in state.glob("index.db*"))
