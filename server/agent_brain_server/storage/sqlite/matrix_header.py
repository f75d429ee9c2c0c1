"""The vector cache's header, which says whose it is and how many of its records count, and its checksums."""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent_brain_contract.regular_files import open_regular_file

SIZE = 64
BLOCK = 4 * 1024 * 1024
_FAMILY = b"ABVECT"
_MAGIC = _FAMILY + b"2\0"
_FIELDS = struct.Struct("<8sIQQ16sI")
_CHECKSUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class MatrixHeader:
    """`count` records were safe on disk together with the database when it had seen `generation` changes.

    Behind them are the checksums of their blocks, of which `sums` is the checksum.
    """

    dimensions: int
    count: int
    generation: int
    instance: str
    sums: int = 0

    def encode(self) -> bytes:
        """Return SIZE bytes, the last four a checksum of the others."""
        fields = _FIELDS.pack(_MAGIC, self.dimensions, self.count, self.generation, self.instance.encode(), self.sums)
        padded = fields.ljust(SIZE - _CHECKSUM.size, b"\0")
        return padded + _CHECKSUM.pack(zlib.crc32(padded))


class Checksums:
    """CRC-32 of each BLOCK bytes of what was added, the last of what there is; carried on as records are appended."""

    def __init__(self) -> None:
        self._sums = array("I")
        self._size = 0

    def add(self, data: bytes | memoryview) -> None:
        """Count in what was appended."""
        view = memoryview(data)
        while view:
            filled = self._size % BLOCK
            if not filled:
                self._sums.append(0)
            part = view[: BLOCK - filled]
            self._sums[-1] = zlib.crc32(part, self._sums[-1])
            self._size += len(part)
            view = view[len(part) :]

    def encode(self) -> bytes:
        """Return the sums as they are stored, four bytes each."""
        return self._sums.tobytes()

    @property
    def size(self) -> int:
        """Return how many bytes were added."""
        return self._size

    @property
    def total(self) -> int:
        """Return the checksum of the sums."""
        return zlib.crc32(self.encode())


def checked(file: BinaryIO, header: MatrixHeader, length: int) -> Checksums | None:
    """Return the checksums of the `length` bytes after the header, None where one differs from the stored one."""
    sums = Checksums()
    file.seek(SIZE)
    while left := length - sums.size:
        data = file.read(min(BLOCK, left))
        if not data:
            return None
        sums.add(data)
    return sums if sums.total == header.sums and file.read(len(sums.encode())) == sums.encode() else None


def read_header(path: Path) -> MatrixHeader | None:
    """Return the header of the cache at `path`, None where the file is missing or not whole."""
    try:
        with os.fdopen(open_regular_file(path), "rb") as file:
            data = file.read(SIZE)
    except OSError:
        return None
    if len(data) < SIZE or _CHECKSUM.unpack(data[-_CHECKSUM.size :])[0] != zlib.crc32(data[: -_CHECKSUM.size]):
        return None
    magic, dimensions, count, generation, instance, sums = _FIELDS.unpack_from(data)
    return MatrixHeader(dimensions, count, generation, instance.decode(), sums) if magic == _MAGIC else None


def cache_path(database: Path) -> Path:
    """Return where the vectors of the index in `database` are stored."""
    return database.with_suffix(".vectors" if database.suffix != ".vectors" else ".vectors.cache")


def may_be_cache(path: Path) -> bool:
    """Return whether the file at `path` begins as a cache of any version does, or is missing."""
    try:
        with os.fdopen(open_regular_file(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            data = file.read(SIZE)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return data.startswith(_FAMILY) or not data.strip(b"\0")


def drop_stale_cache(path: Path, instance: str, generation: int) -> None:
    """Remove a cache of another index, or of a later state of this one (the database was restored from a copy)."""
    header = read_header(path)
    if header is None or header.instance != instance or header.generation > generation:
        with suppress(OSError):
            path.unlink()
