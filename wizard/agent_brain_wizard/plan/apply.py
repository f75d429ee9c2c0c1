"""Writes a plan: everything is staged next to its place first, so that a failure leaves the project as it was."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent_brain_contract.files import remove_temporaries, temporary_name
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan.plan import FileWrite, Plan


@dataclass(slots=True)
class _Staged:
    """A new file under its `temporary` name; `old` is the name of what was at `target` before, None for nothing."""

    target: Path
    temporary: Path
    old: Path | None = None

    def keep_old(self) -> None:
        if not self.target.exists():
            return
        old = temporary_name(self.target)
        try:
            os.link(self.target, old)
        except OSError:  # a file system without links
            shutil.copy2(self.target, old)
        self.old = old

    def restore(self) -> None:
        if self.old is None:
            self.target.unlink()
        else:
            self.old.replace(self.target)
            self.old = None

    def forget_old(self) -> None:
        if self.old is not None:
            self.old.unlink(missing_ok=True)


def apply_plan(root: Path, plan: Plan) -> None:
    """Write the plan's files under `root`: all of them, or none where one cannot be written. Raise SetupError.

    No other plan for `root` may be written meanwhile: what an earlier one left when it was killed is removed.
    """
    made: list[Path] = []
    staged: list[_Staged] = []
    try:
        for write in plan.writes:
            target = root / write.path
            _make_directories(target.parent, made)
            remove_temporaries(target)
            staged.append(_Staged(target, _stage(target, write)))
        with _uninterrupted():
            _replace_all(staged)
    except BaseException as error:
        _undo(staged, made)
        if not isinstance(error, OSError):
            raise
        where = error.filename2 or error.filename or root
        raise SetupError(f"{_shown(where, root)} cannot be written: {error.strerror}. Nothing was changed.") from error
    for directory in {one.target.parent for one in staged}:
        _sync_directory(directory)


def _replace_all(staged: list[_Staged]) -> None:
    """Put each new file in its place; where one cannot be, those before it are as they were."""
    for one in staged:
        one.keep_old()
    done: list[_Staged] = []
    try:
        for one in staged:
            one.temporary.replace(one.target)
            done.append(one)
    except OSError:
        for one in reversed(done):
            one.restore()
        raise
    for one in staged:
        one.forget_old()


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
    """Return a new file next to `target`, with the final mode from its first moment on."""
    temporary = temporary_name(target)
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


def _undo(staged: list[_Staged], made: list[Path]) -> None:
    for one in staged:
        with suppress(OSError):
            one.temporary.unlink(missing_ok=True)
            one.forget_old()
    for directory in reversed(made):
        with suppress(OSError):
            directory.rmdir()


def _shown(where: object, root: Path) -> str:
    """Return the directory that could not be written, not the name of our temporary file in it."""
    path = Path(os.fsdecode(where) if isinstance(where, bytes) else str(where))
    return str(path.parent if path.suffix == ".tmp" else path) or str(root)


def _sync_directory(directory: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
