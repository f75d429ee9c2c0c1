"""What part a file plays in a project, by its path and, for machine-made code, its text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Role = Literal["source", "test", "example", "document", "history", "generated", "vendored", "declaration"]

LONGEST_LINE = 250
"""Characters a line on average."""

ROLE_WORDS: dict[str, Role] = {
    **dict.fromkeys(("test", "tests", "testing", "tested", "spec", "specs", "fixture", "fixtures"), "test"),
    **dict.fromkeys(
        ("example", "examples", "sample", "samples", "demo", "demos", "benchmark", "benchmarks"), "example"
    ),
    **dict.fromkeys(("changelog", "changes", "release", "licence", "license"), "history"),
    **dict.fromkeys(("generated",), "generated"),
    **dict.fromkeys(("vendored", "vendor"), "vendored"),
    **dict.fromkeys(("typings", "stubs"), "declaration"),
}
_FOLDERS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("vendored", re.compile(r"(?:^|/)(?:vendor|vendored|_vendor|third[_-]?party|node_modules|external|extern|deps)/")),
    (
        "test",
        re.compile(r"(?:^|/)(?:tests?|testing|specs?|__tests__|unittests?|testdata|fixtures?|[\w.-]+[.-]tests?)/"),
    ),
    ("example", re.compile(r"(?:^|/)(?:examples?|samples?|demos?|bench|benches|benchmarks?)/")),
    ("generated", re.compile(r"(?:^|/)(?:generated|dist|build|gen|__generated__)/")),
)
_NAMES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        "generated",
        re.compile(
            r"(?:\.min\.\w+|[_.]pb2?\.\w+|\.g\.\w+|\.generated\.\w+|\.designer\.\w+|_generated\.\w+|\.lock|package-lock\.json)$"
        ),
    ),
    ("declaration", re.compile(r"(?:\.d\.[mc]?ts|\.pyi)$")),
    ("test", re.compile(r"^(?:tests?[_.-].*|.*[_.-](?:tests?|specs?)\.\w+|conftest\.py|.*[a-z0-9]Tests?\.\w+)$")),
    (
        "history",
        re.compile(
            r"^(?:change(?:s|log)|news|history|release[_-]?notes|licen[cs]e|copying|authors|contributors|notice)\b.*",
            re.IGNORECASE,
        ),
    ),
    ("document", re.compile(r"\.(?:md|markdown|mdx|rst|adoc|asciidoc|txt|html?|tex|org|pdf|[1-8])$", re.IGNORECASE)),
)


@lru_cache(maxsize=16_384)
def role_of(path: str) -> Role:
    """The part that the file at `path` plays, `source` where nothing says otherwise."""
    folded = path.lower()
    for role, pattern in _FOLDERS:
        if pattern.search(folded):
            return role
    name = path.rpartition("/")[2]
    return next((role for role, pattern in _NAMES if pattern.search(name)), "source")


def is_minified(text: str) -> bool:
    """Whether the lines are longer than anyone writes them."""
    return len(text) > LONGEST_LINE * (text.count("\n") + 1)
