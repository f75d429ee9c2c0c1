"""What a file refers to: who calls, imports, inherits and uses what, and in which definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agent_brain_server.domain.code_graph import Reference, ReferenceKind
from agent_brain_server.indexing.references.naming import ends, plain_module, plain_qualifier, split_name
from agent_brain_server.indexing.references.patterns import GUARDED, Pattern, patterns_of

if TYPE_CHECKING:
    from tree_sitter import Language, Node

    Captures: TypeAlias = Mapping[str, Sequence[Node]]


_SEPARATOR = re.compile(r"[/.]")


class ScopeSpan(NamedTuple):
    """A definition's range in bytes; its end is not part of it."""

    start: int
    end: int
    symbol: str


class Declared(NamedTuple):
    """The names that a file declares outside of types and functions, and anywhere."""

    outside: set[str]
    everywhere: set[str]


class _Candidate(NamedTuple):
    start: int
    line: int
    kind: ReferenceKind
    name: str
    qualifier: str
    alias: str
    rank: int


def find_references(
    language: Language, grammar: str, root: Node, data: bytes, scopes: Iterable[ScopeSpan], declared: Declared
) -> tuple[Reference, ...]:
    """Return the references of a parsed file in the order of its text; none where its grammar has no query."""
    compiled = patterns_of(language, grammar)
    if compiled is None:
        return ()
    reading = _Reading(data)
    guarded: dict[str, list[tuple[Pattern, Captures]]] = {label: [] for label in GUARDED}
    for number, captures in compiled.matches(root):
        pattern = compiled.patterns[number]
        if pattern.label in guarded:
            guarded[pattern.label].append((pattern, captures))
        else:
            reading.take(pattern, captures)
    for label, names in reading.known_names(declared).items():
        for match in guarded[label]:
            if reading.head(*match) in names:
                reading.take(*match)
    spans = sorted(scopes, key=lambda span: (span.start, -span.end))
    return tuple(map(Reference._make, dict.fromkeys(_placed(reading.found(), spans))))


class _Reading:
    """The references of one file: of the matches that name one place, the best."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._best: dict[int, _Candidate] = {}
        self._skipped: set[int] = set()
        self._local: set[str] = set()

    def take(self, pattern: Pattern, captures: Captures) -> None:
        """Keep what the match names, unless a better match names the same place."""
        if pattern.only and not pattern.only.fullmatch(self._text(captures["if"][0])):
            return
        if not pattern.is_plain:
            self._take_notes(pattern, captures)
            if not pattern.label:
                return
        node = captures[pattern.label][0]
        before = self._best.get(node.start_byte)
        if before is not None and before.rank <= pattern.rank:
            return
        candidate = self._candidate(pattern, captures, node)
        if candidate is not None:
            self._best[candidate.start] = candidate

    def known_names(self, declared: Declared) -> dict[str, set[bytes]]:
        """Return by label, for those of `GUARDED`, the names that the file imports or declares.

        Call it once all other matches are taken.
        """
        imported = {name for one in self._kept() if one.kind == "import" for name in _bound_names(one)}
        names = {
            "bare": (declared.everywhere | imported) - self._local,
            "member": declared.everywhere | imported,
            "value": declared.outside | imported,
        }
        return {label: {name.encode("utf-8", "replace") for name in known} for label, known in names.items()}

    def head(self, pattern: Pattern, captures: Captures) -> bytes:
        """Return the first name of a match: its qualifier, else the name itself."""
        return self._text(captures.get("qualifier", captures[pattern.label])[0]).rstrip(b".")

    def found(self) -> Iterator[_Candidate]:
        """Yield the best candidates in the text's order, no use of what the same line calls, imports or inherits."""
        found = sorted(self._kept())
        more = {(one.line, one.name) for one in found if one.kind != "use"}
        for one in found:
            if one.kind != "use" or ((one.line, one.name) not in more and one.name not in self._local):
                yield one

    def _candidate(self, pattern: Pattern, captures: Captures, node: Node) -> _Candidate | None:
        start = node.start_byte
        qualifier, name = ("", pattern.name) if pattern.name else split_name(ends(self._data, start, node.end_byte))
        if not name or (pattern.but and pattern.but.fullmatch(name)):
            return None
        if pattern.is_qualified:
            qualifier = self._qualifier(captures, qualifier)
        alias = split_name(self._text(captures["alias"][0]))[1] if pattern.has_alias else ""
        return _Candidate(start, node.start_point[0] + 1, pattern.kind, name, qualifier, alias, pattern.rank)

    def _kept(self) -> list[_Candidate]:
        return [one for start, one in self._best.items() if start not in self._skipped]

    def _take_notes(self, pattern: Pattern, captures: Captures) -> None:
        self._skipped.update(node.start_byte for node in captures.get("skip", ()))
        self._local.update(split_name(self._text(node))[1] for node in captures.get("local", ()))
        if pattern.label != "module":  # then it is not all of the module that is imported
            self._skipped.update(node.start_byte for node in captures.get("module", ()))

    def _qualifier(self, captures: Captures, before: str) -> str:
        nodes = captures.get("qualifier", ())
        if len(nodes) == 1 and not before and "module" not in captures:
            return plain_qualifier(self._text(nodes[0]))
        modules = captures.get("module", ())
        parts = [plain_module(self._text(node)) for node in modules]
        parts += [plain_qualifier(self._text(node)) for node in sorted(nodes, key=attrgetter("start_byte"))]
        return ".".join(part for part in (*parts, before) if part)

    def _text(self, node: Node) -> bytes:
        return ends(self._data, node.start_byte, node.end_byte)


def _bound_names(one: _Candidate) -> Iterator[str]:
    """Yield the local names that an import may give: its alias, else its own and the module's first, else its last."""
    parts = _SEPARATOR.split(one.qualifier)
    if one.alias:
        yield one.alias
    elif one.name == "*":
        yield parts[-1]
    else:
        yield from (one.name, parts[0])


def _placed(
    found: Iterable[_Candidate], spans: Sequence[ScopeSpan]
) -> Iterator[tuple[ReferenceKind, str, str, str, str, int]]:
    """Yield the fields of each reference, with its scope by one pass over the spans, which are in order."""
    open_: list[ScopeSpan] = []
    upcoming = 0
    for one in found:
        while upcoming < len(spans) and spans[upcoming].start <= one.start:
            open_.append(spans[upcoming])
            upcoming += 1
        while open_ and open_[-1].end <= one.start:
            open_.pop()
        yield one.kind, one.name, one.qualifier, one.alias, open_[-1].symbol if open_ else "", one.line
