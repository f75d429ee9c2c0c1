"""SQL by its lines: no grammar knows all dialects, and the one that knows most is as large as all of the server."""

from __future__ import annotations

import re

from agent_brain_server.domain.code_graph import Definition, FileGraph
from agent_brain_server.indexing.chunking.comments import comment_text
from agent_brain_server.indexing.chunking.grammar import plain_name
from agent_brain_server.indexing.chunking.packing import Item, pack
from agent_brain_server.indexing.chunking.passage import CutText
from agent_brain_server.indexing.chunking.source import Source

_KINDS = {
    "table": "table",
    "view": "table",
    "function": "function",
    "procedure": "function",
    "proc": "function",
    "trigger": "function",
    "package": "module",
    "schema": "module",
    "type": "type",
    "domain": "type",
    "index": "constant",
    "sequence": "constant",
}
_QUALIFIERS = (
    "or replace|or alter|global|local|temp|temporary|unlogged|unique|clustered|nonclustered|recursive|materialized"
    r"|constraint|external|foreign|virtual|force|editionable|definer\s*=\s*\S+"
)
_CREATE = re.compile(
    rf"\s{{0,4}}create\s+(?:(?:{_QUALIFIERS.replace(' ', chr(92) + 's+')})\s+)*({'|'.join(_KINDS)})\s+(?:body\s+)?"
    r"(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?((?:\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|[^\s(;\"`\[])+)",
    re.IGNORECASE,
)
_LONGEST_LINE = 500
_DOLLARS = re.compile(r"\$\w*\$")
_BEGIN = re.compile(r"(?:\s*|.*\s(?:as|is)\s+)begin\b", re.IGNORECASE)
_END = re.compile(r"(?:end\b.*|go|/|//|\$\$|delimiter\b.*)\s*\Z", re.IGNORECASE)
_BODY = re.compile(r" (?:as|is)(?: \$.*)?\Z", re.IGNORECASE)
_COMMENT = re.compile(r"\s*--")


def cut_sql(source: Source) -> CutText:
    """Cut SQL by what its `create` statements make, and blocks of the rest."""
    items = _statement_items(source)
    made = (Definition(item.symbol, item.kind, item.first + 1, item.last + 1, item.signature) for item in items)
    return CutText(pack(source, items), "", FileGraph(tuple(made)))


def _statement_items(source: Source) -> list[Item]:
    """Return what the `create` statements make, each to the line that ends it."""
    items: list[Item] = []
    row = 0
    while row < len(source.lines):
        match = _CREATE.match(source.lines[row][:_LONGEST_LINE])
        if match is None:
            row += 1
            continue
        last = _last_row(source.lines, row)
        items.append(_item(source, match, row, last))
        row = last + 1
    return items


def _item(source: Source, match: re.Match[str], row: int, last: int) -> Item:
    first = row
    while first > 0 and _COMMENT.match(source.lines[first - 1]):
        first -= 1
    name = plain_name(re.sub(r"[\"`\[\]]", "", match.group(2)))
    signature = _BODY.sub("", " ".join(source.lines[row].split())[:300]).rstrip(" (;")
    return Item(_KINDS[match.group(1).lower()], name, first, last, signature, comment_text(source.lines[first:row]))


def _last_row(lines: list[str], first: int) -> int:
    """Return the row that ends a statement: a semicolon outside of quotes, or the end of its block."""
    quote = ""
    in_block = False
    for row in range(first, len(lines)):
        line = lines[row][:_LONGEST_LINE]
        if row > first and not quote and (_CREATE.match(line) or line.strip().lower() == "go"):
            return row - 1
        for mark in _DOLLARS.findall(line):
            quote = "" if quote == mark else quote or mark
        if quote:
            continue
        in_block = in_block or bool(_BEGIN.match(line))
        if _END.match(line) if in_block else line.partition("--")[0].rstrip().endswith(";"):
            return row
    return len(lines) - 1
