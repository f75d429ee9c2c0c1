"""Writes a plan: everything is staged beside its place first, so that a failure leaves the project as it was."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan import FileWrite, Plan


def apply_plan(root: Path, plan: Plan) -> None:
    """Write the plan's files under `root`, each whole or not at all. Raises SetupError."""
    made: list[Path] = []
    staged: list[tuple[Path, Path]] = []
    try:
        for write in plan.writes:
            target = root / write.path
            made += _make_directories(target.parent)
            staged.append((_stage(target, write), target))
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        _undo(staged, made)
        where = error.filename or root
        raise SetupError(f"{_shown(where, root)} cannot be written: {error.strerror}. Nothing was changed.") from error
    for directory in {target.parent for _, target in staged}:
        _sync_directory(directory)


def _make_directories(directory: Path) -> list[Path]:
    """Create what is missing of `directory`; the value is what was made, outermost first."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir()
    return missing[::-1]


def _stage(target: Path, write: FileWrite) -> Path:
    """A new file beside `target`, with the final mode from its first moment on."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, write.mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(write.content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _undo(staged: list[tuple[Path, Path]], made: list[Path]) -> None:
    for temporary, _ in staged:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    for directory in reversed(made):
        with suppress(OSError):
            directory.rmdir()


def _shown(where: object, root: Path) -> str:
    """The directory that could not be written, not the name of our temporary file in it."""
    path = Path(os.fsdecode(where) if isinstance(where, bytes) else str(where))
    return str(path.parent if path.suffix == ".tmp" else path) or str(root)


def _sync_directory(directory: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
