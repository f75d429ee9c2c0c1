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
_DOCUMENT = r"\.(?:md|markdown|mdx|rst|adoc|asciidoc|txt|html?|tex|org|pdf|[1-8])"
_HISTORY = r"(?:changes|changelog|news|history|release[_-]?notes|licen[cs]e|copying|authors|contributors|notice)"
_IN_FOLDERS: tuple[tuple[Role, str], ...] = (
    ("vendored", r"vendor|vendored|_vendor|third[_-]?party|node_modules|external|extern|deps"),
    ("test", r"tests?|testing|specs?|__tests__|unittests?|testdata|fixtures?|[\w.-]+[._-]tests?"),
    ("example", r"examples?|samples?|demos?|bench|benches|benchmarks?"),
    ("generated", r"generated|dist|build|gen|__generated__"),
)
_BY_NAMES: tuple[tuple[Role, str], ...] = (
    ("generated", r".*(?:\.min|[_.]pb2?(?:_grpc)?|\.g|\.generated|\.designer|_generated)\.\w+"),
    ("generated", r".*\.lock|package-lock\.json"),
    ("declaration", r".*(?:\.d\.[mc]?ts|\.pyi)"),
    ("test", r"tests?[_.-].*|.*[_.-](?:tests?|specs?)\.\w+|conftest\.py|tests?\.\w+"),
    ("history", rf"{_HISTORY}[\w.-]*{_DOCUMENT}|{_HISTORY}"),
    ("document", rf".*{_DOCUMENT}"),
)
_FOLDERS = [(role, re.compile(rf"(?:^|/)(?:{names})/")) for role, names in _IN_FOLDERS]
_NAMES = [(role, re.compile(rf"(?:{names})\Z")) for role, names in _BY_NAMES]
_TEST_CLASS = re.compile(r".*[a-z0-9]Tests?\.\w+\Z")


@lru_cache(maxsize=16_384)
def role_of(path: str) -> Role:
    """Return the part that the file at `path` plays, `source` where nothing says otherwise."""
    folded = path.lower()
    for role, pattern in _FOLDERS:
        if pattern.search(folded):
            return role
    name = folded.rpartition("/")[2]
    if _TEST_CLASS.match(path.rpartition("/")[2]):
        return "test"
    return next((role for role, pattern in _NAMES if pattern.match(name)), "source")


def role_of_text(path: str, text: str) -> Role:
    """Return the same, but `generated` for text with lines longer than a person writes."""
    found = role_of(path)
    minified = len(text) > LONGEST_LINE * (text.count("\n") + 1) and found not in ("document", "history")
    return "generated" if minified else found
