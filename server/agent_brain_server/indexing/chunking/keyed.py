"""Data files by their keys (YAML, TOML, INI, JSON), style sheets by their rules. Lines are read, nothing is parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_brain_server.indexing.chunking.packing import Item, pack
from agent_brain_server.indexing.chunking.passage import Passage, blocks
from agent_brain_server.indexing.chunking.source import Source

LARGEST_KEYED = 1_000_000
"""Characters; a larger data file is cut in line blocks."""
_DEEPEST = 3
_LONGEST_KEY = 80
_LONGEST_HEAD = 200
"""Of what is before a brace only the start is kept: a list of selectors may be as long as the file."""
_LONGEST_LINE = 1_000
"""Of a longer line only the start is looked at, so that no pattern takes long."""

_YAML_KEY = re.compile(r"( *)((?:\"[^\"]*\"|'[^']*'|[^\s#\-\"'\[{&*!|>%@`][^#:]*+|-[^\s#:][^#:]*+))\s*+:(?:\s+(.*))?$")
_JSON_KEY = re.compile(r"([ \t]*)\"((?:[^\"\\]|\\.)*)\"\s*:()")
_TABLE = re.compile(r"\s*\[{1,2}([^\[\]]+)\]{1,2}\s*(?:[#;].*)?$")
_TRIPLE = re.compile(r"\"{3}|'{3}")
_BLOCK_SCALAR = re.compile(r"(?:[&!]\S+\s+)*[|>][+\-0-9]*\s*(?:#.*)?$")
_STYLE_NOISE = re.compile(r"/\*.*?\*/|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:^|\s)//.*$")


def keyed_passages(language: str, source: Source) -> list[Passage]:
    """Cut a data file by its keys, the outer ones whole where they fit; by lines where it is too large."""
    if len(source.text) > LARGEST_KEYED:
        return list(blocks(source, 0, source.last))
    if language in {"toml", "ini"}:
        items = list(_tables(source))
    elif language == "css":
        items = list(_rules(source))
    else:
        items = _nested(source, _JSON_KEY if language == "json" else _YAML_KEY)
    return pack(source, items)


def _nested(source: Source, pattern: re.Pattern[str]) -> list[Item]:
    """Return the keys by their indent, a few levels deep."""
    top: list[Item] = []
    open_: list[tuple[int, Item]] = []
    scalar = -1
    for row, line in enumerate(source.lines):
        indent = len(line) - len(line.lstrip())
        if not line.strip() or (0 <= scalar < indent):
            continue
        scalar = -1
        match = pattern.match(line[:_LONGEST_LINE])
        if match is None:
            continue
        if _BLOCK_SCALAR.match(match.group(3) or ""):
            scalar = indent
        while open_ and open_[-1][0] >= indent:
            open_.pop()[1].last = row - 1
        if len(open_) < _DEEPEST:
            item = _key(match.group(2).rstrip(), row, source.last, open_[-1][1] if open_ else None)
            (open_[-1][1].members if open_ else top).append(item)
            open_.append((indent, item))
    return top


def _key(name: str, first: int, last: int, parent: Item | None = None) -> Item:
    bare = " ".join(name.strip("\"' ").split())[:_LONGEST_KEY]
    return Item("key", f"{parent.symbol}.{bare}" if parent else bare, first, last)


def _tables(source: Source) -> Iterator[Item]:
    """Yield the tables by their headers (`[table]`); one ends before the next."""
    current: Item | None = None
    quoted = ""
    for row, line in enumerate(source.lines):
        match = None if quoted else _TABLE.match(line[:_LONGEST_LINE])
        for mark in _TRIPLE.findall(line):
            quoted = "" if quoted == mark else quoted or mark
        if match is None or line.rstrip().endswith(","):
            continue
        if current is not None:
            current.last = row - 1
            yield current
        current = _key(match.group(1), row, source.last)
    if current is not None:
        yield current


def _rules(source: Source) -> Iterator[Item]:
    """Yield the outer blocks of braces, named by the text before the brace."""
    depth = first = 0
    head = ""
    comment = False
    for row, line in enumerate(source.lines):
        bare, comment = _without_comments(line, comment)
        if depth == 0:
            if not head:
                first = row
            if len(head) < _LONGEST_HEAD:
                head = f"{head} {bare[:_LONGEST_LINE]}".strip()
        opened = depth > 0 or "{" in bare
        depth = max(0, depth + bare.count("{") - bare.count("}"))
        if depth == 0 and opened:
            yield _key(head.partition("{")[0], first, row)
        if depth == 0 and (opened or bare.rstrip().endswith(";")):
            head = ""


def _without_comments(line: str, inside: bool) -> tuple[str, bool]:
    if inside:
        _, end, line = line.partition("*/")
        if not end:
            return "", True
    bare = _STYLE_NOISE.sub("", line) if len(line) <= _LONGEST_LINE else line
    head, start, _ = bare.partition("/*")
    return head, bool(start)
