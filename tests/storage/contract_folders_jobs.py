"""Promises of `FolderStore` and `JobStore`."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agent_brain_server.domain.content import Folder
from agent_brain_server.domain.jobs import JOBS_KEPT, MOST_PATHS, JobState, Progress
from agent_brain_server.storage.protocol import Store
from storage.building import axis, find, list_files, make_file, nearest, put
from storage.contract_setting import ContractSetting, MakeStore

SOME = Progress(
    files_done=1,
    files_total=2,
    rate=3.5,
    eta_seconds=0.25,
    current_file="a.py",
    skipped={"binary": 4},
    problems=("a.py: odd",),
)


def apart(name: str) -> list[str]:
    """Paths of a forced job that no other is merged with."""
    return [name, *(f"{name}/{number}" for number in range(MOST_PATHS))]


class FolderContract(ContractSetting):
    async def test_folders_are_listed_by_path(self, store: Store) -> None:
        assert await store.folders.list_all() == []
        for folder in (Folder("src", ("*.py", "*.go"), ("gen/",)), Folder("docs"), Folder("/else/where")):
            await store.folders.save(folder)
        assert await store.folders.list_all() == [
            Folder("/else/where"),
            Folder("docs"),
            Folder("src", ("*.py", "*.go"), ("gen/",)),
        ]

    async def test_saving_a_folder_again_replaces_it(self, store: Store) -> None:
        await store.folders.save(Folder("src", ("*.py",)))
        await store.folders.save(Folder("src", (), ("old/",)))
        assert await store.folders.list_all() == [Folder("src", (), ("old/",))]

    async def test_a_second_folder_leaves_the_first_searchable(self, store: Store) -> None:
        for name in ("one", "two"):
            await store.folders.save(Folder(name))
            await put(store, make_file(f"{name}/a.py", f"common {name}", folder=name))
        assert set(await find(store, "common")) == {"common one", "common two"}
        assert set(await nearest(store, axis(1))) == {"common one", "common two"}

    async def test_a_removed_folder_takes_its_files_along(self, store: Store) -> None:
        for name in ("one", "two"):
            await store.folders.save(Folder(name))
            await put(store, make_file(f"{name}/a.py", f"common {name}", folder=name))
        assert await store.folders.remove("one") is True
        assert await store.folders.list_all() == [Folder("two")]
        assert await find(store, "common one") == ["common two"]
        assert await nearest(store, axis(1)) == ["common two"]
        assert set(await list_files(store)) == {"two/a.py"}

    async def test_a_folder_removed_and_added_again_is_found(self, store: Store) -> None:
        for _ in range(2):
            await store.folders.save(Folder("one"))
            await put(store, make_file("one/a.py", "common one", folder="one"))
            assert await find(store, "common") == ["common one"]
            assert await nearest(store, axis(1)) == ["common one"]
            assert await store.folders.remove("one") is True
            assert await find(store, "common") == []
            assert await nearest(store, axis(1)) == []

    async def test_a_removed_folder_leaves_its_files_to_another(self, store: Store) -> None:
        for name in (".", "docs"):
            await store.folders.save(Folder(name))
        inner = make_file("docs/a.md", "common inner", folder="docs")
        await put(store, inner, make_file("b.py", "common outer", folder="."))
        assert await store.folders.remove("docs", ".") is True
        assert await store.folders.list_all() == [Folder(".")]
        assert set(await find(store, "common")) == {"common inner", "common outer"}
        assert (await list_files(store))["docs/a.md"] == replace(inner.record, folder=".")
        assert await store.folders.remove("docs", ".") is False

    async def test_files_and_chunks_are_counted_by_folder(self, store: Store) -> None:
        assert await store.folders.count() == {}
        await put(store, make_file("a/1.py", "one", "two", folder="a"), make_file("a/2.py", folder="a"))
        await put(store, make_file("b/1.py", "three", folder="b"))
        assert await store.folders.count() == {"a": (2, 2), "b": (1, 1)}

    async def test_an_unknown_folder_is_not_removed(self, store: Store) -> None:
        await put(store, make_file("one/a.py", "common", folder="one"))
        assert await store.folders.remove("one") is False
        assert await find(store, "common") == ["common"]


class JobContract(ContractSetting):
    async def test_a_new_job(self, store: Store) -> None:
        job = await store.jobs.add(["b", "a"], force=True, now=10.5)
        assert (job.state, job.paths, job.force, job.created_at) == ("queued", ("b", "a"), True, 10.5)
        assert (job.started_at, job.finished_at, job.attempt, job.error) == (None, None, 0, "")
        assert job.progress == Progress()
        assert await store.jobs.find(job.id) == job
        assert await store.jobs.find(job.id + 1) is None

    async def test_a_queued_job_that_asks_for_the_same_is_not_doubled(self, store: Store) -> None:
        first = await store.jobs.add(["a", "b"], force=False, now=1.0)
        assert await store.jobs.add(["b", "a"], force=False, now=2.0) == first
        assert await store.jobs.add(["a"], force=False, now=2.0) == first
        assert await store.jobs.list_unfinished() == [first]

    async def test_jobs_for_paths_become_one_until_it_runs(self, store: Store) -> None:
        first = await store.jobs.add(["a", "b"], force=False, now=1.0)
        second = await store.jobs.add(["b", "c"], force=False, now=2.0)
        assert second == replace(first, paths=("a", "b", "c"))
        assert await store.jobs.list_unfinished() == [second]
        await store.jobs.claim(3.0)
        assert (await store.jobs.add(["a"], force=False, now=4.0)).id != first.id

    async def test_a_job_for_all_files_takes_the_others_over(self, store: Store) -> None:
        part = await store.jobs.add(["a"], force=False, now=1.0)
        whole = await store.jobs.add([], force=False, now=2.0)
        assert whole == replace(part, paths=())
        assert await store.jobs.add(["b"], force=False, now=3.0) == whole
        forced = await store.jobs.add([], force=True, now=4.0)
        assert forced == replace(whole, force=True)
        assert await store.jobs.add([], force=False, now=5.0) == forced
        assert await store.jobs.add(["c"], force=True, now=5.0) == forced
        assert await store.jobs.list_unfinished() == [forced]

    async def test_what_is_forced_stays_forced_and_nothing_else_becomes_so(self, store: Store) -> None:
        plain = await store.jobs.add([], force=False, now=1.0)
        forced = await store.jobs.add(["a"], force=True, now=2.0)
        assert (plain.force, forced.force, forced.paths) == (False, True, ("a",))
        assert await store.jobs.add(["b"], force=True, now=3.0) == replace(forced, paths=("a", "b"))
        assert [job.id for job in await store.jobs.list_unfinished()] == [plain.id, forced.id]

    async def test_very_many_paths_become_all_files_unless_they_are_forced(self, store: Store) -> None:
        many = [str(number) for number in range(MOST_PATHS)]
        for force, paths, jobs in ((False, (), 1), (True, ("more",), 3)):
            first = await store.jobs.add(many, force=force, now=1.0)
            second = await store.jobs.add(["more"], force=force, now=2.0)
            assert (second.paths, second.force, second.id == first.id) == (paths, force, not force)
            assert len(await store.jobs.list_unfinished()) == jobs

    async def test_jobs_are_claimed_oldest_first(self, store: Store) -> None:
        jobs = [await store.jobs.add(apart(name), force=True, now=1.0) for name in "cab"]
        claimed = [await store.jobs.claim(2.0) for _ in range(4)]
        assert [job and job.id for job in claimed] == [*[job.id for job in jobs], None]
        assert claimed[0] is not None
        assert (claimed[0].state, claimed[0].started_at, claimed[0].attempt) == ("running", 2.0, 1)
        assert await store.jobs.find(jobs[0].id) == claimed[0]

    async def test_no_job_is_claimed_twice_at_once(self, store: Store) -> None:
        for number in range(5):
            await store.jobs.add(apart(str(number)), force=True, now=1.0)
        claimed = await asyncio.gather(*[store.jobs.claim(2.0) for _ in range(9)])
        assert len({job.id for job in claimed if job}) == sum(job is not None for job in claimed) == 5

    async def test_progress_is_kept_while_a_job_runs(self, store: Store) -> None:
        job = await store.jobs.add([], force=False, now=1.0)
        assert await store.jobs.save_progress(job.id, SOME) is False
        assert (await store.jobs.find(job.id)) == job
        await store.jobs.claim(2.0)
        assert await store.jobs.save_progress(job.id, SOME) is True
        found = await store.jobs.find(job.id)
        assert found is not None
        assert found.progress == SOME

    @pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
    async def test_a_finished_job_stays_as_it_is(self, store: Store, state: JobState) -> None:
        job = await store.jobs.add([], force=False, now=1.0)
        await store.jobs.claim(2.0)
        await store.jobs.finish(job.id, state, "why", SOME, 3.0)
        ended = await store.jobs.find(job.id)
        assert ended is not None
        assert (ended.state, ended.error, ended.progress, ended.finished_at) == (state, "why", SOME, 3.0)
        await store.jobs.finish(job.id, "done", "", Progress(), 4.0)
        assert await store.jobs.save_progress(job.id, Progress()) is False
        assert await store.jobs.save_progress(job.id + 1, Progress()) is False
        assert await store.jobs.find(job.id) == ended
        assert await store.jobs.claim(5.0) is None

    async def test_a_queued_job_can_be_cancelled(self, store: Store) -> None:
        job = await store.jobs.add([], force=False, now=1.0)
        await store.jobs.finish(job.id, "cancelled", "", Progress(), 2.0)
        assert await store.jobs.claim(3.0) is None
        await store.jobs.finish(job.id + 1, "done", "", Progress(), 2.0)

    async def test_what_a_dead_server_left_running_is_queued_again(self, store: Store) -> None:
        jobs = [await store.jobs.add(apart(name), force=True, now=1.0) for name in "ab"]
        await store.jobs.claim(2.0)
        await store.jobs.save_progress(jobs[0].id, SOME)
        assert await store.jobs.requeue_running() == 1
        assert await store.jobs.requeue_running() == 0
        again = await store.jobs.claim(3.0)
        assert again is not None
        assert (again.id, again.attempt, again.started_at, again.progress) == (jobs[0].id, 2, 3.0, SOME)

    async def test_who_has_lost_a_job_writes_nothing_of_it(self, store: Store) -> None:
        job = await store.jobs.add([], force=False, now=1.0)
        await store.jobs.claim(2.0)
        assert await store.jobs.save_progress(job.id, SOME, attempt=1) is True
        await store.jobs.requeue_running()
        assert await store.jobs.save_progress(job.id, SOME, attempt=1) is False
        await store.jobs.finish(job.id, "failed", "late", SOME, 3.0, attempt=1)
        again = await store.jobs.claim(4.0)
        assert again is not None
        assert await store.jobs.save_progress(job.id, Progress(), attempt=1) is False
        await store.jobs.finish(job.id, "failed", "late", Progress(), 5.0, attempt=1)
        assert await store.jobs.find(job.id) == again
        await store.jobs.finish(job.id, "done", "", SOME, 6.0, attempt=2)
        ended = await store.jobs.find(job.id)
        assert ended is not None
        assert (ended.state, ended.finished_at) == ("done", 6.0)

    async def test_the_jobs_that_have_not_ended_are_listed_oldest_first(self, store: Store) -> None:
        assert await store.jobs.list_unfinished() == []
        jobs = [await store.jobs.add(apart(name), force=True, now=1.0) for name in "abcd"]
        await store.jobs.finish(jobs[1].id, "cancelled", "", Progress(), 2.0)
        running = await store.jobs.claim(2.0)
        assert await store.jobs.list_unfinished() == [running, jobs[2], jobs[3]]
        await store.jobs.finish(jobs[0].id, "done", "", Progress(), 3.0)
        assert await store.jobs.list_unfinished() == jobs[2:]

    async def test_jobs_are_listed_in_pages_newest_first(self, store: Store) -> None:
        ids = [(await store.jobs.add(apart(str(number)), force=True, now=1.0)).id for number in range(5)]
        first = await store.jobs.list_newest(None, 2)
        assert [job.id for job in first] == ids[:2:-1]
        await store.jobs.add(["late"], force=False, now=1.0)
        second = await store.jobs.list_newest(first[-1].id, 2)
        assert [job.id for job in second] == [ids[2], ids[1]]
        assert [job.id for job in await store.jobs.list_newest(second[-1].id, 100)] == [ids[0]]
        assert await store.jobs.list_newest(ids[0], 100) == []
        assert await store.jobs.list_newest(None, 0) == []

    async def test_the_newest_jobs_are_kept_and_no_queued_one_goes(self, store: Store) -> None:
        waiting = await store.jobs.add(["waiting"], force=False, now=0.0)
        ended = []
        for number in range(JOBS_KEPT + 5):
            ended.append(await store.jobs.add([str(number)], force=True, now=1.0))
            await store.jobs.finish(ended[-1].id, "done", "", Progress(), 2.0)
        assert await store.jobs.find(ended[4].id) is None
        assert await store.jobs.find(ended[5].id) is not None
        assert await store.jobs.find(waiting.id) is not None
        assert len(await store.jobs.list_newest(None, 2 * JOBS_KEPT)) == JOBS_KEPT + 1

    async def test_job_ids_are_not_used_again(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        first = await store.jobs.add([], force=False, now=1.0)
        await store.jobs.finish(first.id, "done", "", Progress(), 2.0)
        await store.close()
        again = make_store()
        await again.open()
        assert (await again.jobs.add([], force=False, now=3.0)).id > first.id
        await again.close()
