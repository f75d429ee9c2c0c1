"""What goes wrong in other tools of this kind, each over HTTP with a restart of the server in the middle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.brain import FINISHED, Brain, write_files

RETRY = "def schedule_retry(delay):\n    return delay * 2\n"
FILES = 500  # enough for several batches
PARSE = "def parse_header(line):\n    return line.split(':')\n"


async def restart(brain: Brain, survives: bool) -> None:
    await brain.restart()
    if not survives:
        await brain.index()


async def test_indexed_text_is_found_before_and_after_a_restart(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"retry.py": RETRY, "docs/guide.md": "# Guide\n\nHow retries are scheduled.\n"})
    job = await brain.index()
    assert job["progress"]["files_done"] == job["progress"]["files_total"] == 2
    for _ in range(2):
        found = await brain.search("schedule retry", mode="bm25")
        assert (found[0]["path"], found[0]["symbol"]) == ("retry.py", "schedule_retry")
        assert found[0]["text"].splitlines()[0] == RETRY.splitlines()[0]
        assert found[0]["start_line"] == 1
        assert await brain.paths("guide") == {"docs/guide.md"}
        await restart(brain, survives)


async def test_a_second_folder_leaves_the_first_searchable(
    brain: Brain, root: Path, tmp_path: Path, survives: bool
) -> None:
    write_files(root, {"a/retry.py": RETRY})
    write_files(tmp_path / "elsewhere", {"parse.py": PARSE})
    await brain.index()
    added = await brain.call("POST", "/index/folders", json={"path": str(tmp_path / "elsewhere")})
    await brain.wait(added["job"]["id"])
    outside = (tmp_path / "elsewhere" / "parse.py").as_posix()
    assert await brain.paths("retry parse") == {"a/retry.py", outside}
    if survives:
        await restart(brain, survives)
        assert await brain.paths("retry parse") == {"a/retry.py", outside}


async def test_reset_then_index_finds_everything_again(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"retry.py": RETRY, "parse.py": PARSE})
    await brain.index()
    removed = await brain.call("DELETE", "/index")
    assert removed["files"] == 2
    assert await brain.paths("retry parse") == set()
    await restart(brain, survives)
    job = await brain.index()
    assert job["progress"]["files_done"] == 2
    assert await brain.paths("retry parse") == {"retry.py", "parse.py"}


async def test_a_folder_removed_and_added_again_is_indexed_again(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"lib/retry.py": RETRY})
    await brain.index()
    await brain.call("DELETE", "/index/folders", params={"path": "."})
    assert await brain.paths("retry") == set()
    if survives:
        await brain.restart()
        assert await brain.paths("retry") == set()
    added = await brain.call("POST", "/index/folders", json={"path": "lib"})
    await brain.wait(added["job"]["id"])
    assert await brain.paths("retry") == {"lib/retry.py"}


async def test_a_deleted_file_is_no_longer_searchable(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"retry.py": RETRY, "parse.py": PARSE})
    await brain.index()
    (root / "retry.py").unlink()
    await restart(brain, survives)
    job = await brain.index()
    assert job["progress"]["files_removed"] == (1 if survives else 0)
    assert await brain.paths("retry parse") == {"parse.py"}


async def test_a_renamed_file_is_found_at_its_new_path_only(brain: Brain, root: Path) -> None:
    write_files(root, {"old.py": RETRY})
    await brain.index()
    (root / "old.py").rename(root / "new.py")
    job = await brain.index()
    assert await brain.paths("retry") == {"new.py"}
    assert job["progress"]["texts_embedded"] == 0


async def test_a_removed_folder_leaves_no_answer_behind(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.py": RETRY})
    await brain.index()
    assert await brain.search("schedule retry")
    await brain.call("DELETE", "/index/folders", params={"path": "."})
    assert await brain.search("schedule retry") == []


async def test_an_edited_file_answers_with_its_new_text_only(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"retry.py": RETRY})
    await brain.index()
    write_files(root, {"retry.py": PARSE})
    await restart(brain, survives)
    await brain.index()
    assert await brain.paths("schedule") == set()
    assert await brain.paths("header") == {"retry.py"}


async def test_an_unchanged_index_does_no_work(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"retry.py": RETRY, "parse.py": PARSE})
    first = await brain.index()
    assert first["progress"]["files_changed"] == 2
    if survives:
        await brain.restart()
        second = await brain.index()
        assert second["progress"]["files_done"] == 2
        assert (second["progress"]["files_changed"], second["progress"]["texts_embedded"]) == (0, 0)


@pytest.mark.parametrize("field", ["exclude", "recursive", "languages", "include_code"])
async def test_an_unknown_field_is_refused_by_name(brain: Brain, field: str) -> None:
    problem = await brain.call("POST", "/index", 422, json={field: []})
    assert problem["field"] == field
    assert problem["code"] == "request_invalid"


async def test_folder_filters_are_honoured(brain: Brain, root: Path, survives: bool) -> None:
    write_files(root, {"src/retry.py": RETRY, "src/retry.md": "retry\n", "src/gen/retry.py": RETRY})
    await brain.call("DELETE", "/index/folders", params={"path": "."})
    folder = {"path": "src", "include": ["*.py"], "exclude": ["gen/"]}
    await brain.wait((await brain.call("POST", "/index/folders", json=folder))["job"]["id"])
    for _ in range(2):
        assert await brain.paths("retry") == {"src/retry.py"}
        if survives:
            await brain.restart()
        await brain.index()


async def test_ignore_files_are_read(brain: Brain, root: Path) -> None:
    write_files(
        root,
        {
            ".gitignore": "*.log\nbuild/\n!keep.log\n",
            ".agent-brainignore": "private/\n",
            "a.log": "retry",
            "keep.log": "retry",
            "build/x.py": RETRY,
            "private/x.py": RETRY,
            "sub/.gitignore": "/only-here.py\n",
            "sub/only-here.py": RETRY,
            "sub/deep/only-here.py": RETRY,
            "node_modules/x/index.js": "retry()",
        },
    )
    job = await brain.index()
    assert await brain.paths("retry") == {"keep.log", "sub/deep/only-here.py"}
    assert job["progress"]["skipped"]["ignored"] >= 4


async def test_secrets_and_binaries_are_left_out_and_counted(brain: Brain, root: Path) -> None:
    write_files(
        root,
        {
            ".env": "RETRY_TOKEN=abc",
            ".env.production": "RETRY_TOKEN=abc",
            "id_rsa": "retry",
            "notes.txt": "-----BEGIN PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUA retry\n",
            "deep.py": "x = 1\n" * 3000
            + "KEY = '-----BEGIN RSA PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAABG5v retry'\n",
            "blob.dat": b"retry\0\0\0\x01",
            "big.txt": "retry " * 200_000,
            "fine.txt": "retry",
        },
    )
    for _ in range(2):
        job = await brain.index()
        assert await brain.paths("retry token abc") == {"fine.txt"}
        skipped = job["progress"]["skipped"]
        assert skipped["secret"] >= 5
        assert (skipped["binary"], skipped["too_large"]) == (1, 1)
        # A key in the midst of code is masked, and the rest of the file is indexed.
        assert (await brain.call("GET", "/health/status"))["index"]["languages"] == {"python": 1, "text": 1}
        assert "b3BlbnNzaC1rZXktdjEAAAAABG5v" not in str(await brain.search("KEY", mode="bm25", top_k=100))


async def test_progress_grows_by_batches_is_cut_short_and_gone_on_with(brain: Brain, root: Path) -> None:
    write_files(root, {f"m{i:03}.py": f"def step_{i}():\n    return {i}\n" * 40 for i in range(FILES)})
    job = await brain.call("POST", "/index", json={})
    await follow(brain, job["id"], until=lambda progress: progress["files_done"] > 0)
    await brain.call("DELETE", f"/index/jobs/{job['id']}", 202)
    cut, _ = await follow(brain, job["id"])
    assert cut["state"] == "cancelled"
    assert 0 < cut["progress"]["files_done"] < FILES
    await brain.call("DELETE", f"/index/jobs/{job['id']}", 409)
    job = await brain.call("POST", "/index", json={})
    whole, seen = await follow(brain, job["id"])
    assert whole["state"] == "done"
    assert seen == sorted(seen)
    assert len(set(seen)) >= 4
    progress = whole["progress"]
    assert progress["files_changed"] == FILES - cut["progress"]["files_done"]
    assert progress["files_done"] == progress["files_total"] == FILES
    assert progress["chunks_done"] == progress["chunks_total"] > progress["files_changed"]


async def follow(brain: Brain, job_id: int, until: Callable[[Any], bool] = lambda _: False) -> tuple[Any, list[int]]:
    """Return the job at its end, or once its progress is as wished, and the counts of files on the way."""
    seen: list[int] = []
    while True:
        job = await brain.call("GET", f"/index/jobs/{job_id}")
        seen.append(job["progress"]["files_done"])
        if job["state"] not in ("queued", "running") or until(job["progress"]):
            return job, seen
        await asyncio.sleep(0.005)


async def test_queued_jobs_survive_a_restart_and_are_listed_in_pages(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.py": RETRY})
    for _ in range(5):
        await brain.index()
    first = await brain.call("GET", "/index/jobs", params={"limit": 3})
    rest = await brain.call("GET", "/index/jobs", params={"limit": 3, "cursor": first["next_cursor"]})
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == [5, 4, 3, 2, 1]
    assert rest["next_cursor"] is None
    await brain.call("GET", "/index/jobs", 422, params={"cursor": "nonsense"})


async def test_a_missing_folder_keeps_its_files_until_it_is_removed(brain: Brain, root: Path) -> None:
    write_files(root, {"lib/retry.py": RETRY, "parse.py": PARSE})
    await brain.call("DELETE", "/index/folders", params={"path": "."})
    await brain.wait((await brain.call("POST", "/index/folders", json={"path": "lib"}))["job"]["id"])
    (root / "lib").rename(root / "unmounted")
    job = await brain.index()
    assert job["progress"]["files_removed"] == 0
    assert any("lib" in problem for problem in job["progress"]["problems"])
    found = await brain.search("retry", mode="bm25")
    assert [(result["path"], result["stale"]) for result in found] == [("lib/retry.py", True)]


async def test_a_changed_file_is_brought_up_to_date_within_the_question(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.py": RETRY, "gone.py": RETRY.replace("2", "4")})
    await brain.index()
    write_files(root, {"retry.py": RETRY.replace("2", "3")})
    (root / "gone.py").unlink()
    (found,) = await brain.search("schedule retry", mode="bm25")
    assert (found["path"], found["stale"]) == ("retry.py", False)
    assert "3" in found["text"]


async def test_a_large_changed_file_is_marked_stale_and_refreshed_later(brain: Brain, root: Path) -> None:
    write_files(root, {"retry.txt": "schedule a retry, 2\n"})
    await brain.index()
    write_files(root, {"retry.txt": "schedule a retry, 3\n" + f"{'padding ' * 20}\n" * 3_000})
    assert [result["stale"] for result in await brain.search("schedule retry", mode="bm25")] == [True]
    async with asyncio.timeout(30):
        while (await brain.search("schedule retry", mode="bm25"))[0]["stale"]:
            await asyncio.sleep(0.02)
    assert "3" in (await brain.search("schedule retry", mode="bm25"))[0]["text"]


async def test_a_file_is_found_all_the_time_that_it_is_written_anew(brain: Brain, root: Path) -> None:
    for number in range(8):
        write_files(root, {"retry.py": RETRY.replace("2", str(number))})
        job = await brain.call("POST", "/index", json={})
        while (await brain.call("GET", f"/index/jobs/{job['id']}"))["state"] not in FINISHED:
            found = await asyncio.gather(*[brain.paths("schedule retry") for _ in range(4)])
            assert found == [{"retry.py"}] * 4 or not number


async def test_a_path_outside_of_every_folder_is_refused_with_the_way_on(brain: Brain, tmp_path: Path) -> None:
    problem = await brain.call("POST", "/index", 422, json={"paths": [str(tmp_path)]})
    assert f"agent-brain folders add {tmp_path}" in problem["detail"]
    problem = await brain.call("POST", "/index", 422, json={"paths": [str(tmp_path / "elsewhere")]})
    assert problem["detail"] == f"{tmp_path / 'elsewhere'} is not there, and nothing of it is indexed."


async def test_a_linked_folder_is_known_by_where_it_leads(brain: Brain, root: Path, tmp_path: Path) -> None:
    write_files(tmp_path / "elsewhere", {"parse.py": PARSE})
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    added = await brain.call("POST", "/index/folders", json={"path": "linked"})
    assert added["folder"]["path"] == (tmp_path / "elsewhere").as_posix()
    await brain.wait(added["job"]["id"])
    assert await brain.paths("header") == {(tmp_path / "elsewhere" / "parse.py").as_posix()}
    assert (await brain.call("DELETE", "/index/folders", params={"path": "linked"}))["files"] == 1
