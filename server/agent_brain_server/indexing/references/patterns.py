"""The queries of the grammars, from `queries/<grammar>.scm`, compiled when they are first needed.

A pattern captures the name of what is referred to by one of these labels:

- `@inherit`, `@import`, `@call` and `@use` are what they say,
- `@module` is a module of which all is imported; together with `@import` it is where the name comes from,
- `@value` is a use if the file imports the name or declares it outside of types and functions, `@member` also if it
  declares it in one; `@bare` is a call where `@member` is a use.

In the same pattern `@qualifier` is the text before the name, several of them follow one another, and `@alias` is the
local name that an import gives. `@skip` is no reference, even if another pattern captures it; a name that is `@local`
somewhere, as a type parameter, is no use and no bare call anywhere in the file.

A pattern with `(#set! name "…")` gives a name that the source does not say; one with `(#set! only "…")` holds where the
text of `@if` is like that, one with `(#set! but "…")` where the name is not: regular expressions for all of the text.
The predicates of tree-sitter would crash: they read the source by the tree, and `parse` takes it back.
`; inherits: <grammar>` in the first line adds the patterns of another file.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from agent_brain_server.domain.code_graph import ReferenceKind

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Query

log = logging.getLogger(__name__)


LABELS: Mapping[str, ReferenceKind] = {
    "inherit": "inherit",
    "import": "import",
    "module": "import",
    "call": "call",
    "bare": "call",
    "use": "use",
    "member": "use",
    "value": "use",
}
"""What a captured name is; where several patterns capture it, the first of them counts."""

GUARDED = ("bare", "member", "value")
"""The labels of names that refer only to what the file imports or declares."""

DEEPEST_MATCH = 1_000
_MOST_TOKENS = 2_000

_RANKS = {label: 4 * rank for rank, label in enumerate(LABELS)}
_NO_CAPTURE = re.compile(r'"(?:[^"\\]|\\.)*"|;.*')
_CAPTURE = re.compile(r"@(\w+)")
_INHERITS = "; inherits: "


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, as far as it is known before it matches; `label` is empty where it names nothing.

    Of the patterns that name one place, the one with the lowest `rank` counts: by its label, then by what it says more.
    """

    label: str
    kind: ReferenceKind
    rank: int
    name: str
    only: re.Pattern[bytes] | None
    but: re.Pattern[str] | None
    is_qualified: bool
    has_alias: bool
    is_plain: bool
    """Whether it says nothing of local names and of what to skip."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """A query and its patterns by their numbers."""

    query: Query
    patterns: Sequence[Pattern]

    def matches(self, root: Node) -> list[tuple[int, dict[str, list[Node]]]]:
        """Return the number of the pattern and its captures, for every match that is not nested absurdly deep.

        The time of a query grows with the depth, and with the square of the tokens that follow each other in an error.
        """
        from tree_sitter import QueryCursor

        if root.has_error and _is_garbled(root):
            return []
        cursor = QueryCursor(self.query)
        cursor.set_max_start_depth(DEEPEST_MATCH)
        return cursor.matches(root)


@cache
def patterns_of(language: Language, grammar: str) -> Patterns | None:
    """Return the patterns of a grammar, None where it has none."""
    from tree_sitter import Query, QueryError

    text = query_text(grammar)
    if not text:
        return None
    try:
        query = Query(language, text)
    except QueryError as error:
        log.warning("no references in %s: its query is for another version of its grammar: %s", grammar, error)
        return None
    return Patterns(query, [_pattern(query, number, text.encode()) for number in range(query.pattern_count)])


def query_text(grammar: str) -> str:
    """Return the text of a grammar's query with what it inherits, empty where there is none."""
    file = files("agent_brain_server.indexing.references") / "queries" / f"{grammar}.scm"
    if not file.is_file():
        return ""
    text = file.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    return query_text(first.removeprefix(_INHERITS)) + rest if first.startswith(_INHERITS) else text


def _is_garbled(root: Node) -> bool:
    """Return whether some error is a long row of bare tokens."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error and node.child_count - node.named_child_count > _MOST_TOKENS:
            return True
        pending.extend(child for child in node.children if child.has_error)
    return False


def _pattern(query: Query, number: int, text: bytes) -> Pattern:
    written = text[query.start_byte_for_pattern(number) : query.end_byte_for_pattern(number)].decode()
    names = set(_CAPTURE.findall(_NO_CAPTURE.sub("", written)))
    label = next((label for label in LABELS if label in names), "")
    settings = {key: str(value) for key, value in query.pattern_settings(number).items()}
    is_qualified, has_alias = "qualifier" in names or "module" in names, "alias" in names
    return Pattern(
        label=label,
        kind=LABELS.get(label, "use"),
        rank=_RANKS.get(label, 0) + 2 * (not has_alias) + (not is_qualified),
        name=settings.get("name", "*" if label == "module" else ""),
        only=re.compile(settings["only"].encode()) if "only" in settings else None,
        but=re.compile(settings["but"]) if "but" in settings else None,
        is_qualified=is_qualified,
        has_alias=has_alias,
        is_plain=names.isdisjoint({"skip", "local"}) and (label == "module" or "module" not in names),
    )
