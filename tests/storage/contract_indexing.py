"""Promises of `IndexStore`, and of opening a store again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent_brain_server.domain.content import EmbeddingModel, Folder
from agent_brain_server.domain.hits import Filters
from agent_brain_server.errors import EmbeddingMismatchError, StorageError
from agent_brain_server.storage.protocol import Store
from storage.building import (
    MODEL,
    axis,
    fetch_chunks,
    find,
    find_chunk,
    find_files,
    lexical_hits,
    list_files,
    make_chunk,
    make_file,
    make_record,
    nearest,
    put,
    statistics,
    vector_hits,
    vectors_of,
)
from storage.contract_setting import ContractSetting, MakeStore

OTHER_MODEL = EmbeddingModel("other", 16, "words")


class IndexContract(ContractSetting):
    async def test_the_manifest_comes_back_as_it_was(self, store: Store) -> None:
        record = replace(make_record("a.py", "x"), note="read as latin-1", mtime_ns=2**62 + 1, indexed_at=1.5)
        await put(store, replace(make_file("a.py", "x"), record=record))
        assert await list_files(store) == {"a.py": record}

    async def test_a_file_without_chunks_is_in_the_manifest(self, store: Store) -> None:
        await put(store, make_file("empty.py"))
        assert set(await list_files(store)) == {"empty.py"}

    async def test_replacing_a_file_forgets_its_old_text(self, store: Store) -> None:
        await put(store, make_file("a.py", "old one", "old two"), make_file("b.py", "old three"))
        await put(store, make_file("a.py", "fresh"))
        assert set(await find(store, "old one two fresh three")) == {"fresh", "old three"}
        assert set(await nearest(store, axis(1))) == {"fresh", "old three"}
        assert (await statistics(store)).chunks == 2

    async def test_the_same_content_again_changes_nothing_to_see(self, store: Store) -> None:
        file = make_file("a.py", make_chunk("a.py", "body", symbol="f"))
        for _ in range(3):
            await put(store, file)
        assert await find(store, "body") == ["body"]
        assert await nearest(store, axis(1)) == ["body"]
        assert await find_chunk(store, file.chunks[0].chunk.id) == file.chunks[0].chunk

    async def test_the_last_of_two_versions_in_one_batch_counts(self, store: Store) -> None:
        await put(store, make_file("a.py", "first"), make_file("a.py", "second"))
        assert await find(store, "first second") == ["second"]

    async def test_a_batch_is_all_or_nothing(self, store: Store) -> None:
        await put(store, make_file("a.py", "old"))
        good, bad = make_file("a.py", "new"), make_file("b.py", "without vector")
        with pytest.raises(StorageError, match="without its vector"):
            await store.index.upsert_chunks([good, bad], vectors_of([good]))
        assert await find(store, "old new without") == ["old"]
        assert await nearest(store, axis(1)) == ["old"]
        found = await statistics(store)
        assert (found.files, found.vectors, found.embedded_texts) == (1, 1, 1)

    async def test_a_chunk_id_is_of_one_chunk(self, store: Store) -> None:
        twice = make_chunk("a.py", "text")
        with pytest.raises(StorageError, match="same id"):
            await put(store, make_file("a.py", twice, twice))
        assert await list_files(store) == {}

    async def test_a_vector_of_another_length_is_refused(self, store: Store) -> None:
        file = make_file("a.py", "text")
        with pytest.raises(StorageError, match="8 dimensions"):
            await store.index.upsert_chunks([file], {file.chunks[0].text_hash: np.ones(3, np.float32)})

    async def test_missing_vectors(self, store: Store) -> None:
        file = make_file("a.py", "one", "two")
        hashes = {chunk.text_hash for chunk in file.chunks}
        assert await store.index.missing_vectors(hashes) == hashes
        await put(store, file)
        assert await store.index.missing_vectors([*hashes, "new", "new"]) == {"new"}
        assert await store.index.missing_vectors([]) == set()

    async def test_vectors_outlive_their_chunks_until_they_are_dropped(self, store: Store) -> None:
        gone, stays = make_file("a.py", "one", "shared"), make_file("b.py", "shared")
        await put(store, gone, stays)
        assert await store.index.remove_files(["a.py"]) == 1
        assert await store.index.missing_vectors(vectors_of([gone]).keys()) == set()
        assert await store.index.drop_unused_vectors() == 1
        assert await store.index.missing_vectors(vectors_of([gone]).keys()) == {gone.chunks[0].text_hash}
        assert await store.index.drop_unused_vectors() == 0
        assert await nearest(store, axis(1)) == ["shared"]

    async def test_embedded_texts_counts_a_text_once_while_it_is_stored(self, store: Store) -> None:
        file = make_file("a.py", "one", "two")
        for _ in range(2):
            await store.index.upsert_chunks([file], vectors_of([file]))
        assert (await statistics(store)).embedded_texts == 2
        await put(store, make_file("renamed.py", "one", "two"))
        assert (await statistics(store)).embedded_texts == 2

    async def test_a_stored_vector_stays_as_it_is(self, store: Store) -> None:
        file = make_file("a.py", "text")
        text_hash = file.chunks[0].text_hash
        await store.index.upsert_chunks([file], {text_hash: axis(1)})
        await store.index.upsert_chunks([file], {text_hash: axis(0, 1)})
        (hit,) = await vector_hits(store, axis(1), Filters(), 1)
        assert hit.score == 1.0

    async def test_refreshing_leaves_the_text_alone(self, store: Store) -> None:
        await put(store, make_file("a.py", "text"), make_file("b.py", "more"))
        (held,) = (await find_files(store, ["a.py"])).values()
        newer = replace(held, mtime_ns=5, size=6, folder="elsewhere", indexed_at=7.0)
        await store.index.refresh_files([newer, make_record("unknown.py")])
        assert (await list_files(store))["a.py"] == newer
        assert len(await list_files(store)) == 2
        assert await find(store, "text") == ["text"]

    async def test_a_removed_file_is_gone(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha"), make_file("b.py", "beta"), make_file("c.py", "gamma"))
        assert await store.index.remove_files(["a.py", "c.py", "unknown.py"]) == 2
        assert await find(store, "alpha beta gamma") == ["beta"]
        assert await nearest(store, axis(1)) == ["beta"]
        assert set(await list_files(store)) == {"b.py"}
        assert await store.index.remove_files(["a.py"]) == 0
        assert await store.index.remove_files([]) == 0

    async def test_removing_all_files_and_adding_them_again(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha"), make_file("b.py", "beta"))
        assert await store.index.remove_files(["a.py", "b.py"]) == 2
        assert await find(store, "alpha beta") == []
        await put(store, make_file("a.py", "alpha"))
        assert await find(store, "alpha beta") == ["alpha"]
        assert await nearest(store, axis(1)) == ["alpha"]

    async def test_a_row_is_never_used_for_another_chunk(self, store: Store) -> None:
        await put(store, make_file("a.py", "alpha"))
        (old,) = await lexical_hits(store, ["alpha"], Filters(), 1)
        await store.index.reset()
        await put(store, make_file("b.py", "beta"))
        assert await fetch_chunks(store, [old.row]) == {}

    async def test_reset_then_index_again(self, store: Store) -> None:
        await store.folders.save(Folder("src"))
        job = await store.jobs.add(["src"], force=False, now=1.0)
        await put(store, make_file("a.py", "alpha"))
        await nearest(store, axis(1))
        await store.index.reset()
        found = await statistics(store)
        assert (found.files, found.chunks, found.vectors, found.embedded_texts) == (0, 0, 0, 1)
        assert await find(store, "alpha") == []
        assert await nearest(store, axis(1)) == []
        assert await store.folders.list_all() == [Folder("src")]
        assert await store.jobs.find(job.id) == job
        await put(store, make_file("a.py", "alpha"))
        assert await find(store, "alpha") == ["alpha"]
        assert await nearest(store, axis(1)) == ["alpha"]
        assert (await statistics(store)).embedded_texts == 2

    async def test_many_changes_in_a_row(self, store: Store) -> None:
        """Enough of them that a cache of the vectors has to be tidied up on the way."""
        for number in range(40):
            texts = [f"common {number} {at}" for at in range(number % 7 + 1)]
            await put(store, make_file("a.py", *texts), make_file(f"keep{number}.py", f"kept {number}"))
            assert set(await find(store, "common")) == set(texts)
            assert set(await nearest(store, axis(1), Filters(paths=("/a.py",)))) == set(texts)
        assert len(await nearest(store, axis(1))) == 45

    async def test_what_was_written_is_there_after_opening_again(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        file = make_file("a.py", "alpha", "beta")
        await put(store, file)
        before = await nearest(store, axis(1, 0.5))
        await store.folders.save(Folder("src", ("*.py",), ("x",)))
        job = await store.jobs.add(["src"], force=True, now=1.0)
        await store.close()
        await store.close()
        again = make_store()
        await again.open()
        await again.open()
        assert await list_files(again) == {"a.py": file.record}
        assert await find(again, "alpha") == ["alpha"]
        assert await nearest(again, axis(1, 0.5)) == before
        assert await again.folders.list_all() == [Folder("src", ("*.py",), ("x",))]
        assert await again.jobs.find(job.id) == job
        assert (await statistics(again)).embedded_texts == 2
        await again.close()

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        self.need_persistence()
        await store.close()
        with pytest.raises(StorageError, match="not open"):
            await statistics(store)
        await store.open()
        assert (await statistics(store)).files == 0

    @pytest.mark.own_database
    async def test_another_model_is_refused_or_discards(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        await put(store, make_file("a.py", "alpha"))
        await store.folders.save(Folder("src"))
        await nearest(store, axis(1))
        await store.close()
        with pytest.raises(EmbeddingMismatchError) as caught:
            await make_store(OTHER_MODEL).open()
        assert str(caught.value) == (
            "The index was made with the embedding test-model (8 dimensions), but the settings say other (16). "
            "Run: agent-brain start --reindex"
        )
        changed = make_store(OTHER_MODEL, discard=True)
        await changed.open()
        assert (await statistics(changed)).vectors == 0
        assert await changed.folders.list_all() == [Folder("src")]
        wide = np.ones(16, np.float32)
        file = make_file("a.py", "alpha")
        await changed.index.upsert_chunks([file], {file.chunks[0].text_hash: wide})
        assert await nearest(changed, wide) == ["alpha"]
        await changed.close()

    async def test_a_model_of_the_same_size_is_another_model(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        await put(store, make_file("a.py", "alpha"))
        await store.close()
        for other in (replace(MODEL, name="v2"), replace(MODEL, tokenizer="bytes")):
            with pytest.raises(EmbeddingMismatchError):
                await make_store(other).open()

    @pytest.mark.own_database
    async def test_an_empty_index_takes_another_model(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        await store.folders.save(Folder("src"))
        await store.close()
        for _ in range(2):
            changed = make_store(OTHER_MODEL, tokenizer="2")
            await changed.open()
            assert await changed.folders.list_all() == [Folder("src")]
            assert await changed.jobs.list_unfinished() == []
            await changed.close()

    async def test_another_tokenizer_empties_all_but_vectors_and_queues_a_job(
        self, store: Store, make_store: MakeStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.need_persistence()
        await put(store, make_file("a.py", "alpha"))
        await store.folders.save(Folder("src"))
        await store.close()
        for _ in range(2):
            changed = make_store(tokenizer="2")
            await changed.open()
            found = await statistics(changed)
            assert (found.files, found.chunks, found.vectors) == (0, 0, 1)
            assert await changed.folders.list_all() == [Folder("src")]
            assert [(job.paths, job.force, job.state) for job in await changed.jobs.list_unfinished()] == [
                ((), False, "queued")
            ]
            await changed.close()
        (line,) = [record.getMessage() for record in caplog.records if record.name.endswith("storage.checks")]
        assert "its embeddings are kept, job 1 indexes its folders again" in line
        await changed.open()
        await put(changed, make_file("a.py", "alpha"))
        assert (await statistics(changed)).embedded_texts == 1
        assert await nearest(changed, axis(1)) == ["alpha"]
        await changed.close()

    async def test_another_model_is_refused_with_another_tokenizer_too(
        self, store: Store, make_store: MakeStore
    ) -> None:
        self.need_persistence()
        await put(store, make_file("a.py", "alpha"))
        await store.folders.save(Folder("src"))
        await store.close()
        with pytest.raises(EmbeddingMismatchError):
            await make_store(replace(MODEL, name="v2"), tokenizer="2").open()
        await store.open()
        assert await find(store, "alpha") == ["alpha"]
        assert await store.jobs.list_unfinished() == []

    @pytest.mark.parametrize("tokenizer", ["1", "2"])
    async def test_discard_empties_all_but_folders_and_vectors_of_the_model(
        self, store: Store, make_store: MakeStore, tokenizer: str
    ) -> None:
        self.need_persistence()
        file = make_file("a.py", "alpha")
        await put(store, file, vectors={file.chunks[0].text_hash: axis(1)})
        await store.folders.save(Folder("src", ("*.py",)))
        await store.close()
        again = make_store(tokenizer=tokenizer, discard=True)
        await again.open()
        found = await statistics(again)
        assert (found.files, found.chunks, found.vectors) == (0, 0, 1)
        assert await find(again, "alpha") == []
        assert await again.folders.list_all() == [Folder("src", ("*.py",))]
        assert await again.index.missing_vectors([file.chunks[0].text_hash]) == set()
        await again.index.upsert_chunks([file], {})
        assert await find(again, "alpha") == ["alpha"]
        assert await nearest(again, axis(1)) == ["alpha"]
        await again.close()
        await again.open()
        assert await find(again, "alpha") == ["alpha"]  # once is enough
        await again.close()

    async def test_it_says_where_it_is(self, store: Store) -> None:
        assert store.describe()
