"""Which files of a project git tracks, read from its index: git itself would follow the repository's configuration.

The format is that of git's documentation, gitformat-index, versions 2 to 4.
"""

from __future__ import annotations

import mmap
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from agent_brain_contract.errors import TrackedStateError
from agent_brain_contract.paths import ENV_FILE, STATE_DIRECTORY

_HEADER_BYTES = 12
_EXTENDED = 0x4000
_MOST_BYTES = 1 << 30
_NAME = b"agent-brain"
_OUTER = STATE_DIRECTORY.partition("/")[0]
_STATE_NAME = STATE_DIRECTORY.rpartition("/")[2]
_OF_SERVER = re.compile(
    r"server\.json|(?:server|lifecycle)\.lock|index\.(?:db(?:-wal|-shm|-journal|\.new)?|vectors(?:\.cache)?)"
    r"|logs/server\.log(?:\.1)?"
)
_CASE_IS_IGNORED = sys.platform in ("darwin", "win32")
_SHA256 = re.compile(rb"(?im)^\s*objectformat\s*=\s*\"?sha256")


def require_untracked_state(root: Path) -> None:
    """Raise TrackedStateError where a repository tracks a file of the project's state, or is the state itself."""
    if os.path.lexists(root / STATE_DIRECTORY / ".git"):
        state = shlex.quote(str(root / STATE_DIRECTORY))
        raise TrackedStateError(
            f"{STATE_DIRECTORY} is a repository of its own, so others could decide what it contains. "
            f"Run: rm -rf {state}"
        )
    directory, paths = find_tracked(root)
    if paths:
        more = f" and {len(paths) - 1:,} more of its state" if len(paths) > 1 else ""
        raise TrackedStateError(
            f"git tracks {paths[0]}{more}, so others could decide what {'they contain' if more else 'it contains'}."
            f" Run: {_untracking(directory, paths)}"
        )


def _untracking(directory: Path, paths: Sequence[str]) -> str:
    """Return a command that takes `paths` out of git, and leaves them where they are.

    What only the server writes goes from the disk too: taken from git alone, it would be used as it is.
    """
    of_server = [path for path in paths if _OF_SERVER.fullmatch(path.rpartition(f"{_STATE_NAME}/")[2])]
    others = sorted({_in_state(path) for path in paths if path not in of_server})
    commands = ((["-q", "-f"], of_server), (["-q", "-r", "-f", "--cached"], others))
    git = ["git", "-C", str(directory), "rm"]
    return " && ".join(shlex.join([*git, *options, *names]) for options, names in commands if names)


def _in_state(path: str) -> str:
    """Return the entry of the state directory that `path` is or is in."""
    head, found, rest = path.partition(f"{_STATE_NAME}/")
    return head + found + rest.partition("/")[0]


def find_tracked(root: Path) -> tuple[Path, list[str]]:
    """Return the parts of the state that git tracks, as paths relative to a directory of that repository.

    The directory is the project's, or `.claude` where that is a repository of its own.
    """
    here = root.resolve()
    for top in (here / _OUTER, here, *here.parents):
        if os.path.lexists(top / ".git"):
            wanted = [_folded(_path_in(top, here / name)) for name in (STATE_DIRECTORY, ENV_FILE)]
            base = here if top != here / _OUTER else top
            tracked = _tracked_paths(_git_directory(top / ".git"))
            if found := [path for path in tracked if _is_of(_folded(path), wanted)]:
                return base, [(top / os.fsdecode(path)).relative_to(base).as_posix() for path in sorted(set(found))]
    return here, []


def _is_of(path: bytes, wanted: Sequence[bytes]) -> bool:
    return any(path == one or path.startswith(one + b"/") for one in wanted)


def _path_in(top: Path, path: Path) -> bytes:
    """Return `path` as the index of the repository at `top` has it; what no path is for one outside."""
    return os.fsencode(path.relative_to(top).as_posix()) if path.is_relative_to(top) else b"\0"


def _folded(path: bytes) -> bytes:
    """Return `path` as the file systems usual on this system compare names."""
    return path.lower() if _CASE_IS_IGNORED else path


def _git_directory(git: Path) -> Path:
    """Return the directory that `.git` is or, as the file of a worktree or submodule, names."""
    line = _read(git).partition(b"\n")[0]
    return git.parent / os.fsdecode(line[len(b"gitdir:") :].strip()) if line.startswith(b"gitdir:") else git


def _tracked_paths(git: Path) -> Iterator[bytes]:
    """Yield the paths in the index and in the shared ones of a split index."""
    hash_bytes = 32 if _SHA256.search(_read(git / "config")) else 20
    for path in (git / "index", *sorted(git.glob("sharedindex.*"))):
        index = _map(path)
        if index is not None:
            with index:
                yield from _paths(index, hash_bytes)


def _read(path: Path) -> bytes:
    """Return the content of a small regular file, else nothing."""
    index = _map(path)
    if index is None:
        return b""
    with index:
        return index[: 1 << 20]


def _map(path: Path) -> mmap.mmap | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        usable = stat.S_ISREG(status.st_mode) and 0 < status.st_size < _MOST_BYTES
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) if usable else None
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def _paths(index: mmap.mmap, hash_bytes: int) -> Iterator[bytes]:
    """Yield the paths of one index; none where no path can be ours: in versions 2 and 3 each is there as a whole."""
    version, count = (int.from_bytes(index[at : at + 4], "big") for at in (4, 8))
    if index[:4] != b"DIRC" or (version < 4 and not _CASE_IS_IGNORED and index.find(_NAME) < 0):
        return
    position, path = _HEADER_BYTES, b""
    for _ in range(count):
        start, flags_at = position, position + 40 + hash_bytes
        flags = int.from_bytes(index[flags_at : flags_at + 2], "big")
        position = flags_at + (4 if flags & _EXTENDED else 2)
        dropped, position = _variable_width(index, position) if version == 4 else (len(path), position)
        end = index.find(b"\0", position)
        if end < 0:
            return
        path = path[: len(path) - dropped] + index[position:end]
        yield path
        position = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8


def _variable_width(index: mmap.mmap, position: int) -> tuple[int, int]:
    """Return the integer at `position`, in the encoding of git's offset deltas, and where it ends."""
    byte = index[position]
    value, position = byte & 127, position + 1
    while byte & 128 and position < len(index):
        byte = index[position]
        value, position = ((value + 1) << 7) | (byte & 127), position + 1
    return value, position
