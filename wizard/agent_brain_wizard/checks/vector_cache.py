"""Whether the vectors that a stopped server left with its index are as it wrote them.

The format is that of agent_brain_server.storage.sqlite.matrix_header, which is not imported; a test compares.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import BinaryIO

from agent_brain_contract.regular_files import open_regular_file

_MAGIC = b"ABVECT2\0"
_HEADER_BYTES = 64
_BLOCK = 4 * 1024 * 1024
_ROW_BYTES = 8


def is_damaged(path: Path) -> bool | None:
    """Return whether the records differ from their checksums; None where none are kept, as under a running server."""
    try:
        with os.fdopen(open_regular_file(path), "rb") as file:
            header = file.read(_HEADER_BYTES)
            return None if not header.strip(b"\0") else not (_is_header(header) and _has_sums(file, header))
    except OSError:
        return None


def _is_header(header: bytes) -> bool:
    return header.startswith(_MAGIC) and _number(header[-4:]) == zlib.crc32(header[:-4])


def _has_sums(file: BinaryIO, header: bytes) -> bool:
    dimensions, count = _number(header[8:12]), _number(header[12:20])
    left = count * (_ROW_BYTES + 4 * dimensions)
    sums = b""
    while left:
        block = file.read(min(_BLOCK, left))
        if not block:
            return False
        left -= len(block)
        sums += zlib.crc32(block).to_bytes(4, "little")
    return file.read(len(sums) + 1) == sums and _number(header[44:48]) == zlib.crc32(sums)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
