"""Promises of `GraphView`, and of the writes that keep the graph in step with the files."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from agent_brain_server.domain.code_graph import Definition, FileGraph, LocatedDefinition, LocatedReference, Reference
from agent_brain_server.domain.content import Folder, IndexedFile
from agent_brain_server.errors import StorageError
from agent_brain_server.storage.protocol import Store
from storage.building import (
    definitions,
    definitions_in,
    fetch_chunks,
    list_files,
    make_chunk,
    make_file,
    put,
    references,
    references_in,
    rows_at,
)
from storage.contract_setting import ContractSetting, MakeStore

MOST = 1_000
HOSTILE = [
    "'",
    '"',
    "%",
    "_",
    "\\",
    "*",
    ":",
    "a b",
    "defined:x",
    "operator==",
    "größe",
    "名前",
    "\U0001f600",
    "NULL",
    "",
]


def define(symbol: str, start: int = 1, **fields: object) -> Definition:
    values: dict[str, object] = {"kind": "function", "end_line": start + 2, "signature": f"def {symbol}()", **fields}
    return Definition(symbol=symbol, start_line=start, **values)  # type: ignore[arg-type]


def refer(name: str, line: int = 1, **fields: str) -> Reference:
    values = {"kind": "call", "qualifier": "", "alias": "", "scope": "", **fields}
    return Reference(name=name, line=line, **values)  # type: ignore[arg-type]


def with_graph(path: str, *parts: Definition | Reference, folder: str = "src", language: str = "python") -> IndexedFile:
    """Return a file of one chunk with this graph."""
    definitions = tuple(part for part in parts if isinstance(part, Definition))
    references = tuple(part for part in parts if isinstance(part, Reference))
    file = make_file(path, f"text of {path}", folder=folder, language=language)
    return replace(file, graph=FileGraph(definitions, references))


async def symbols(store: Store, *names: str) -> list[str]:
    return [found.definition.symbol for found in await definitions(store, names)]


async def uses(store: Store, *names: str, limit: int = MOST) -> list[tuple[str, int]]:
    return [(found.path, found.reference.line) for found in await references(store, names, limit)]


async def everything(store: Store) -> tuple[list[LocatedDefinition], list[LocatedReference]]:
    """Return the graph of all files in the manifest."""
    paths = list(await list_files(store))
    return await definitions_in(store, paths), await references_in(store, paths)


class GraphContract(ContractSetting):
    async def test_a_graph_comes_back_as_it_was(self, store: Store) -> None:
        definition = define("Pool.acquire", 3, kind="method", end_line=9, signature="def acquire(self) -> Größe")
        reference = Reference("import", "join", "os.path", "verbinde", "Pool.acquire", 7)
        await put(store, with_graph("a.py", definition, reference), with_graph("b.go", language="go"))
        located = LocatedDefinition("a.py", "python", definition)
        assert await definitions(store, ["acquire"]) == await definitions_in(store, ["a.py"]) == [located]
        used = LocatedReference("a.py", "python", reference)
        assert await references(store, ["join"], 1) == await references_in(store, ["a.py"]) == [used]
        assert await definitions_in(store, ["b.go"]) == await references_in(store, ["b.go"]) == []

    async def test_a_files_references_and_definitions_can_be_chosen(self, store: Store) -> None:
        defined = [define("Pool", 1), define("Pool.acquire", 2), define("Pooled", 9)]
        scopes = ["Pool", "Pool.acquire", "Pooled", "Größe.%", "Größe.%.x", ""]
        used = [refer("get", line, scope=scope) for line, scope in enumerate(scopes, 1)]
        await put(store, with_graph("a.py", *defined, *used, refer("os", 7, kind="import", scope="Pool")))

        async def lines(*within: str, kinds: tuple[str, ...] = ("call",)) -> list[int]:
            return [one.reference.line for one in await references_in(store, ["a.py"], kinds, within)]

        assert await lines() == [1, 2, 3, 4, 5, 6]
        assert await lines("Pool") == [1, 2]
        assert await lines("Pool", kinds=()) == [1, 2, 7]
        assert await lines("Pool.acquire", "Größe.%") == [2, 4, 5]
        assert await lines("Poo", "pool") == []
        chosen = await definitions_in(store, ["a.py"], ["Pooled", "Pool", "pool.acquire"])
        assert [one.definition.symbol for one in chosen] == ["Pool", "Pooled"]

    async def test_every_line_of_a_reference_comes_back(self, store: Store) -> None:
        lines = [5, 1, 3, 70_000, 2]
        same = [refer("get", line, qualifier="self", scope="run") for line in lines]
        others = [
            refer("get", 4, qualifier="self"),
            refer("get", 3, qualifier="cls", scope="run"),
            refer("get", 3, qualifier="self", scope="run", kind="use"),
            refer("get", 3, qualifier="self", scope="run", alias="got"),
        ]
        await put(store, with_graph("a.py", *same, *others))
        found = [located.reference for located in await references(store, ["get"], MOST)]
        assert sorted(found, key=repr) == sorted([*same, *others], key=repr)
        assert [(one.line, one.qualifier) for one in found[:4]] == [(1, "self"), (2, "self"), (3, "cls"), (3, "self")]
        assert await references_in(store, ["a.py"]) == await references(store, ["get"], MOST)

    async def test_definitions_are_found_by_their_last_part_in_any_case(self, store: Store) -> None:
        await put(
            store,
            with_graph("a.py", define("Pool"), define("db.Pool.acquire", 5), define("acquired", 9)),
            with_graph("b.py", define("ACQUIRE"), define("pool.release", 2), define("ÉTÉ", 4), define(".", 6)),
        )
        assert await symbols(store, "Acquire") == ["db.Pool.acquire", "ACQUIRE"]
        assert await symbols(store, "pool") == ["Pool"]
        assert await symbols(store, "POOL", "pool", "Pool") == ["Pool"]
        assert await symbols(store, "été") == ["ÉTÉ"]
        assert await symbols(store, "Pool.acquire", "db", "acq", "") == []
        assert await symbols(store) == []

    async def test_references_are_found_by_their_exact_name(self, store: Store) -> None:
        await put(store, with_graph("a.py", refer("get", 1), refer("Get", 2), refer("get_all", 3), refer("ÉTÉ", 4)))
        assert await uses(store, "get") == [("a.py", 1)]
        assert await uses(store, "Get", "nothing") == [("a.py", 2)]
        assert await uses(store, "été", "GET", "get_", "self") == []
        assert await uses(store, "ÉTÉ", "ÉTÉ") == [("a.py", 4)]
        assert await uses(store) == []

    async def test_definitions_are_ordered_by_path_line_and_symbol(self, store: Store) -> None:
        files = [
            with_graph("b.py", define("y.f", 7), define("x.f", 7), define("f", 2)),
            with_graph("B.py", define("f", 5)),
            with_graph("ä.py", define("f", 1)),
            with_graph("a/z.py", define("X.f", 7), define("Y.f", 7)),
        ]
        await put(store, *files)
        expected = [("B.py", "f"), ("a/z.py", "X.f"), ("a/z.py", "Y.f")]
        expected += [("b.py", "f"), ("b.py", "x.f"), ("b.py", "y.f"), ("ä.py", "f")]
        for found in (
            await definitions(store, ["f"]),
            await definitions_in(store, ["ä.py", "b.py", "B.py", "a/z.py"]),
        ):
            assert [(one.path, one.definition.symbol) for one in found] == expected

    async def test_references_are_ordered_by_path_line_name_and_qualifier(self, store: Store) -> None:
        later = with_graph(
            "b.py", refer("g", 2), refer("f", 2, qualifier="z"), refer("f", 2, qualifier="a"), refer("f", 1)
        )
        await put(store, later, with_graph("a.py", refer("f", 30), refer("g", 4), refer("f", 3)))
        found = await references(store, ["f", "g"], MOST)
        assert [(one.path, one.reference.line, one.reference.name, one.reference.qualifier) for one in found] == [
            ("a.py", 3, "f", ""),
            ("a.py", 4, "g", ""),
            ("a.py", 30, "f", ""),
            ("b.py", 1, "f", ""),
            ("b.py", 2, "f", "a"),
            ("b.py", 2, "f", "z"),
            ("b.py", 2, "g", ""),
        ]
        assert await references_in(store, ["b.py", "a.py"]) == found

    @pytest.mark.parametrize("limit", [0, 1, 3, 4, 5, 100])
    async def test_the_first_references_are_given_up_to_the_limit(self, store: Store, limit: int) -> None:
        repeated = [refer("f", line) for line in (9, 2, 5)]
        await put(store, with_graph("b.py", refer("f", 1)), with_graph("a.py", *repeated))
        assert await uses(store, "f", limit=limit) == [("a.py", 2), ("a.py", 5), ("a.py", 9), ("b.py", 1)][:limit]

    async def test_a_replaced_file_has_its_new_graph_only(self, store: Store) -> None:
        await put(
            store, with_graph("a.py", define("old"), refer("f", 1), refer("g", 2)), with_graph("b.py", refer("f", 9))
        )
        await put(store, with_graph("a.py", define("new"), refer("f", 3)))
        assert await symbols(store, "old", "new") == ["new"]
        assert await uses(store, "f", "g") == [("a.py", 3), ("b.py", 9)]
        await put(store, make_file("a.py", "no graph"))
        assert await definitions_in(store, ["a.py"]) == []
        assert await uses(store, "f", "g") == [("b.py", 9)]

    async def test_the_last_graph_of_two_versions_in_one_batch_counts(self, store: Store) -> None:
        await put(store, with_graph("a.py", define("first"), refer("f", 1)), with_graph("a.py", define("second")))
        assert [found.definition.symbol for found in (await everything(store))[0]] == ["second"]
        assert await uses(store, "f") == []

    async def test_a_batch_that_fails_leaves_the_graph_alone(self, store: Store) -> None:
        await put(store, with_graph("a.py", define("old"), refer("old", 1)))
        twice = make_chunk("b.py", "text")
        with pytest.raises(StorageError, match="same id"):
            await put(store, with_graph("a.py", define("new"), refer("new", 1)), make_file("b.py", twice, twice))
        assert await symbols(store, "old", "new") == ["old"]
        assert await uses(store, "old", "new") == [("a.py", 1)]

    async def test_a_removed_file_takes_its_graph_along(self, store: Store) -> None:
        await put(store, *[with_graph(f"{name}.py", define("f"), refer("g", 1)) for name in "abc"])
        await store.index.remove_files(["b.py", "unknown.py"])
        assert [found.path for found in await definitions(store, ["f"])] == [
            "a.py",
            "c.py",
        ]
        assert await uses(store, "g") == [("a.py", 1), ("c.py", 1)]
        await store.index.remove_files(["a.py", "c.py"])
        assert await symbols(store, "f") == []
        assert await uses(store, "g") == []
        await put(store, with_graph("c.py", define("f"), refer("g", 7)))
        assert await symbols(store, "f") == ["f"]
        assert await uses(store, "g") == [("c.py", 7)]

    async def test_a_renamed_file_has_its_graph_under_the_new_name(self, store: Store) -> None:
        await put(store, with_graph("old.py", define("f"), refer("g", 1)), with_graph("other.py"))
        await put(store, with_graph("new.py", define("f"), refer("g", 1)))
        await store.index.remove_files(["old.py"])
        assert [found.path for found in await definitions(store, ["f"])] == ["new.py"]
        assert await uses(store, "g") == [("new.py", 1)]

    async def test_a_removed_folder_takes_its_graph_along(self, store: Store) -> None:
        for name in ("one", "two"):
            await store.folders.save(Folder(name))
            await put(store, with_graph(f"{name}/a.py", define("f"), refer("g", 1), folder=name))
        await store.folders.remove("one")
        assert [found.path for found in await definitions(store, ["f"])] == ["two/a.py"]
        assert await uses(store, "g") == [("two/a.py", 1)]

    async def test_reset_empties_the_graph(self, store: Store) -> None:
        for _ in range(2):
            await put(store, with_graph("a.py", define("f"), refer("g", 1)))
            assert (await symbols(store, "f"), await uses(store, "g")) == (["f"], [("a.py", 1)])
            await store.index.reset()
            assert (await symbols(store, "f"), await uses(store, "g")) == ([], [])

    async def test_a_refreshed_file_keeps_its_graph_and_has_its_new_language(self, store: Store) -> None:
        file = with_graph("a.h", define("f"), refer("g", 1), language="c")
        await put(store, file)
        await store.index.refresh_files([replace(file.record, language="cpp")])
        assert [found.language for found in await definitions(store, ["f"])] == ["cpp"]
        assert [found.language for found in await references_in(store, ["a.h"])] == ["cpp"]

    @pytest.mark.parametrize("name", HOSTILE)
    async def test_any_name_is_just_a_name(self, store: Store, name: str) -> None:
        path = f"odd/{name}.py"
        own = with_graph(path, define(name, signature=name), refer(name, 2, qualifier=name, alias=name, scope=name))
        others = [define(other, at) for at, other in enumerate(HOSTILE, 5) if other != name]
        await put(store, own, with_graph("others.py", *others, *[refer(other.symbol, 1) for other in others]))
        assert [found.path for found in await definitions(store, [name])] == [path]
        assert await definitions_in(store, [path]) == [LocatedDefinition(path, "python", own.graph.definitions[0])]
        assert await references(store, [name], MOST) == await references_in(store, [path])
        assert await references_in(store, [path]) == [LocatedReference(path, "python", own.graph.references[0])]

    async def test_what_no_database_can_hold_is_replaced(self, store: Store) -> None:
        await put(store, with_graph("a.py", define("nul\0", signature="\udc80"), refer("half\udc80", 1, scope="nul\0")))
        (definition,) = await definitions(store, ["NUL\0"])
        assert (definition.definition.symbol, definition.definition.signature) == ("nul\ufffd", "\ufffd")
        (reference,) = await references(store, ["half\udc80"], MOST)
        assert (reference.reference.name, reference.reference.scope) == ("half\ufffd", "nul\ufffd")
        assert await references(store, ["half\ufffd"], MOST) == [reference]

    async def test_thousands_at_once(self, store: Store) -> None:
        names = [f"name{number}" for number in range(5_000)]
        parts = [
            part for at, name in enumerate(names[:2_000], 1) for part in (define(f"A.{name}", at), refer(name, at))
        ]
        await put(store, with_graph("a.py", *parts), with_graph("b.py", refer(names[-1], 1)))
        assert len(await definitions(store, names)) == 2_000
        assert await uses(store, *names, limit=3_000) == [*[("a.py", at) for at in range(1, 2_001)], ("b.py", 1)]
        assert await uses(store, *names, limit=2) == [("a.py", 1), ("a.py", 2)]
        paths = [f"unknown{number}.py" for number in range(5_000)]
        assert len(await definitions_in(store, [*paths, "a.py"])) == 2_000
        assert len(await references_in(store, ["b.py", *paths])) == 1
        places = [("a.py", line) for line in range(2_000)] + [(path, 1) for path in paths]
        assert set(await rows_at(store, places)) == {("a.py", 1)}

    async def test_the_chunk_at_a_place_is_the_smallest_that_holds_it(self, store: Store) -> None:
        spans = {"class": (1, 50), "method": (10, 20), "inner": (12, 14), "again": (12, 14), "next": (51, 51)}
        chunks = [make_chunk("a.py", name, start_line=start, end_line=end) for name, (start, end) in spans.items()]
        await put(
            store, make_file("b.py", make_chunk("b.py", "other", start_line=1, end_line=99)), make_file("a.py", *chunks)
        )
        asked = {1: "class", 10: "method", 12: "inner", 14: "inner", 20: "method", 21: "class", 50: "class", 51: "next"}
        places = [("a.py", line) for line in (*asked, 0, 52, -1, 2**40)]
        rows = await rows_at(store, [*places, *places, ("c.py", 1)])
        texts = {row: chunk.text for row, chunk in (await fetch_chunks(store, list(rows.values()))).items()}
        assert {place: texts[row] for place, row in rows.items()} == {
            ("a.py", line): text for line, text in asked.items()
        }
        assert await rows_at(store, []) == {}

    async def test_a_graph_is_there_after_opening_again(self, store: Store, make_store: MakeStore) -> None:
        self.need_persistence()
        await put(store, with_graph("a.py", define("f"), refer("g", 4), refer("g", 2)))
        before = await everything(store)
        await store.close()
        again = make_store()
        await again.open()
        assert await everything(again) == before
        assert await uses(again, "g") == [("a.py", 2), ("a.py", 4)]
        await again.close()

    async def test_the_graph_is_seen_in_whole_transactions(self, store: Store) -> None:
        """Two files are replaced together; every reader sees both of one version."""

        def version(number: int) -> list[IndexedFile]:
            parts = [define(f"v{number}.f"), refer("g", number), refer("g", number, scope="f")]
            return [with_graph(path, *parts) for path in ("a.py", "b.py")]

        async def write() -> None:
            for number in range(2, 25):
                await put(store, *version(number))

        async def look(number: int) -> None:
            await asyncio.sleep(number / 500)
            assert len(set(await symbols(store, "f"))) == 1
            found = await references(store, ["g"], MOST)
            assert (len(found), len({one.reference.line for one in found})) == (4, 1)

        await put(store, *version(1))
        await asyncio.gather(write(), *[look(number) for number in range(50)])
