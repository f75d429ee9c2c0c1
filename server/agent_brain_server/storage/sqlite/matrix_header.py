"""The first bytes of the vector cache: whose it is and how many of its records can be trusted."""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from agent_brain_contract.regular_files import open_regular_file

SIZE = 64
_MAGIC = b"ABVECT1\0"
_FIELDS = struct.Struct("<8sIQQ16s")
_CHECKSUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class MatrixHeader:
    """`count` records were safe on disk together with the database when it had seen `generation` changes."""

    dimensions: int
    count: int
    generation: int
    instance: str

    def encode(self) -> bytes:
        """SIZE bytes, the last four a checksum of the others."""
        fields = _FIELDS.pack(_MAGIC, self.dimensions, self.count, self.generation, self.instance.encode())
        padded = fields.ljust(SIZE - _CHECKSUM.size, b"\0")
        return padded + _CHECKSUM.pack(zlib.crc32(padded))


def read_header(path: Path) -> MatrixHeader | None:
    """The header of the cache at `path`, or None where there is no such file or it is not a whole one."""
    try:
        with os.fdopen(open_regular_file(path), "rb") as file:
            data = file.read(SIZE)
    except OSError:
        return None
    if len(data) < SIZE or _CHECKSUM.unpack(data[-_CHECKSUM.size :])[0] != zlib.crc32(data[: -_CHECKSUM.size]):
        return None
    magic, dimensions, count, generation, instance = _FIELDS.unpack_from(data)
    return MatrixHeader(dimensions, count, generation, instance.decode()) if magic == _MAGIC else None


def drop_stale_cache(path: Path, instance: str, generation: int) -> None:
    """Remove a cache of another index, or of a later state of this one (the database was restored from a copy)."""
    header = read_header(path)
    if header is None or header.instance != instance or header.generation > generation:
        with suppress(OSError):
            path.unlink()
