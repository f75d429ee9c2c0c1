"""Comparing two copies of an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.storage.transfer import TableDigest
from storage.copying import compared, copy_to, database

CHANGES = {
    "files": "UPDATE agent_brain.files SET mtime_ns = mtime_ns + 1 WHERE path = 'one.py'",
    "chunks": "UPDATE agent_brain.chunks SET documentation = documentation || ' ' WHERE row = 5",
    "symbols": "UPDATE agent_brain.symbols SET end_line = 99 WHERE ordinal = 1",
    "symbol_references": "UPDATE agent_brain.symbol_references SET lines = lines || 7 WHERE name = 'Only2'",
    "vectors": "UPDATE agent_brain.vectors SET vector = vector * '[1,1,1,1,1,1,1,0.9999999]' WHERE vector::text ~ '5]'",
    "folders": "UPDATE agent_brain.folders SET include = '[\"*.py\"]' WHERE path = 'src'",
    "jobs": "UPDATE agent_brain.jobs SET progress = progress || '{\"rate\": 1}' WHERE id = 1",
    "project": "UPDATE agent_brain.projects SET next_job = next_job + 1",
}


@pytest.mark.parametrize("table", CHANGES)
async def test_verifying_finds_what_is_different(root: Path, source: str, postgres_url: str, table: str) -> None:
    await copy_to(source, postgres_url, root)
    equal = await compared(source, postgres_url, root)
    assert equal.differences == []
    assert equal.texts > 10
    assert equal.vectors > 10
    database(postgres_url).psql(CHANGES[table])
    verdict = await compared(source, postgres_url, root)
    assert verdict.tables.differing() == [table]
    assert verdict.differences[0] == f"The tables differ: {table}."


async def test_verifying_asks_questions_of_both(root: Path, source: str, postgres_url: str) -> None:
    await copy_to(source, postgres_url, root)
    database(postgres_url).psql(
        "DELETE FROM agent_brain.chunk_terms WHERE row IN (SELECT row FROM agent_brain.chunks WHERE text ~ 'several')"
    )
    verdict = await compared(source, postgres_url, root, ["several words", "检索", "nothing like it"])
    assert verdict.tables.differing() == []
    assert (verdict.texts, verdict.vectors) == (3, 0)
    assert verdict.differences[0] == "The question 'several words' is answered with other passages (bm25)."


def test_a_digest_does_not_depend_on_order_but_on_all_else() -> None:
    some = [(1, "a", 1.0), (2, "b", None), (3, b"a", True)]
    digests = set()
    for variant in (some, [(1, "a", 1), *some[1:]], [*some, some[0]], [(1, "a", -1.0), *some[1:]], some[:2], []):
        one, other = TableDigest(), TableDigest()
        one.add(variant)
        other.add(reversed(variant))
        assert one == other
        digests.add(one.hexdigest)
    assert len(digests) == 6
