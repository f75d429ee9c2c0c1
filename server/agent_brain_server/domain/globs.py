"""Path globs as in `.gitignore`: `*.py` and `tests/` at any depth, `/src/**/x.go` from the root, `!` takes back.

Unlike in an ignore file, the last glob that speaks of a path decides, also where an earlier one took its directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from agent_brain_server.domain.wildmatch import InvalidPatternError, octets, translate

_ANYWHERE = r"(?:[^\0]*/)?"
_FROM_ROOT = "/?"  # a path outside of the project is absolute
_BENEATH = r"/[^\0]*"


@lru_cache(maxsize=256)
def path_matcher(globs: tuple[str, ...]) -> Callable[[str], bool]:
    """Return a predicate on paths with `/`. Without a glob it matches all; `!` globs alone match all but those.

    A path takes time linear in its length for each star at most. Raises ValueError for a glob that means nothing.
    """
    rules = [(glob.startswith("!"), _compile(glob)) for glob in reversed(globs)]
    otherwise = all(negated for negated, _ in rules)

    def matches(path: str) -> bool:
        text = octets(path)
        return next((not negated for negated, match in rules if match(text)), otherwise)

    return matches


def _compile(glob: str) -> Callable[[str], re.Match[str] | None]:
    body = glob.removeprefix("!")
    pattern = octets(body.removesuffix("/"))
    beneath = _BENEATH if body.endswith("/") else f"(?:{_BENEATH})?"
    try:
        one = translate(pattern.removeprefix("/"))
        if not pattern.strip("/"):
            raise InvalidPatternError(glob)
        return re.compile(f"{_FROM_ROOT if '/' in pattern else _ANYWHERE}{one}{beneath}").fullmatch
    except (InvalidPatternError, re.error) as error:
        raise ValueError(f"{glob!r} is not a glob") from error
