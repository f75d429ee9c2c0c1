"""Random texts for every chunker, through the real worker processes: no exception, bounded memory and time.

Two minutes by `make test-nightly`; FUZZ_SECONDS says how long otherwise, FUZZ_SEED where it begins.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from agent_brain_server.indexing.reading.prepare import PreparedFile, ReadRequest
from agent_brain_server.indexing.walking.walk_result import FileEntry
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.runtime.limits import seconds_for
from support.monsters import DOCUMENTS, EXTENSIONS, monsters

ROOT = Path(__file__).parents[2]
SECONDS = float(os.environ.get("FUZZ_SECONDS", "120"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))
BATCH = 16
LARGEST = 200_000
MOST_MEGABYTES = 200
LANGUAGES = EXTENSIONS | DOCUMENTS | {"pdf": "pdf"}
TOKENS = "( ) [ ] { } < > , ; : . = + - * / \\ | & ^ % ! ? @ # $ ~ ` \" ' \n \t \r \0 \ufeff \u0301 \U0010ffff".split(
    " "
)


def seeds() -> list[bytes]:
    """What is changed at random: the samples of the chunkers' tests, our own sources, and monsters."""
    samples = [path for path in (ROOT / "tests/unit/indexing/chunking/samples").rglob("*") if path.is_file()]
    ours = [*(ROOT / "docs").glob("*.md"), *(ROOT / "server").rglob("indexing/*.py"), *(ROOT / "server").rglob("*.scm")]
    made = [text.encode() for language in LANGUAGES for _, text in monsters(language, 2_000)]
    return [path.read_bytes()[:LARGEST] for path in (*samples, *ours)] + made


def changed(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """The bytes with some pieces removed, repeated, moved, replaced or taken from elsewhere."""
    for _ in range(rng.choice((1, 2, 5, 20))):
        start = rng.randrange(len(data) + 1)
        end = min(len(data), start + rng.choice((1, 5, 50, 500)))
        piece = data[start:end]
        change = rng.randrange(5)
        if change == 0:
            piece = b""
        elif change == 1:
            piece *= rng.choice((2, 10, 1_000))
        elif change == 2:
            piece = rng.choice(TOKENS).encode() * rng.choice((1, 3, 3_000))
        elif change == 3:
            piece = rng.randbytes(min(len(piece), 20))
        else:
            other = rng.choice(others)
            at = rng.randrange(len(other) + 1)
            piece = other[at : at + 2_000]
        data = (data[:start] + piece + data[end:])[:LARGEST]
    return data


def check(file: PreparedFile) -> None:
    assert file.verdict in ("indexed", "binary", "secret"), (file.verdict, file.note)
    assert re.search(r"gave up: (?!MemoryError)\w+Error", file.note) is None, file.note
    for one in file.chunks:
        assert 0 < len(one.chunk.text) <= 4_000
        assert 1 <= one.chunk.start_line <= one.chunk.end_line


@pytest.mark.nightly
@pytest.mark.timeout(SECONDS * 2 + 600)
async def test_no_text_breaks_a_chunker(tmp_path: Path) -> None:
    rng, texts, workers = random.Random(SEED), seeds(), Workers(1)
    counts: Counter[str] = Counter()
    slowest, largest, process = (0.0, ""), 0.0, psutil.Process()
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            batch = []
            for number in range(BATCH):
                path = tmp_path / f"{number}.{rng.choice([*LANGUAGES.values()])}"
                head = b"%PDF-1.4\n" if path.suffix == ".pdf" else b""
                path.write_bytes(head + changed(rng, rng.choice(texts), texts))
                entry = FileEntry(path.name, str(path), ".", path.stat().st_size, path.stat().st_mtime_ns)
                batch.append(ReadRequest(entry, "", 1_000_000))
            for request in batch:
                begun = time.monotonic()
                (file,) = await workers.prepare([request])
                slowest = max(slowest, (time.monotonic() - begun, file.note + request.entry.path))
                check(file)
                counts["files"] += 1
                counts["gave up"] += "gave up" in file.note
                counts["crashed"] += "crashed" in file.note
            largest = max(largest, sum(worker._resident for worker in workers._idle) / 1e6)
            assert process.memory_info().rss / 1e6 < MOST_MEGABYTES
    finally:
        workers.close()
    print(f"\nseed {SEED}: {dict(counts)}; slowest {slowest[0]:.1f} s ({slowest[1]}); largest worker {largest:.0f} MB")
    assert counts["files"] > SECONDS / seconds_for(LARGEST)
