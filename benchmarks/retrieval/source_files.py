"""Which files of a project are its source code, by their paths alone.

The search has a finer idea of what a file is, which changes with it. A set of questions must not change with what it
measures, so this is independent of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

LANGUAGES = {
    "python": "py",
    "javascript": "js mjs cjs jsx",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "go": "go",
    "rust": "rs",
    "java": "java",
    "kotlin": "kt",
    "scala": "scala",
    "c": "c h",
    "cpp": "cc cpp cxx hpp hh hxx",
    "csharp": "cs",
    "ruby": "rb",
    "php": "php",
    "swift": "swift",
    "lua": "lua",
    "elixir": "ex exs",
    "haskell": "hs",
    "zig": "zig",
    "bash": "sh bash",
}
LARGEST = 400_000
"""Bytes; a larger file was hardly written by hand."""

_BY_EXTENSION = {extension: language for language, all_ in LANGUAGES.items() for extension in all_.split()}
_ASIDE = re.compile(
    r"(?:^|/)(?:tests?|testing|specs?|__tests__|e2e|unittests?|testdata|regress|fixtures?|mocks?|examples?|samples?|demos?"
    r"|docs?|translations?|locales?|bench|benches|benchmarks?|vendor|third[_-]?party|node_modules|external|extern|dist|generated"
    r"|[\w.-]+[._-](?:tests?|testing)(?:[._-][\w.-]+)?|tests?[._-][\w.-]+)/",
    re.IGNORECASE,
)
_ASIDE_NAME = re.compile(
    r"tests?[_.-].*|.*_test_\w+\.\w+|.*[_.-](?:tests?|specs?|min|generated|pb|pb2|g)\.\w+|conftest\.py|tests?\.\w+|spec_helper\.rb"
    r"|.*\.d\.[mc]?ts",
    re.IGNORECASE,
)
_TEST_CLASS = re.compile(r"(?:.*/)?(?:[\w.-]*[a-z0-9]Tests?/.*|[^/]*[a-z0-9](?:Tests?|Spec|Suite)\.\w+)")


def language_of(path: str) -> str | None:
    """Return the language that the path's extension says, None where it says no programming language."""
    return _BY_EXTENSION.get(path.rpartition(".")[2].lower()) if "." in path.rpartition("/")[2] else None


def is_source(path: str) -> bool:
    """Return whether the path is of the project's own code: no test, example, document, copy or output."""
    name = path.rpartition("/")[2]
    is_aside = _ASIDE.search(path) or _ASIDE_NAME.fullmatch(name) or _TEST_CLASS.fullmatch(path)
    return language_of(path) is not None and not is_aside


def source_files(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of every source file below `root`, by path; what is no UTF-8 or is very large is left out."""
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink()):
        relative = path.relative_to(root).as_posix()
        if is_source(relative) and path.stat().st_size <= LARGEST:
            try:
                yield relative, path.read_text("utf-8")
            except UnicodeDecodeError:
                continue
