"""The symbols of a syntax tree, as a nested outline: all but local names. Details are left to what holds them.

Only nodes that can hold a declaration are visited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from agent_brain_server.indexing.chunking.comments import comment_text
from agent_brain_server.indexing.chunking.grammar import Code, Declaration, Syntax
from agent_brain_server.indexing.chunking.packing import Item
from agent_brain_server.indexing.chunking.source import (
    FAMILY_CHARS,
    FAMILY_LINES,
    WHOLE_CHARS,
    WHOLE_LINES,
    Source,
)

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 48
LONGEST_SIGNATURE = 300
_SIGNATURE_END = re.compile(r"(?: do| is| =>|[\s{:=(;,])+\Z")
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "impl"})
_BODIES = frozenset({"function", "method"})
_LOCAL = frozenset({"constant", "type"})
_SMALLEST_INNER = 8
_WIDEST_INDENT = 500
"""Bytes; what is further right is not looked at, or a line of many comments would be read once for each."""
_SMALLEST_MINOR = 4


class _Scope(NamedTuple):
    """The symbol that holds the visited nodes, and where its items go."""

    symbol: str
    kind: str
    items: list[Item]
    is_whole: bool
    """Whether it is one passage with all in it."""

    def name(self, name: str) -> str:
        return f"{self.symbol}.{name}" if self.symbol else name


class _DeclaringNode(NamedTuple):
    """A declaration with the node that makes it, and the outermost node that belongs to it (`export …`)."""

    declaration: Declaration
    node: Node
    outer: Node


@dataclass(slots=True)
class _Lead:
    """The comments and attributes directly above what comes next."""

    first: int = -2
    start: int = 0
    last: int = -2
    comments: list[str] = field(default_factory=list)
    text: str = ""


class Outliner:
    """A reader of the outline of one parsed file."""

    def __init__(self, syntax: Syntax, code: Code, source: Source) -> None:
        self._syntax = syntax
        self._code = code
        self._source = source
        self._lead = _Lead()
        self._leading = syntax.comments | syntax.leading
        self._declaring = syntax.wrappers | syntax.rules.keys()
        self._open = syntax.wrappers | syntax.transparent | {"ERROR"}

    def outline(self, root: Node) -> list[Item]:
        """Return the symbols in the order of the file."""
        items: list[Item] = []
        self._visit(root.named_children, _Scope("", "", items, is_whole=False), 0)
        return items

    def _visit(self, nodes: Iterable[Node], scope: _Scope, depth: int) -> None:
        for node in nodes:
            kind = node.type
            if kind in self._leading:
                self._note_lead(node)
            elif kind in self._declaring and (declared := self._declared(node)) is not None:
                self._add(declared, scope, depth)
            elif depth < DEEPEST and (kind in self._open or _is_long(node)):
                self._visit(node.named_children, scope, depth + 1)

    def _declared(self, outer: Node) -> _DeclaringNode | None:
        """Return what the node declares, or the one node in it that does."""
        rules = self._syntax.rules
        node = outer
        for _ in range(4):
            if (rule := rules.get(node.type)) is not None:
                declaration = rule(self._code, node)
                return _DeclaringNode(declaration, node, outer) if declaration else None
            if node.type not in self._syntax.wrappers:
                return None
            inner = [child for child in node.named_children if child.type in self._declaring]
            if len(inner) != 1:
                return None
            node = inner[0]
        return None

    def _note_lead(self, node: Node) -> None:
        """Keep a comment or attribute that has its lines to itself for what comes next."""
        first, column = node.start_point
        if column > _WIDEST_INDENT or (
            column and not self._code.data[node.start_byte - column : node.start_byte].isspace()
        ):
            return
        # The comments between a head and its body come first, and in a broken file these may be below what is in it.
        if not self._lead.first <= first <= self._lead.last + 1:
            self._lead = _Lead(first, node.start_byte)
        self._lead.last = max(self._lead.last, last_row(node))
        if node.type in self._syntax.comments:
            self._lead.comments.extend(self._source.lines[first : self._lead.last + 1])
        elif self._syntax.leading_text:
            self._lead.text = self._syntax.leading_text(self._code, node) or self._lead.text

    def _add(self, declared: _DeclaringNode, scope: _Scope, depth: int) -> None:
        """Add the declared symbol, with its members, to the scope; local constants and types are none."""
        is_method = declared.declaration.kind == "function" and scope.kind in _TYPES
        kind = "method" if is_method else declared.declaration.kind
        if scope.kind in _BODIES and kind in _LOCAL:
            return
        item = self._item(declared, kind, scope)
        if depth < DEEPEST:
            self._add_members(item, declared, depth + 1)
        if not (self._syntax.joined and _join(scope.items, item)):
            scope.items.append(item)

    def _item(self, declared: _DeclaringNode, kind: str, scope: _Scope) -> Item:
        declaration, outer = declared.declaration, declared.outer
        item = Item(kind, scope.name(declaration.name), outer.start_point[0], last_row(outer))
        item.span = outer.start_byte, outer.end_byte
        lead = self._take_lead(item)
        item.detail = _is_detail(item, declaration, scope)
        item.prototype = declaration.prototype
        item.signature = self._signature(declared)
        if not item.detail:
            item.documentation = self._documentation(declaration, lead)
        return item

    def _take_lead(self, item: Item) -> _Lead | None:
        """Count what is directly above the item to it."""
        lead = self._lead
        if lead.last != item.first - 1:
            return None
        item.first = lead.first
        item.span = lead.start, item.span[1]
        return lead

    def _documentation(self, declaration: Declaration, lead: _Lead | None) -> str:
        if self._syntax.docstring and (text := self._syntax.docstring(self._code, declaration)):
            return text
        return lead.text or comment_text(lead.comments) if lead else ""

    def _add_members(self, item: Item, declared: _DeclaringNode, depth: int) -> None:
        is_whole = item.detail or not self._is_divided(item)
        if is_whole and item.kind in _BODIES and not self._may_declare(item):
            return
        lead = self._lead
        declaration, node = declared.declaration, declared.node
        holder = declaration.members or declaration.body or node
        nodes = holder.named_children if holder == node else [*self._comments(node), *holder.named_children]
        self._visit(nodes, _Scope(item.symbol, item.kind, item.members, is_whole), depth)
        if is_whole:
            self._lead = lead

    def _may_declare(self, item: Item) -> bool:
        """Return whether the body of a function may hold anything but local names."""
        inner = self._syntax.inner
        return inner is None or inner.search(self._code.data, item.span[0] + 1, item.span[1]) is not None

    def _is_divided(self, item: Item) -> bool:
        """Return whether the item is too large for one passage, so that its members are passages."""
        lines, chars = (WHOLE_LINES, WHOLE_CHARS) if item.kind in _BODIES else (FAMILY_LINES, FAMILY_CHARS)
        return not self._source.fits(item.first, item.last, lines, chars)

    def _signature(self, declared: _DeclaringNode) -> str:
        """Return the text from the first child that does not only lead, up to the body or a comment."""
        start = declared.outer.start_byte
        for child in declared.outer.children:
            if child.type not in self._syntax.leading:
                start = child.start_byte
                break
        body = declared.declaration.body
        end = body.start_byte if body else declared.node.end_byte
        if (comment := next(self._comments(declared.node), None)) is not None:
            end = min(end, comment.start_byte)
        text = self._code.between(start, min(end, start + 4 * LONGEST_SIGNATURE)).strip()
        if body is None:
            text = text.split("\n", 1)[0]
        return _SIGNATURE_END.sub("", " ".join(text.split()))[:LONGEST_SIGNATURE]

    def _comments(self, node: Node) -> Iterator[Node]:
        """Return the comments in the node itself, between its head and its body."""
        return (child for child in node.named_children if child.type in self._syntax.comments)


def _is_long(node: Node) -> bool:
    """Return whether declarations are looked for in a node although its type does not say that it may hold some."""
    return node.end_byte - node.start_byte > WHOLE_LINES and node.end_point[0] - node.start_point[0] > WHOLE_LINES


def _is_detail(item: Item, declaration: Declaration, scope: _Scope) -> bool:
    """Return whether it is left to the item that holds it: a field, a prototype, a short inner function."""
    rows = item.last - item.first + 1
    if scope.is_whole or declaration.detail or (declaration.minor and rows < _SMALLEST_MINOR):
        return True
    if scope.kind in _BODIES:
        return rows < _SMALLEST_INNER
    return item.kind == "constant" and (scope.kind in _TYPES or scope.kind == "constant")


def _join(items: list[Item], item: Item) -> bool:
    """Make one of two items that are one declaration: the equations of a function and its type."""
    previous = next((other for other in reversed(items) if other.detail == item.detail), None)
    if previous is None or previous.symbol != item.symbol or previous.kind != item.kind:
        return False
    previous.last = max(previous.last, item.last)
    previous.span = previous.span[0], item.span[1]
    previous.members += item.members
    return True


def last_row(node: Node) -> int:
    """Return the last row on which the node has text; some grammars count the line end in."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row
