"""Writes a plan: everything is staged beside its place first, so that a failure leaves the project as it was."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan import FileWrite, Plan


def apply_plan(root: Path, plan: Plan) -> None:
    """Write the plan's files under `root`, all of them or, if it is interrupted, none. Raises SetupError."""
    made: list[Path] = []
    staged: list[tuple[Path, Path]] = []
    try:
        for write in plan.writes:
            target = root / write.path
            _make_directories(target.parent, made)
            staged.append((_stage(target, write), target))
        with _uninterrupted():
            for temporary, target in staged:
                temporary.replace(target)
            directories = {target.parent for _, target in staged}
            staged.clear()  # from here on there is nothing to undo
    except BaseException as error:
        _undo(staged, made)
        if not isinstance(error, OSError):
            raise
        where = error.filename or root
        raise SetupError(f"{_shown(where, root)} cannot be written: {error.strerror}. Nothing was changed.") from error
    for directory in directories:
        _sync_directory(directory)


def _make_directories(directory: Path, made: list[Path]) -> None:
    """Create what is missing of `directory`; what was made is added to `made`, outermost first."""
    missing = []
    while not directory.exists():
        missing.append(directory)
        directory = directory.parent
    for path in reversed(missing):
        path.mkdir()
        made.append(path)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until the end, where it can be: a handler belongs to the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def _stage(target: Path, write: FileWrite) -> Path:
    """A new file beside `target`, with the final mode from its first moment on."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, write.mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if target.exists() and os.name == "posix":
                os.fchmod(descriptor, write.mode)  # the umask is for files that are new
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
