"""Ways in which the file of an index is damaged on a bad day, or by another program."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Damage = Callable[[Path], object]


def pages_of(path: Path, name: str) -> tuple[int, int]:
    """Return the root page of a table or index, and the size of a page."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    return page, size


def overwrite_page(path: Path, page: int, size: int, byte: bytes = b"\0") -> None:
    """Write `byte` over a whole page."""
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(byte * size)


def zero_root(name: str) -> Damage:
    """Zero the first page of a table's tree."""

    def damage(path: Path) -> None:
        overwrite_page(path, *pages_of(path, name))

    return damage


def zero_first_page(path: Path) -> None:
    """Zero the header and the schema."""
    overwrite_page(path, 1, 4096)


def cut_in_half(path: Path) -> None:
    """Leave the first half, in whole pages."""
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def change_by(*statements: str) -> Damage:
    """Change the tables as a program does that knows nothing of them."""

    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA writable_schema = ON")
            for statement in statements:
                connection.execute(statement)

    return damage


def spoil_text(text: bytes) -> Damage:
    """Put bytes that are not UTF-8 into each place where the file has `text`."""

    def damage(path: Path) -> None:
        content = path.read_bytes()
        assert text in content
        path.write_bytes(content.replace(text, text[:3] + b"\xaa\xaa" + text[5:]))

    return damage


def replace_by_database(path: Path) -> None:
    """Put another program's database there."""
    path.unlink()
    change_by("CREATE TABLE songs (title)", "INSERT INTO songs VALUES ('Hey Jude')")(path)


def replace_by_text(path: Path) -> None:
    """Put something there that is no database."""
    path.write_bytes(b"notes of mine\n" * 500)


def flip_bytes(path: Path, at: int, count: int = 64) -> None:
    """Invert some bytes."""
    with path.open("r+b") as file:
        file.seek(at)
        inverted = bytes(byte ^ 0xFF for byte in file.read(count))
        file.seek(at)
        file.write(inverted)
