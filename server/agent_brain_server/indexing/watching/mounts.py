"""Which places lie on a file system that reports no change made elsewhere: on another machine, or outside a container.

The system sends events for what is done by its own programs alone, so such places are looked through now and then.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent_brain_server.indexing.walking.walk import FileTree
from agent_brain_server.indexing.watching.events import EventBatch, FileEvent

MOUNTS = Path("/proc/self/mountinfo")
POLL_SECONDS = 30.0
# Looking takes at most one part in so many of the time.
LEAST_SHARE = 20
_TYPES = frozenset(
    "9p afs beegfs ceph cifs coda davfs fakeowner fuse gfs2 gpfs lustre ncpfs nfs nfs3 nfs4 ocfs2 orangefs osxfs prl_fs"
    " smb3 smbfs vboxsf virtiofs vmhgfs".split()
)
_OCTAL = re.compile(r"\\([0-7]{3})")


def silent_places(tree: FileTree) -> dict[str, str]:
    """Return the directories of the index on such a file system, with its type; none where the system has no list."""
    try:
        mounts = dict(_mounts(MOUNTS.read_text("utf-8", "surrogateescape")))
    except OSError:
        return {}
    places = {top: kind for top in tree.tops if _is_silent(kind := _type_at(top, mounts))}
    for mount, kind in mounts.items():
        if _is_silent(kind) and mount not in places and tree.could_hold(mount, directory=True):
            places[mount] = kind
    return places


def _mounts(table: str) -> Iterator[tuple[str, str]]:
    """Yield each mount point and its type; of those in one place the last one counts. See proc_pid_mountinfo(5)."""
    for line in table.splitlines():
        fields, _, source = line.partition(" - ")
        if source and len(place := fields.split(" ")) > 4:
            yield _OCTAL.sub(lambda found: chr(int(found[1], 8)), place[4]), source.split(" ")[0]


def _type_at(path: str, mounts: Mapping[str, str]) -> str:
    holders = [mount for mount in mounts if path == mount or path.startswith(f"{mount.rstrip('/')}/")]
    return mounts[max(holders, key=len)] if holders else ""


def _is_silent(kind: str) -> bool:
    return kind in _TYPES or kind.startswith("fuse.")


def described(places: Mapping[str, str]) -> str:
    """Return in words what is not seen at once, and what to do; empty for no places."""
    if not places:
        return ""
    names = ", ".join(f"{place} ({kind})" for place, kind in sorted(places.items()))
    return (
        f"no events come of changes made elsewhere in {names}, which is looked through every {POLL_SECONDS:.0f} s;"
        " to take them at once, run: agent-brain index"
    )


class Poller:
    """A comparison of the files of some places with what they were at the last look."""

    def __init__(self, tree: FileTree, places: Mapping[str, str]) -> None:
        self._tree = tree
        self._places = tuple(places)
        self._seen: dict[str, tuple[int, int]] | None = None
        self._due = 0.0

    def look(self) -> EventBatch:
        """Return what has changed since the last look; nothing before the next one is due."""
        started = time.monotonic()
        if not self._places or started < self._due:
            return {}
        before, self._seen = self._seen, self._look()
        now = time.monotonic()
        self._due = now + max(POLL_SECONDS, LEAST_SHARE * (now - started))
        return {} if before is None else _differences(before, self._seen)

    def _look(self) -> dict[str, tuple[int, int]]:
        found = (self._tree.walk_beneath(place).files for place in self._places)
        return {entry.absolute: (entry.size, entry.mtime_ns) for files in found for entry in files}


def _differences(before: Mapping[str, tuple[int, int]], now: Mapping[str, tuple[int, int]]) -> EventBatch:
    deleted: dict[str, frozenset[FileEvent]] = {path: frozenset(("deleted",)) for path in before.keys() - now.keys()}
    changed = (path for path, seen in now.items() if before.get(path) != seen)
    return deleted | {path: frozenset[FileEvent](("modified",)) for path in changed}
