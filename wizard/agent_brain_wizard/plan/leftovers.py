"""What lies in the state directory of a project that was not set up on this machine.

A clone or an unpacked archive may bring an index, which would be searched, and a `server.json`, which would name the
server to ask. Neither is asked for by `setup`, so both go before it writes; an index can be made again.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from agent_brain_contract.paths import STATE_DIRECTORY
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.probe import Facts

_WRITTEN_BY_SERVERS = re.compile(r"index\..*|server\..*|(?:server|lifecycle)\.lock|logs/server\..*")


def find_leftovers(facts: Facts) -> list[str]:
    """Return the files that a server would use, relative to the root, where the person has no record of the project."""
    if facts.record is not None:
        return []
    state = facts.root / STATE_DIRECTORY
    return sorted(
        path.relative_to(facts.root).as_posix()
        for path in _files(state)
        if _WRITTEN_BY_SERVERS.fullmatch(path.relative_to(state).as_posix())
    )


def remove_leftovers(facts: Facts) -> None:
    """Remove them. Raise SetupError where one cannot be."""
    for name in find_leftovers(facts):
        try:
            (facts.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{name} cannot be removed: {error.strerror}. Nothing was changed.") from error


def _files(state: Path) -> Iterator[Path]:
    for directory in (state, state / "logs"):
        with suppress(OSError):
            yield from (path for path in directory.iterdir() if not stat.S_ISDIR(path.lstat().st_mode))
