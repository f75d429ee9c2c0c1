"""Whether the packages of others are as they were installed: by the record that each keeps of its files.

Format: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

_SUFFIX = ".dist-info"
_REQUIRED = re.compile(r"^Requires-Dist: *([A-Za-z0-9._-]+)", re.MULTILINE)
_Record = list[tuple[str, str]]


class NoRecordError(Exception):
    """A package is here without a record of its files: another tool than a wheel's installer put it there."""


def damaged_files(directories: Sequence[str], modules: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with each file of the packages that have `modules`, and of those that they need.

    `directories` are those that modules are imported from. A file is missing, or not of its recorded size. Raise
    NoRecordError for a module that no record lists.
    """
    records = {name: place for directory in reversed(directories) for name, place in _records(directory)}
    read = {name: _entries(place) for name, place in records.items()}
    for name in _needed(records, read, modules):
        for path, size in read[name]:
            if fault := _fault(records[name].parents[1] / path, size):
                yield f"{path} {fault}"


def _records(directory: str) -> Iterator[tuple[str, Path]]:
    """Yield the normalised name of each distribution in `directory`, and its record."""
    try:
        found = [entry.path for entry in os.scandir(directory) if entry.name.endswith(_SUFFIX)]
    except OSError:
        return
    for path in map(Path, found):
        yield _normalised(path.name.partition("-")[0]), path / "RECORD"


def _entries(record: Path) -> _Record:
    """Return each file with its size; without bytecode and scripts, which installers make as they like."""
    try:
        with record.open(encoding="utf-8", newline="") as rows:
            entries = [(row[0], row[2]) for row in csv.reader(rows) if len(row) == 3]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return [(path, size) for path, size in entries if size and not path.startswith("..") and "__pycache__" not in path]


def _needed(records: Mapping[str, Path], read: Mapping[str, _Record], modules: Iterable[str]) -> set[str]:
    """Return the distributions that have `modules`, and those that these require as far as they are here."""
    of_module = {_top(path): name for name, entries in read.items() for path, _ in entries}
    wanted, needed = list(modules), set[str]()
    missing = [name for name in wanted if name not in of_module]
    if missing:
        raise NoRecordError(missing[0])
    waiting = [of_module[name] for name in wanted]
    while waiting:
        name = waiting.pop()
        if name in records and name not in needed:
            needed.add(name)
            waiting += _required(records[name].with_name("METADATA"))
    return needed


def _required(metadata: Path) -> list[str]:
    try:
        return [_normalised(name) for name in _REQUIRED.findall(metadata.read_text("utf-8", "replace"))]
    except OSError:
        return []


def _top(path: str) -> str:
    """Return the module that a file belongs to: the first directory, or the file's own name without its endings."""
    first, slash, _ = path.partition("/")
    return first if slash else first.partition(".")[0]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _fault(path: Path, size: str) -> str:
    try:
        found = path.stat().st_size
    except OSError:
        return "is missing"
    return "" if str(found) == size else "has changed"
