"""What an environment was when its packages were last tried. It is compared before each command, which takes a
millisecond or two, where to import the packages takes a second."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import shared_path  # noqa: F401  where the next one is found
from agent_brain_contract.packages import STAMP
from environment import ROOT, interpreter, lock_hash

USERS = "users"
_BYTECODE = "__pycache__"


def matches(environment: Path) -> bool:
    """Return whether the environment is as it was when it was tried."""
    try:
        noted = json.loads((environment / STAMP).read_bytes())
        return bool(noted["lock"] == lock_hash() and noted["evidence"] == evidence(environment))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write(environment: Path) -> None:
    """Note what the environment is, after its packages were tried. Where that cannot be written, they are each time."""
    with suppress(OSError):
        _make_room_for_bytecode(environment)
    content = {"lock": lock_hash(), "python": _version(environment), "evidence": evidence(environment)}
    with suppress(OSError):
        unfinished = environment / f".{STAMP}.{os.getpid()}"
        unfinished.write_text(json.dumps(content), "utf-8")
        unfinished.replace(environment / STAMP)


def evidence(environment: Path) -> str:
    """Return a hash of the file behind the environment's Python, of its pyvenv.cfg, and of the names, sizes and times
    that an installer changes in the directory of the packages. Bytecode does not count.
    """
    python = Path(os.path.realpath(interpreter(environment)))
    status = python.stat()
    inside = python.is_relative_to(os.path.realpath(environment))
    known = hashlib.sha256((environment / "pyvenv.cfg").read_bytes())
    known.update(f"{'' if inside else python}:{status.st_size}:{status.st_mtime_ns}".encode())
    for packages in _package_directories(environment):
        known.update("\n".join(sorted(_listing(packages))).encode("utf-8", "surrogateescape"))
    return known.hexdigest()


def _package_directories(environment: Path) -> list[Path]:
    return sorted([*environment.glob("lib/python*/site-packages"), *environment.glob("Lib/site-packages")])


def _listing(packages: Path) -> Iterator[str]:
    with os.scandir(packages) as entries:
        for entry in entries:
            if entry.name != _BYTECODE:
                status = entry.stat(follow_symlinks=False)
                size = 0 if entry.is_dir() else status.st_size
                yield f"{entry.name}:{size}:{status.st_mtime_ns}"


def _make_room_for_bytecode(environment: Path) -> None:
    """Give each package its directory for bytecode, so that its time does not change when it is first used."""
    for packages in _package_directories(environment):
        for package in packages.iterdir():
            if (package / "__init__.py").exists() and not package.is_symlink():
                (package / _BYTECODE).mkdir(exist_ok=True)


def _version(environment: Path) -> str:
    code = "import sys; sys.stdout.write('.'.join(map(str, sys.version_info[:3])))"
    command = [str(interpreter(environment)), "-I", "-S", "-c", code]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


def note_user(environment: Path) -> None:
    """Note that the plugin in this folder uses the environment: it is kept for as long as the folder does."""
    path = environment / USERS / hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]
    if not path.exists():
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(os.fsencode(ROOT))
