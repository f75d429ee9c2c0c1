"""Whether a file is what an import names, by their paths alone.

No build is asked. A relative import leads to one path; any other module matches where its last parts are the last parts
of the file's path, or of its folder's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from posixpath import dirname, join, normpath

_PARTS = re.compile(r"[/\\.:]+")
_VERSION = re.compile(r"v\d+\Z")
_RELATIVE_DOTS = re.compile(r"(\.+)(.*)\Z", re.DOTALL)
_FILE_NAME = re.compile(
    r"[\w-]+(?:\.[\w-]+)*\.(?:h|hh|hpp|hxx|c|cc|cpp|zig|js|mjs|cjs|ts|rb|lua|php|sh|bash|json|vue)\Z"
)
_OWN = frozenset({"crate", "self", "super"})
# Files that are the module of their folder.
_FOLDER_MODULES = frozenset({"__init__", "index", "mod", "init", "lib", "main"})
Parts = tuple[str, ...]


@lru_cache(maxsize=65_536)
def names_file(module: str, importer: str, path: str) -> bool:
    """Return whether `module`, as written in the file `importer`, may be the file at `path`."""
    modules = (_path_parts(path), _folder_parts(path))
    if (exact := _relative(module, importer)) is not None:
        return _path_parts(exact) in modules if exact else modules[1] == ()
    wanted = _module_parts(module)
    if not wanted:
        return module == "crate" and _path_parts(path) == modules[1]
    return any(_ends_alike(wanted, held) for held in modules)


@lru_cache(maxsize=65_536)
def local_name(module: str) -> str:
    """Return the name by which code calls a module that was imported as a whole."""
    parts = [part for part in _PARTS.split(module) if part and not _VERSION.match(part)]
    return parts[-1] if parts else ""


def joined(module: str, name: str) -> str:
    """Return the module `name` in `module`, in the way that `module` is written."""
    if name == "*" or not module:
        return module or name
    if "/" in module:
        return f"{module}/{name}"
    return f"{module}{'' if module.endswith('.') else '.'}{name}"


def _relative(module: str, importer: str) -> str | None:
    """Return the path that a relative module leads to, without its extension; None for one that is not relative."""
    if module.startswith(("./", "../")) or module in (".", ".."):
        path = normpath(join(dirname(importer), module))
        return "" if path == "." else path
    match = _RELATIVE_DOTS.match(module)
    if match is None:
        return None
    folder = dirname(importer)
    for _ in range(len(match.group(1)) - 1):
        folder = dirname(folder)
    return join(folder, match.group(2).replace(".", "/")).rstrip("/")


def _module_parts(module: str) -> Parts:
    if "/" in module or _FILE_NAME.match(module):
        return _path_parts(module)
    return tuple(part.lower() for part in _PARTS.split(module) if part and part not in _OWN)


def _path_parts(path: str) -> Parts:
    *folders, name = [part for part in path.split("/") if part] or [""]
    stem = name.partition(".")[0] if not name.startswith(".") else name
    parts = [part.lower() for part in (*folders, stem) if not _VERSION.match(part)]
    return tuple(parts[:-1] if parts and parts[-1] in _FOLDER_MODULES else parts)


def _folder_parts(path: str) -> Parts:
    """Return the folder as a module, which it is in some languages."""
    return tuple(part.lower() for part in dirname(path).split("/") if part)


def _ends_alike(wanted: Parts, held: Parts) -> bool:
    """Return whether the shorter is the end of the longer."""
    length = min(len(wanted), len(held))
    return length > 0 and wanted[-length:] == held[-length:]
