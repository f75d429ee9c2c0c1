"""Whether the state of a project is where it seems to be, and no other user can change it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent_brain_contract.defaults import SIDE_FILES
from agent_brain_contract.errors import UnsafeStateError
from agent_brain_contract.paths import ENV_FILE, STATE_DIRECTORY

_OUTER = STATE_DIRECTORY.partition("/")[0]
_FILES = (
    ENV_FILE,
    *(
        f"{STATE_DIRECTORY}/{name}"
        for name in (
            "config.yaml",
            "docker-compose.yml",
            "manifest.json",
            "project.json",
            "server.json",
            "server.lock",
            "lifecycle.lock",
            "index.db",
            *(f"index.db{ending}" for ending in SIDE_FILES),
            "index.vectors",
            "logs/server.log",
            "logs/server.log.1",
        )
    ),
)
_LOCKS = frozenset({"server.lock", "lifecycle.lock"})
_DIRECTORIES = (_OUTER, STATE_DIRECTORY, f"{STATE_DIRECTORY}/logs")
# File systems that know no owners and modes: they show the same ones for every file.
_WITHOUT_MODES = frozenset({"9p", "drvfs", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "cifs", "smb3"})


def require_safe_state(root: Path) -> None:
    """Raise UnsafeStateError for state that is a link, belongs to another user or can be replaced by one."""
    for path in _DIRECTORIES:
        _require(root / path, root, stat.S_ISDIR, "directory")
    for path in _FILES:
        _require(root / path, root, stat.S_ISREG, "file")
    if os.name == "posix":
        _require_private_place(root)


def _require(path: Path, root: Path, is_kind: object, kind: str) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    except NotADirectoryError:
        return  # its parent is refused by itself
    except PermissionError as error:
        raise _inaccessible(path, root) from error
    except OSError as error:
        raise UnsafeStateError(f"{path} cannot be checked: {error.strerror}.") from error
    if stat.S_ISLNK(status.st_mode):
        raise UnsafeStateError(f"{path} is a link, which is not allowed here. Run: rm {_quoted(path)}")
    if not is_kind(status.st_mode):  # type: ignore[operator]
        raise UnsafeStateError(f"{path} is not a {kind}. Run: mv {_quoted(path)} {_quoted(f'{path}.moved')}")
    if path.name in _LOCKS and status.st_nlink > 1:
        raise UnsafeStateError(
            f"{path} is a hard link, so that it may be another project's lock too. Run: rm {_quoted(path)}"
        )
    if os.name == "posix":
        _require_owner(path, root, status, kind)


def _require_owner(path: Path, root: Path, status: os.stat_result, kind: str) -> None:
    if status.st_uid not in _trusted_owners(root):
        raise _of_another_user(path, status.st_uid, root, "who could change it")
    # Of a user who is trusted, such as root, who ran setup with sudo.
    if status.st_uid != os.geteuid() and not os.access(path, os.R_OK):
        raise _of_another_user(path, status.st_uid, root, "and you may not read it")
    if status.st_mode & stat.S_IWOTH and kind == "file" and not _is_without_modes(path):
        raise UnsafeStateError(f"{path} can be written by every user of this machine. Run: chmod o-w {_quoted(path)}")


def _inaccessible(path: Path, root: Path) -> UnsafeStateError:
    """Return what to do about the directory that does not let us look at `path`."""
    for directory in (root, *(root / name for name in _DIRECTORIES)):
        if not os.access(directory, os.X_OK):
            owner = directory.stat().st_uid
            if owner != os.geteuid():
                return _of_another_user(directory, owner, root, "and you may not read it")
            return UnsafeStateError(f"{directory} cannot be read. Run: chmod u+rwx {_quoted(directory)}")
    return UnsafeStateError(f"{path} cannot be checked: Permission denied.")


def _of_another_user(path: Path, owner: int, root: Path, problem: str) -> UnsafeStateError:
    name = _user_name(owner)
    taken = [one for one in (root / _OUTER, root / ENV_FILE) if os.path.lexists(one)] if path != root else [root]
    return UnsafeStateError(
        f"{path} belongs to the user {name}, {problem}: let {name} run agent-brain, use a copy of the project"
        f" of your own, or take it over. Run: sudo chown -R $(id -u) {' '.join(map(_quoted, taken))}"
    )


def _user_name(owner: int) -> str:
    import pwd  # for an error alone, and not on every system

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"with the id {owner}"


def _trusted_owners(root: Path) -> frozenset[int]:
    """Return the user, the system's, and for the system's user (in a container) the owner of the project."""
    user = os.geteuid()
    return frozenset({user, 0} if user else {0, root.stat().st_uid})


def _require_private_place(root: Path) -> None:
    """Refuse directories in which any user may rename ours away and put another in its place."""
    for directory in (root / STATE_DIRECTORY, root / _OUTER, root, root.parent):
        try:
            mode = directory.stat().st_mode
        except OSError:
            continue
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX and not _is_without_modes(directory):
            raise UnsafeStateError(
                f"{directory} can be written by every user of this machine, who could replace Agent Brain's files"
                f" in it. Run: chmod o-w {_quoted(directory)}"
            )


def _is_without_modes(directory: Path) -> bool:
    """Return whether the file system of `directory` keeps no modes, by the longest mount point that holds it."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()]
    except OSError:
        return False
    place = os.path.realpath(directory)
    holding = [(len(m[1]), m[2]) for m in mounts if len(m) > 2 and _is_within(place, m[1].replace("\\040", " "))]
    return bool(holding) and max(holding)[1] in _WITHOUT_MODES


def _is_within(place: str, mount: str) -> bool:
    return place == mount or place.startswith(mount.rstrip("/") + "/")


def _quoted(path: Path | str) -> str:
    import shlex  # for an error alone

    return shlex.quote(str(path))
