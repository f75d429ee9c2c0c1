"""Whether the write-ahead log that a killed server left is whole: SQLite silently drops what it cannot read of it.

The format is that of "The Write-Ahead Log" in SQLite's file format.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import BinaryIO

from agent_brain_contract.regular_files import open_regular_file

LONGEST_SECONDS = 20.0
_MAGIC = 0x377F0682
_HEADER_BYTES = 32
_FRAME_BYTES = 24
_MASK = 0xFFFFFFFF

Sums = tuple[int, int]


def lost_frames(database: Path) -> str:
    """Say what of the log of `database` SQLite will drop; nothing where it is whole, is empty or is not there."""
    path = database.with_name(f"{database.name}-wal")
    try:
        with os.fdopen(open_regular_file(path), "rb") as log:
            return _lost(log, os.fstat(log.fileno()).st_size)
    except OSError:
        return ""


def _lost(log: BinaryIO, size: int) -> str:
    header = log.read(_HEADER_BYTES)
    if not header:
        return ""
    order = ">" if header[:4] == (_MAGIC | 1).to_bytes(4, "big") else "<"
    sums = _summed(header[:24], (0, 0), order)
    if int.from_bytes(header[:4], "big") & ~1 != _MAGIC or _encoded(sums) != header[24:32]:
        return "invalid header"
    page = int.from_bytes(header[8:12], "big")
    return _dropped(log, size, page, header[16:24], sums, order)


def _dropped(log: BinaryIO, size: int, page: int, salt: bytes, sums: Sums, order: str) -> str:
    """Look for a whole transaction behind the first frame that is not as it was written.

    Frames of another salt are left of an older log. A last transaction without its end was never committed.
    """
    deadline, broken = time.monotonic() + LONGEST_SECONDS, 0
    for number in range(1, (size - _HEADER_BYTES) // (_FRAME_BYTES + page) + 1):
        frame, content = log.read(_FRAME_BYTES), log.read(page)
        if time.monotonic() > deadline or (frame[8:16] != salt and not broken):
            return _broken_later(log, page, salt, frame, number) if frame[8:16] != salt else ""
        if not broken:
            sums = _summed(content, _summed(frame[:8], sums, order), order)
            broken = 0 if _encoded(sums) == frame[16:24] else number
        if broken and frame[8:16] == salt and any(frame[4:8]):
            return f"from frame {broken} on"
    return ""


def _broken_later(log: BinaryIO, page: int, salt: bytes, frame: bytes, number: int) -> str:
    """Return what `_dropped` does where a frame has another salt: damaged if a later one has the log's own again."""
    while frame := log.read(_FRAME_BYTES):
        log.seek(page, os.SEEK_CUR)
        if frame[8:16] == salt and any(frame[4:8]):
            return f"from frame {number} on"
    return ""


def _summed(data: bytes, sums: Sums, order: str) -> Sums:
    """Return the checksum of SQLite's log, carried on over `data`."""
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second


def _encoded(sums: Sums) -> bytes:
    return struct.pack(">II", *sums)
