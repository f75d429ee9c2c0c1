"""A copy that was cut short is not served; it goes on where it was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.errors import ConflictError
from agent_brain_server.services.copying.copy import copy
from agent_brain_server.storage.factory import create_endpoint
from agent_brain_server.storage.transfer import Entry
from storage import copying_until_killed
from storage.building import find, list_files, make_file, make_record, put
from storage.copying import QUIET, compared, copy_to, opened, refused, rows, stop_after
from support.postgres import DatabaseServer

TESTS = Path(__file__).parents[2]
KILLS = int(os.environ.get("AGENT_BRAIN_TESTS_KILLS", "5"))  # there, and as many on the way back


async def test_an_unfinished_copy_is_not_served(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    with pytest.raises(ConflictError, match=r"A copy into .* was not finished.*storage copy --resume.*start --reindex"):
        async with opened(target, root):
            pass
    assert "--resume" in await refused(source, target, root)
    with pytest.raises(ConflictError, match="was not finished"):
        await copy_to(target, "sqlite:///third.db", root)
    assert not (root / "third.db").exists()
    async with opened(target, root, discard=True) as store:
        assert await list_files(store) == {}
        await put(store, make_file("again.py", "indexed again"))
    async with opened(target, root) as store:
        assert await find(store, "again") == ["indexed again"]


async def test_a_copy_goes_on_where_it_was(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    done = await copy(create_endpoint(source, root), create_endpoint(target, root), "resume", QUIET)
    assert done.resumed == done.rows["vectors"] + done.rows["files"] + 4 * 12
    assert (await compared(source, target, root)).differences == []
    again = await copy(create_endpoint(source, root), create_endpoint(target, root), "resume", QUIET)
    assert again.resumed == sum(
        done.rows[name] for name in ("vectors", "files", "chunks", "symbols", "symbol_references")
    )


async def test_a_resumed_copy_takes_jobs_and_folders_as_they_are_now(root: Path, source: str, target: str) -> None:
    await stop_after(source, target, root, 25)
    async with opened(source, root) as store:
        await store.folders.save(Folder("new"))
        await store.jobs.add(["new"], False, 11.0)
    await copy_to(source, target, root, "resume")
    assert (await compared(source, target, root)).differences == []


@pytest.mark.parametrize("change", ["file", "manifest", "vectors"])
async def test_a_source_that_changed_is_not_mixed_with_what_it_was(
    root: Path, source: str, target: str, change: str
) -> None:
    await stop_after(source, target, root, 25)
    async with opened(source, root) as store:
        if change == "file":
            await put(store, make_file("zzz.py", "added at the end"))
        elif change == "manifest":
            await store.index.refresh_files([make_record("three.py", "other")])
        else:
            assert await store.index.drop_unused_vectors()
    assert "--start-over" in await refused(source, target, root, "resume")
    await copy_to(source, target, root, "start-over")
    assert (await compared(source, target, root)).differences == []


async def test_a_resume_of_nothing_is_a_whole_copy(root: Path, source: str, target: str) -> None:
    await copy_to(source, target, root, "resume")
    assert (await compared(source, target, root)).differences == []


def run_child(root: Path, source: str, target: str, statement: int, entry: Entry) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, copying_until_killed.__file__, str(root), str(statement), entry]
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "COPY_FROM": source, "COPY_TO": target}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("to_postgres", [True, False], ids=["to postgres", "to sqlite"])
async def test_killed_at_points_all_along_and_resumed(
    root: Path, source: str, session_server: DatabaseServer, to_postgres: bool
) -> None:
    """Half of the copies are killed a second time while they are resumed."""
    chosen = random.Random(f"kill {to_postgres}")
    with session_server.database() as first:
        one_clean_run = session_server.url(first)
        counted = run_child(root, source, one_clean_run, 0, "new")
        assert counted.returncode == 0, counted.stderr
        origin = source if to_postgres else one_clean_run
        if not to_postgres:
            counted = run_child(root, origin, "sqlite:///clean.db", 0, "new")
        statements = int(counted.stdout)
        for number in range(KILLS):
            at = 1 + (number * statements + chosen.randrange(statements)) // KILLS
            with session_server.database() as name:
                url = session_server.url(name) if to_postgres else f"sqlite:///killed{number}.db"
                assert run_child(root, origin, url, at, "new").returncode == -9
                if number % 2:
                    run_child(root, origin, url, chosen.randrange(20, statements), "resume")
                await copy_to(origin, url, root, "resume", page_rows=12)
                if to_postgres:
                    await copy_to(url, f"sqlite:///back{number}.db", root)
                    assert rows(root / f"back{number}.db") == rows(root / "first.db")
                else:
                    assert rows(root / f"killed{number}.db") == rows(root / "first.db")
