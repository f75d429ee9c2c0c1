"""The word list: what has a standard term is called by it, in names, docstrings, comments, log lines and documents."""

from __future__ import annotations

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = "server server_client wizard plugin templates benchmarks training docs README.md CONTRIBUTING.md".split()
WORDS = {
    "beside": "next to, in parallel with",
    "anew": "again, from the beginning",
    "mend mends mended mending": "fix",
    "told tells": "known, reported, given; returns, says",
    "nobody": "no client, no process, nothing",
    "settle settles settled settling": "optimize, complete, decide",
    "arm arms": "retriever",
    "stand stands stood": "is, is written, holds; represents",
    "census": "project_stats",
    "adopt adopts adopted": "replace",
    "lapse lapses lapsed": "expire, invalidate",
    "telling": "content words, selective",
    "whatever": "any, or nothing",
}
"""What is retired everywhere, and what to write instead."""
NAME_PARTS = {"around": "context", "surroundings": "context", "happening": "event", "touched": "events"}
"""What is retired in names alone, as a part of one."""
NAMES = {
    "give_back": "trim, release",
    "gives_back": "trim, release",
    "Draft": "plan builder, reservation",
    "End": "CopyEndpoint",
    "Found": "RankedPassage, WalkResult",
    "Mark": "Checkpoint",
    "Outcome": "JobOutcome",
    "Place": "IndexRoot, Location",
    "Tally": "TableDigest",
}
"""What says too little as a whole name."""

RETIRED = {word: instead for words, instead in WORDS.items() for word in words.split()}
PROSE = re.compile(rf"(?<![\w-])({'|'.join(RETIRED)})(?![\w-])", re.IGNORECASE)
NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
COMMENTS = {".sql": re.compile(r"--(?! \w+ --$)(.*)"), ".scm": re.compile(r";(.*)")}
DOCUMENTS = (".md", ".j2")

Place = tuple[int, str]
"""A line, from 1, and a text or a word in it."""


def _suspect() -> re.Pattern[str]:
    """Return a pattern that a text has if it may have a retired word: most have none, and are not parsed."""
    words = [*RETIRED, *NAME_PARTS]
    lower, capital, upper = ("|".join(map(form, words)) for form in (str.lower, str.capitalize, str.upper))
    names = "|".join(NAMES)
    return re.compile(
        rf"(?<![A-Za-z])(?:{lower}|{names})(?![a-z])|(?:{capital})(?![a-z])|(?<![A-Z])(?:{upper})(?![A-Z])"
    )


SUSPECT = _suspect()


def _files() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in done.stdout.split("\0") if name]
    return [path for path in map(ROOT.joinpath, names) if path.suffix in (".py", *COMMENTS, *DOCUMENTS)]


def _retired(path: Path) -> Iterator[Place]:
    """Yield the places of the retired words of a file."""
    text = path.read_text("utf-8")
    if not SUSPECT.search(text):
        return
    if path.suffix == ".py":
        nodes = [*ast.walk(ast.parse(text))]
        yield from _retired_names(nodes)
        texts = [*_docstrings(nodes), *_comments(path, text)]
    elif path.suffix in COMMENTS:
        rows = enumerate(text.split("\n"), start=1)
        texts = [(line, found[1]) for line, row in rows if (found := COMMENTS[path.suffix].search(row))]
    else:
        texts = [(1, text)]
    for line, part in texts:
        for number, row in enumerate(part.split("\n")):
            yield from ((line + number, match[1].lower()) for match in PROSE.finditer(row))


def _docstrings(nodes: list[ast.AST]) -> Iterator[Place]:
    """Yield every text that is a statement, and those that are logged."""
    for node in nodes:
        texts = [node.value] if isinstance(node, ast.Expr) else []
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "log"
        ):
            texts = [part for argument in node.args for part in ast.walk(argument) if isinstance(part, ast.expr)]
        for part in texts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.lineno, part.value


def _comments(path: Path, text: str) -> Iterator[Place]:
    if not any("#" in row and PROSE.search(row) for row in text.split("\n")):
        return
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def _retired_names(nodes: list[ast.AST]) -> Iterator[Place]:
    for line, name in _names(nodes):
        if name.strip("_") in NAMES:
            yield line, name.strip("_")
        for part in NAME_PART.findall(name):
            if part.lower() in RETIRED or part.lower() in NAME_PARTS:
                yield line, part.lower()


def _names(nodes: list[ast.AST]) -> Iterator[Place]:
    """Yield each name that a module gives: to functions, classes, arguments, variables, attributes and imports."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.lineno, node.asname


def test_no_retired_word_is_used() -> None:
    instead = {**RETIRED, **NAME_PARTS, **NAMES}
    found = [(path.relative_to(ROOT), place) for path in _files() for place in sorted(set(_retired(path)))]
    assert [f"{path}:{line}: {word} (write: {instead[word]})" for path, (line, word) in found] == []


def test_each_room_is_there() -> None:
    assert [room for room in PARTS if not (ROOT / room).exists()] == []


def test_each_kind_of_place_is_read(tmp_path: Path) -> None:
    module, statements, page = tmp_path / "module.py", tmp_path / "statements.sql", tmp_path / "page.md"
    module.write_text(
        '"""It stands here."""\nimport logging as told\nlog = told\nclass Found:\n    def give_back(self, arm):\n'
        '        hasSettled = self.around = "beside"  # mended\n        log.info("anew")\n        return "stand-in"\n'
    )
    assert set(_retired(module)) == {
        *((1, "stands"), (2, "told"), (4, "Found"), (5, "give_back"), (5, "arm")),
        *((6, "settled"), (6, "around"), (6, "mended"), (7, "anew")),
    }
    statements.write_text("-- adopt_meta --\nSELECT 1 -- for nobody\n")
    assert [*_retired(statements)] == [(2, "nobody")]
    page.write_text("A stand-in is warm.\n\nIt is mended.\n")
    assert [*_retired(page)] == [(3, "mended")]
