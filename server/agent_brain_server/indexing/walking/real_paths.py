"""Paths without links: what was checked by its path must be what is opened by it.

A directory may become a link at any time, as a `git pull` does it, and then leads out of the project.
"""

# ruff: noqa: PTH114, PTH120
# Paths are strings here: as Path objects they would double the time of what is asked for every file.

from __future__ import annotations

import errno
import os
import stat

# What the system says of a path where nothing is, nothing that is reached without links, or no file any more.
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENAMETOOLONG})
_CLOSED = getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_LINK_AT_ALL = getattr(os, "O_NOFOLLOW_ANY", 0)  # macOS
_BY_PATH = getattr(os, "O_PATH", 0)  # Linux


def is_real(path: str) -> bool:
    """Return whether no part of the absolute `path` is a link."""
    return os.path.realpath(path).replace(os.sep, "/") == path


def open_real(path: str, flags: int) -> int:
    """Open the file at the absolute `path` without waiting; raise OSError where a part of it is a link.

    On Linux and macOS the system looks at the parts while it opens them; elsewhere they are looked at before.
    """
    flags |= _CLOSED | getattr(os, "O_NONBLOCK", 0)
    if _BY_PATH:
        return _open_by_parts(path, flags | _NO_LINK)
    if not _NO_LINK_AT_ALL and not is_real(path):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return os.open(path, flags | (_NO_LINK_AT_ALL or _NO_LINK))


def _open_by_parts(path: str, flags: int) -> int:
    step = _BY_PATH | os.O_DIRECTORY | _NO_LINK | _CLOSED
    _, *directories, name = path.split("/")
    directory = os.open("/", step)
    try:
        for part in directories:
            below = os.open(part, step, dir_fd=directory)
            os.close(directory)
            directory = below
        return os.open(name, flags, dir_fd=directory)
    finally:
        os.close(directory)


def is_gone(error: OSError) -> bool:
    """Return whether nothing is at the path; any other error leaves open what is there."""
    return error.errno in _GONE


def is_directory(path: str) -> bool:
    """Return whether a directory is at `path`, and no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


class RealDirectories:
    """The absolute directories that are reached without links; each is looked at once."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def __contains__(self, directory: str) -> bool:
        known = self._known.get(directory)
        if known is None:
            above = os.path.dirname(directory)
            known = (above == directory or above in self) and not os.path.islink(directory)
            self._known[directory] = known
        return known
