"""Whether a file is what an import names, told by their paths alone.

No build is asked: a module matches where its last parts are the last parts of the file's path, or of its folder's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from posixpath import dirname, join, normpath

_PARTS = re.compile(r"[/\\.:]+")
_VERSION = re.compile(r"v\d+\Z")
_RELATIVE_DOTS = re.compile(r"(\.+)(.*)\Z", re.DOTALL)
_OWN = frozenset({"crate", "self", "super"})
# Files that stand for their folder.
_STANDING_FOR_FOLDER = frozenset({"__init__", "index", "mod", "init", "lib", "main"})


@lru_cache(maxsize=65_536)
def names_file(module: str, importer: str, path: str) -> bool:
    """Whether `module`, as written in the file `importer`, may be the file at `path`."""
    wanted = _module_parts(module, importer)
    return bool(wanted) and any(_ends_alike(wanted, held) for held in _places(path))


@lru_cache(maxsize=65_536)
def local_name(module: str) -> str:
    """The name by which code calls a module that was imported as a whole."""
    parts = [part for part in _PARTS.split(module) if part and not _VERSION.match(part)]
    return parts[-1] if parts else ""


def _module_parts(module: str, importer: str) -> tuple[str, ...]:
    if module.startswith(("./", "../")) or module in (".", ".."):
        return _path_parts(normpath(join(dirname(importer), module)))
    if module.startswith(".") and (match := _RELATIVE_DOTS.match(module)):
        folder = dirname(importer)
        for _ in range(len(match.group(1)) - 1):
            folder = dirname(folder)
        return _path_parts(join(folder, match.group(2).replace(".", "/")))
    if "/" in module:
        return _path_parts(module)
    return tuple(part.lower() for part in _PARTS.split(module) if part and part not in _OWN)


def _path_parts(path: str) -> tuple[str, ...]:
    *folders, name = [part for part in path.split("/") if part] or [""]
    stem = name.partition(".")[0] if not name.startswith(".") else name
    parts = [part.lower() for part in (*folders, stem) if not _VERSION.match(part)]
    return tuple(parts[:-1] if parts and parts[-1] in _STANDING_FOR_FOLDER else parts)


def _places(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The file's own parts and its folder's, since in some languages a folder is a module."""
    return _path_parts(path), tuple(part.lower() for part in dirname(path).split("/") if part)


def _ends_alike(wanted: tuple[str, ...], held: tuple[str, ...]) -> bool:
    """Whether the shorter is the end of the longer."""
    length = min(len(wanted), len(held))
    return length > 0 and wanted[-length:] == held[-length:]
