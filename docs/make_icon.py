"""Draws .claude-plugin/icon.png: a magnifying glass over three lines of text. Run: python docs/make_icon.py"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

SIZE = 512
ICON = Path(__file__).parents[1] / ".claude-plugin" / "icon.png"
BACKGROUND, LINE, FOUND, GLASS = (24, 32, 56), (92, 110, 150), (255, 196, 84), (236, 241, 250)
CENTRE, RADIUS, RIM = (228.0, 228.0), 118.0, 22.0
HANDLE = (318.0, 318.0), (408.0, 408.0)
ROWS = ((152.0, 156.0, 272.0), (228.0, 140.0, 316.0), (304.0, 156.0, 256.0))
THICKNESS = 13.0
Colour = tuple[int, int, int]


def colour_at(x: float, y: float) -> Colour:
    """Return the picture's colour at one point, softened over one pixel at each edge."""
    colour = BACKGROUND
    for row, left, right in ROWS:
        ink = FOUND if row == CENTRE[1] else LINE
        colour = _blend(colour, ink, THICKNESS - _distance(x, y, (left, row), (right, row)))
    rim = RIM / 2 - abs(math.dist((x, y), CENTRE) - RADIUS)
    colour = _blend(colour, GLASS, rim)
    return _blend(colour, GLASS, 24.0 - _distance(x, y, *HANDLE))


def _blend(below: Colour, ink: Colour, depth: float) -> Colour:
    share = min(1.0, max(0.0, depth + 0.5))
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(below, ink, strict=True))
    return red, green, blue


def _distance(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the distance from a point to a stroke's middle line."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = along_x**2 + along_y**2
    share = min(1.0, max(0.0, ((x - start[0]) * along_x + (y - start[1]) * along_y) / length))
    return math.dist((x, y), (start[0] + share * along_x, start[1] + share * along_y))


def png() -> bytes:
    """Return the picture as a PNG file."""
    rows = (b"\0" + bytes(part for x in range(SIZE) for part in colour_at(x + 0.5, y + 0.5)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    ICON.write_bytes(png())
