"""A process that writes versions of files until it is killed: `python writing_until_killed.py DIRECTORY SEED`."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import replace
from pathlib import Path

from agent_brain_server.domain.code_graph import Definition, FileGraph, Reference
from agent_brain_server.domain.content import IndexedFile
from agent_brain_server.storage.factory import create_store
from storage.building import MODEL, TOKENIZER, axis, make_file, nearest, put


def versioned_file(name: int, version: int) -> IndexedFile:
    """Return a version of the file; each has its own number of chunks, which all name it."""
    size = version % 5 + 1
    file = make_file(f"f{name}.py", *[f"common file{name} version{version} part{at} of{size}" for at in range(size)])
    definitions = tuple(Definition(f"version{version}.part{at}", "function", at, at, "") for at in range(size))
    references = tuple(Reference("call", f"version{version}", f"part{at}", "", "", at) for at in range(size))
    return replace(file, graph=FileGraph(definitions, references))


async def write(directory: Path, seed: int) -> None:
    chosen = random.Random(seed)
    store = create_store("sqlite:///index.db", directory, MODEL, TOKENIZER)
    await store.open()
    print("open", flush=True)
    for version in range(1_000_000):
        names = chosen.sample(range(30), 5)
        await put(store, *[versioned_file(name, seed * 1_000 + version) for name in names])
        if chosen.random() < 0.2:
            await store.index.remove_files([f"f{chosen.randrange(30)}.py"])
        if chosen.random() < 0.3:
            await nearest(store, axis(1), limit=5)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), int(sys.argv[2])))
