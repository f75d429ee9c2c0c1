"""What the rules for secrets do to the 31 packages of the retrieval benchmark: `python -m benchmarks.secrecy`.

Prints a table by package (files, left out by name, left out by content, masked places) and every place, without its
value, so that each can be judged.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from agent_brain_server.domain.content import Folder
from agent_brain_server.indexing.reading.decode import decode, is_binary
from agent_brain_server.indexing.reading.languages import detect_language
from agent_brain_server.indexing.reading.prepare import read_bytes
from agent_brain_server.indexing.secrets import mask_file, secret_bytes
from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.walking.walk_result import FileEntry, WalkLimits
from benchmarks.retrieval.packages import read_packages, unpacked

DEFAULT_WORK = Path("build/retrieval")
LIMITS = WalkLimits()


def main() -> None:
    """Measure all packages, fetched where they are not there yet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.secrecy", description=__doc__)
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, metavar="DIR", help="(%(default)s)")
    work = parser.parse_args().work.resolve()
    print("| package | files | left out by name | left out by content | masked places |\n|---|---|---|---|---|")
    totals: Counter[str] = Counter()
    places: list[str] = []
    for package in read_packages():
        counts = _measured(package.name, unpacked(package, work), places)
        totals += counts
        print(_row(package.name, counts))
    print(_row("all", totals), "", *places, sep="\n")


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {counts['files']} | {counts['name']} | {counts['content']} | {counts['masked']} |"


def _measured(package: str, root: Path, places: list[str]) -> Counter[str]:
    found = FileTree(root.resolve(), [Folder(".")], LIMITS).walk()
    names = [left.path for left in found.left_out if left.reason == "secret"]
    places += [f"{package}/{path}: left out by name" for path in names]
    counts = Counter(files=len(found.files), name=len(names))
    for entry in found.files:
        counts += _of_file(package, entry, places)
    return counts


def _of_file(package: str, entry: FileEntry, places: list[str]) -> Counter[str]:
    data = read_bytes(entry, LIMITS.of(entry.path))
    if data is None or is_binary(data[:8192]):
        return Counter()
    masked = mask_file(entry.path, detect_language(entry.path, data[:8192]), decode(data).text)
    if kind := secret_bytes(data) or masked.secret:
        places.append(f"{package}/{entry.path}: left out by content, {kind}")
        return Counter(content=1)
    if masked.kinds:
        lines = [f"{number}" for number, line in enumerate(masked.text.split("\n"), start=1) if "MASKED_" in line]
        kinds = ", ".join(f"{kind} x{number}" for kind, number in masked.kinds.items())
        places.append(f"{package}/{entry.path}:{','.join(lines[:20])}: {kinds}")
    return Counter(masked=sum(masked.kinds.values()))


if __name__ == "__main__":
    main()
