"""Whether a server that runs is of the release that asks it."""

from __future__ import annotations

import re
from pathlib import Path

_RELEASE = re.compile(r"\d+(?:\.\d+)*")


def is_outdated(version: str, code: str, own_version: str) -> bool:
    """Return whether a server of `version`, with its code in `code`, is to be replaced by one of `own_version`.

    Only an older one is: two installations of different versions would end each other's servers in turn otherwise. So
    is one whose code is gone, since it can start no worker process; an empty `code` is not known.
    """
    return _numbers(version) < _numbers(own_version) or bool(code and not Path(code).is_dir())


def _numbers(version: str) -> tuple[int, ...]:
    found = _RELEASE.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()
