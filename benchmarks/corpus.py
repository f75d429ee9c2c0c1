"""The files to index: the standard library of the running Python, variations of it, and many small generated files.

Everything is copied under the work directory: no server ever writes next to an interpreter.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from pathlib import Path

from benchmarks.renaming import Renaming, count_words

# The mean over the standard library; a corpus of so many chunks comes out within some per cent of that.
BYTES_A_CHUNK = 586
LARGEST_FILE = 1_000_000
LEFT_OUT = frozenset({"site-packages", "dist-packages", "__pycache__", "lib-dynload"})
LONG_AGO = 1_600_000_000

_SMALL = '''"""Part {number} of the generated project."""

from __future__ import annotations


class Ledger{number}:
    """Keeps the entries of account {number}."""

    def __init__(self, opening: int = {number}) -> None:
        self.entries = [opening]

    def post(self, amount: int) -> int:
        """Add `amount` and return the balance."""
        self.entries.append(amount)
        return sum(self.entries)
'''


def library_texts() -> Iterator[tuple[str, str]]:
    """Yield path and text of every UTF-8 text file of the standard library, with tests, without installed packages."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in _files(root):
        text = _text(path)
        if text is not None:
            yield path.relative_to(root).as_posix(), text


def _files(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in LEFT_OUT)
        yield from (Path(directory, name) for name in sorted(files))


def _text(path: Path) -> str | None:
    try:
        data = path.read_bytes()
        return data.decode("utf-8") if len(data) <= LARGEST_FILE and b"\0" not in data else None
    except (OSError, UnicodeDecodeError):
        return None


def write_library(target: Path) -> None:
    """Return the whole standard library."""
    for path, text in library_texts():
        _write(target / path, text)


def write_chunks(target: Path, chunks: int) -> None:
    """Write about `chunks` chunks: a fixed choice of the library's files, then copies with other names (`renaming`)."""
    texts = sorted(library_texts(), key=lambda item: blake2b(item[0].encode()).digest())
    left = chunks * BYTES_A_CHUNK
    for copy in count():
        renaming = Renaming(count_words(text for _, text in texts), copy) if copy else None
        for path, text in texts:
            if left <= 0:
                return
            left -= len(text.encode())
            _write(target / f"copy{copy}" / path, renaming.apply(text) if renaming else text)


def write_small_files(target: Path, files: int) -> None:
    """Write `files` Python modules of one class each, a hundred a directory, last changed long ago."""
    for number in range(files):
        path = target / f"part{number // 100:03}" / f"ledger{number:05}.py"
        _write(path, _SMALL.format(number=number))
        os.utime(path, (LONG_AGO, LONG_AGO))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")
