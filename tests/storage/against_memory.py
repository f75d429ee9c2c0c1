"""A store and the reference given the same operations answer alike: the same chunks, the same order by vector."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agent_brain_server.domain.code_graph import Definition, FileGraph, Reference
from agent_brain_server.domain.content import Folder, IndexedFile
from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.memory.store import MemoryStore
from agent_brain_server.storage.protocol import Store
from storage import building
from storage.building import (
    MANY,
    MODEL,
    TOKENIZER,
    axis,
    fetch_chunks,
    lexical_hits,
    make_chunk,
    make_file,
    put,
    rows_at,
    statistics,
    vector_hits,
)

Result = TypeVar("Result")

WORDS = ["alpha", "betaGamma", "gamma", "größe", "x1"]
PATHS = ["lib/a.py", "lib/sub/b.go", "docs/c.md", "d.py"]
FOLDERS = ["lib", "docs"]
LANGUAGES = {".py": "python", ".go": "go", ".md": "markdown"}
SYMBOLS = ["", "run", "Pool.run", "a.Pool.run", "Pool"]


NAMES = ["run", "Run", "größe", "*", "\0"]
definitions = st.builds(
    Definition,
    symbol=st.sampled_from([*NAMES, *SYMBOLS[1:]]),
    kind=st.just("function"),
    start_line=st.integers(1, 3),
    end_line=st.just(4),
    signature=st.sampled_from(["", "def run()"]),
)
references = st.builds(
    Reference,
    kind=st.sampled_from(["call", "import"]),
    name=st.sampled_from(NAMES),
    qualifier=st.sampled_from(["", "self", "Self"]),
    alias=st.just(""),
    scope=st.sampled_from(SYMBOLS),
    line=st.integers(1, 12),
)
graphs = st.builds(
    FileGraph,
    st.lists(definitions, max_size=4).map(tuple),
    st.lists(references, max_size=8, unique=True).map(tuple),
)


@st.composite
def files(draw: st.DrawFn) -> IndexedFile:
    path = draw(st.sampled_from(PATHS))
    bodies = draw(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), max_size=4))
    chunks = [
        make_chunk(
            path,
            " ".join(body),
            occurrence=at,
            symbol=draw(st.sampled_from(SYMBOLS)),
            kind=draw(st.sampled_from(["function", "section"])),
            language=LANGUAGES[Path(path).suffix],
            start_line=draw(st.integers(1, 4)),
            end_line=draw(st.integers(4, 9)),
        )
        for at, body in enumerate(bodies)
    ]
    return replace(make_file(path, *chunks, folder=draw(st.sampled_from(FOLDERS))), graph=draw(graphs))


def some(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2).map(tuple)


filters = st.builds(
    Filters,
    paths=some(["*.py", "lib/", "/docs/**", "!lib/sub/", "nothing"]),
    languages=some(["python", "go", "rust"]),
    kinds=some(["function", "section"]),
    symbols=some(["run", "Pool::run", "a.Pool.run", "ool.run", ""]),
)


class AgainstMemory(RuleBasedStateMachine):
    """`make_store` gives the store to compare, empty, for a project in this directory."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.memory: Store = MemoryStore(MODEL, TOKENIZER)
        self.store = self.make_store(Path(self.directory.name))
        self.run(self.store.open())

    def make_store(self, directory: Path) -> Store:
        raise NotImplementedError

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def both(self, name: str, *arguments: object) -> None:
        """Call `object.method` on both, and compare what they return."""
        call = attrgetter(name)
        assert self.run(call(self.store)(*arguments)) == self.run(call(self.memory)(*arguments))

    def both_read(self, read: Callable[..., Coroutine[Any, Any, object]], *arguments: object) -> None:
        """Read from both, and compare what is returned."""
        assert self.run(read(self.store, *arguments)) == self.run(read(self.memory, *arguments))

    @initialize(indexed=st.lists(files(), min_size=2, max_size=4))
    def begin(self, indexed: list[IndexedFile]) -> None:
        self.upsert(indexed)

    @rule(indexed=st.lists(files(), min_size=1, max_size=3))
    def upsert(self, indexed: list[IndexedFile]) -> None:
        for store in (self.memory, self.store):
            self.run(self.put(store, indexed))

    async def put(self, store: Store, indexed: list[IndexedFile]) -> None:
        await put(store, *indexed)

    @rule(paths=st.lists(st.sampled_from([*PATHS, "unknown"]), max_size=3))
    def remove(self, paths: list[str]) -> None:
        self.both("index.remove_files", paths)

    @rule(indexed=files())
    def refresh(self, indexed: IndexedFile) -> None:
        self.both("index.refresh_files", [indexed.record])

    @rule(path=st.sampled_from(FOLDERS))
    def save_folder(self, path: str) -> None:
        self.both("folders.save", Folder(path))

    @rule(path=st.sampled_from(FOLDERS))
    def remove_folder(self, path: str) -> None:
        self.both("folders.remove", path)

    @rule()
    def reset(self) -> None:
        self.both("index.reset")

    @rule()
    def drop_unused_vectors(self) -> None:
        self.both("index.drop_unused_vectors")

    @rule()
    def optimize(self) -> None:
        self.both("index.optimize")

    @rule()
    def close_and_open(self) -> None:
        self.run(self.store.close())
        self.run(self.store.open())

    @rule(words=st.lists(st.sampled_from([*WORDS, "beta", "pool", "md", '"', "NOT"]), max_size=3), chosen=filters)
    def search_by_words(self, words: list[str], chosen: Filters) -> None:
        found = [self.run(chunks_by_words(store, words, chosen)) for store in (self.store, self.memory)]
        assert set(found[0]) == set(found[1])
        assert len(found[0]) == len(set(found[0]))

    @rule(weights=st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), max_size=4), chosen=filters, limit=st.integers(0, 9))
    def search_by_vector(self, weights: list[float], chosen: Filters, limit: int) -> None:
        found = [self.run(chunks_by_vector(store, weights, chosen, limit)) for store in (self.store, self.memory)]
        assert found[0] == found[1]

    @rule(names=st.lists(st.sampled_from([*NAMES, "RUN", "pool", "x"]), max_size=3), limit=st.integers(0, 5))
    def find_in_the_graph(self, names: list[str], limit: int) -> None:
        self.both_read(building.definitions, names)
        self.both_read(building.references, names, limit)
        self.both_read(building.references, names, MANY)

    @rule(paths=st.lists(st.sampled_from([*PATHS, "unknown"]), max_size=3))
    def list_the_graph(self, paths: list[str]) -> None:
        self.both_read(building.definitions_in, paths)
        self.both_read(building.references_in, paths)

    @rule(places=st.lists(st.tuples(st.sampled_from([*PATHS, "unknown"]), st.integers(0, 10)), max_size=5))
    def find_chunks_at(self, places: list[tuple[str, int]]) -> None:
        found = [self.run(chunks_at(store, places)) for store in (self.store, self.memory)]
        assert found[0] == found[1]

    @invariant()
    def the_manifest_and_the_counts_agree(self) -> None:
        self.both_read(building.list_files)
        self.both("folders.list_all")
        counts = [self.run(statistics(store)) for store in (self.store, self.memory)]
        assert len({(found.files, found.chunks, found.vectors, found.embedded_texts) for found in counts}) == 1
        assert counts[0].languages == counts[1].languages

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.directory.cleanup()


async def chunks_by_words(store: Store, words: list[str], chosen: Filters, limit: int = MANY) -> list[str]:
    hits = await lexical_hits(store, words, chosen, limit)
    chunks = await fetch_chunks(store, [hit.row for hit in hits])
    return [chunks[hit.row].id for hit in hits]


async def chunks_at(store: Store, places: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    rows = await rows_at(store, places)
    chunks = await fetch_chunks(store, list(rows.values()))
    return {place: chunks[row].id for place, row in rows.items()}


async def chunks_by_vector(store: Store, weights: list[float], chosen: Filters, limit: int) -> list[tuple[str, float]]:
    hits = await vector_hits(store, axis(*weights), chosen, limit)
    chunks = await fetch_chunks(store, [hit.row for hit in hits])
    return [(chunks[hit.row].id, hit.score) for hit in hits]
