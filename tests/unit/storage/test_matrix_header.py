"""The header of the vector cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_server.storage.sqlite.matrix_header import SIZE, MatrixHeader, drop_stale_cache, read_header

HEADER = MatrixHeader(dimensions=256, count=12, generation=7, instance="0123456789abcdef")


def test_a_header_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "index.vectors"
    path.write_bytes(HEADER.encode() + b"records")
    assert len(HEADER.encode()) == SIZE
    assert read_header(path) == HEADER


@pytest.mark.parametrize("at", range(0, SIZE, 7))
def test_a_changed_byte_is_noticed(tmp_path: Path, at: int) -> None:
    data = bytearray(HEADER.encode())
    data[at] ^= 1
    (tmp_path / "c").write_bytes(data)
    assert read_header(tmp_path / "c") is None


@pytest.mark.parametrize("size", [0, 1, SIZE - 1])
def test_a_short_file_has_none(tmp_path: Path, size: int) -> None:
    (tmp_path / "c").write_bytes(HEADER.encode()[:size])
    assert read_header(tmp_path / "c") is None
    assert read_header(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("instance", "generation", "kept"),
    [
        (HEADER.instance, 7, True),
        (HEADER.instance, 8, True),
        (HEADER.instance, 6, False),
        ("fedcba9876543210", 7, False),
    ],
)
def test_only_a_cache_of_this_or_an_earlier_state_is_kept(
    tmp_path: Path, instance: str, generation: int, *, kept: bool
) -> None:
    path = tmp_path / "c"
    path.write_bytes(HEADER.encode())
    drop_stale_cache(path, instance, generation)
    assert path.exists() is kept
    drop_stale_cache(tmp_path / "missing", instance, generation)
