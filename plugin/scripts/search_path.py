"""Finds programs in the PATH, but none that a project brings along."""

from __future__ import annotations

import os
from collections.abc import Mapping

PATH_VARIABLE = "PATH"


def restricted(variables: Mapping[str, str], root: str) -> str:
    """Return the PATH of `variables` without what is relative or inside the project at `root`."""
    entries = variables.get(PATH_VARIABLE, os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if not is_inside(entry, root))


def is_inside(path: str, root: str) -> bool:
    """Return whether `path` is relative, or at or below `root`.

    Of a root that holds the home directory, nothing is inside.
    """
    if not os.path.isabs(path):
        return True
    return _holds(root, path) and not _holds(root, os.path.expanduser("~"))


def _holds(directory: str, path: str) -> bool:
    directory, path = os.path.realpath(directory), os.path.realpath(path)
    return path == directory or path.startswith(os.path.join(directory, ""))
