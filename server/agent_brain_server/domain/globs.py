"""Path globs as in `.gitignore`: `*.py` and `tests/` at any depth, `/src/**/x.go` from the root, `!` takes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from pathspec import PathSpec


@lru_cache(maxsize=256)
def path_matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """A predicate on relative paths with `/`. No glob matches all; only `!` globs match all but those.

    Raises ValueError for a glob that means nothing.
    """
    if not globs:
        return lambda path: True
    if all(glob.startswith("!") for glob in globs):
        globs = ("**", *globs)
    try:
        return PathSpec.from_lines("gitignore", globs).match_file
    except re.error as error:
        raise ValueError(f"invalid glob ({error})") from error
