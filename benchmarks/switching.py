"""A branch switch of a real repository under the watcher: jobs, and rows written against the chunks that differ.

`python -m benchmarks.switching REPOSITORY FROM TO` clones the repository into a directory of its own, which is removed
at the end; a directory of `git clone --bare` will do. FROM and TO are commits.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
QUIET_SECONDS = 6.0
_PASSAGES = """
SELECT path, chunk_id, start_line, end_line, kind, signature, documentation FROM chunks JOIN files ON files.id = file_id
"""


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("repository", "before", "after"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "project"
        _run("git", "clone", "-q", "--no-checkout", arguments.repository, str(root))
        _measure(root, arguments.before, arguments.after)


def _measure(root: Path, before: str, after: str) -> None:
    _git(root, "checkout", "-q", "--detach", before)
    files = len(_git(root, "diff", "--name-only", "--no-renames", before, after).splitlines())
    sys.path.insert(0, str(ROOT / "tests"))
    from support.brain import ServerProcess, configure

    configure(root, index={"watch": True})
    with ServerProcess(root) as server:
        earlier = len(_until_quiet(server))
        held, inserted = _passages(root), _inserted(root)
        _git(root, "checkout", "-q", "--detach", after)
        jobs = _until_quiet(server)[:-earlier]
        differing = len(_passages(root) - held)
        moved_too = [job["progress"].get("chunks_written") for job in jobs]
        written = sum(moved_too) if None not in moved_too else _inserted(root) - inserted
    print(f"files changed      {files:,}")
    print(f"jobs               {len(jobs)} (paths: {', '.join(str(len(job['paths']) or 'all') for job in jobs[::-1])})")
    print(f"chunks that differ {differing:,}")
    print(f"rows written       {written:,} (x{written / max(differing, 1):.2f})")
    print(f"texts embedded     {sum(job['progress']['texts_embedded'] for job in jobs):,}")


def _until_quiet(server: Any) -> list[Any]:
    """Return all jobs, newest first, once none has been queued or running for QUIET_SECONDS."""
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < QUIET_SECONDS:
        jobs = server.http.get("/index/jobs", params={"limit": 200}).json()["jobs"]
        if any(job["state"] in ("queued", "running") for job in jobs):
            quiet_since = time.monotonic()
        time.sleep(0.2)
    return list(jobs)


def _passages(root: Path) -> set[tuple[object, ...]]:
    return set(_ask(root, _PASSAGES))


def _inserted(root: Path) -> int:
    """Return how many rows the index has ever numbered."""
    ((rows,),) = _ask(root, "SELECT next_row FROM meta")
    return int(rows)


def _ask(root: Path, query: str) -> list[Any]:
    index = root / ".claude" / "agent-brain" / "index.db"
    with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def _git(root: Path, *words: str) -> str:
    return _run("git", "-C", str(root), *words)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
