"""An index that was made while something was killed, held against one that was made in peace."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from support.embedding_endpoint import EmbeddingEndpoint


@dataclass
class Indexed:
    """The rows of an index, without what is the moment's (times, row numbers)."""

    files: set[tuple[Any, ...]]
    chunks: dict[str, tuple[Any, ...]]
    vectors: dict[str, Any]
    terms: Any
    embedded: int


class RationedEndpoint(EmbeddingEndpoint):
    """Answers `allowed` more requests (None: all), and leaves the others waiting for an answer that never comes."""

    allowed: int | None = None

    def delay(self, seconds: float) -> None:
        """Before an answer."""
        if self.allowed is not None:
            self.allowed -= 1
            super().delay(0.01 if self.allowed >= 0 else 60)


def assert_same_rows(found: Indexed, expected: Indexed) -> None:
    assert found.files == expected.files
    assert found.vectors == expected.vectors
    differing = {name for name in found.chunks | expected.chunks if found.chunks.get(name) != expected.chunks.get(name)}
    assert not differing
    assert found.terms == expected.terms
    assert found.embedded == expected.embedded == len(expected.vectors), "no text counts as embedded twice"


def wait_for_the_end(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + 5
    while any(map(runs, processes)):
        assert time.monotonic() < deadline, "the server's workers outlive it"
        time.sleep(0.01)


def runs(process: psutil.Process) -> bool:
    """Whether it does anything yet; whoever inherited it may take its time to take note of its end."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False
