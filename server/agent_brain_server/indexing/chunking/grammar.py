"""What is known of a language's syntax tree: which nodes name something, and how the name is found.

A `Syntax` is data; a `Rule` looks at one node and says what it declares. `languages/` holds one `Syntax` a language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_SEPARATORS = re.compile(r"\s*(?:::|->|[#\\/:])\s*")
_GENERICS = re.compile(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]")

COMMENTS = frozenset({"comment", "line_comment", "block_comment", "multiline_comment", "haddock", "marginalia"})


class Code:
    """The bytes that were parsed: nodes know only offsets."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def text(self, node: Node | None) -> str:
        """What the node says, empty for no node."""
        return self.between(node.start_byte, node.end_byte) if node else ""

    def between(self, start: int, end: int) -> str:
        """What stands between two offsets."""
        return self.data[start:end].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a node declares. `body` is where its signature ends; the members lie in `body` too, or in the node itself."""

    kind: str
    name: str
    body: Node | None = None


Rule = Callable[["Code", "Node"], Declaration | None]
Namer = Callable[["Code", "Node"], str]


@dataclass(frozen=True, slots=True)
class Syntax:
    """One language: where its grammar is and what its nodes mean.

    `rules` name the nodes that declare something; `wrappers` hold one declaration that they belong to (`export …`, a
    decorated function); `transparent` nodes are looked through (`#ifdef`, `extern "C"`); `leading` nodes stand above
    the declaration that they belong to, as comments do; `docstring` finds documentation inside of a declaration.
    """

    module: str
    rules: Mapping[str, Rule]
    function: str = "language"
    wrappers: frozenset[str] = frozenset()
    transparent: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset()
    comments: frozenset[str] = COMMENTS
    docstring: Callable[[Code, Declaration], str] | None = None
    documentation: frozenset[str] = field(default=frozenset())


def plain_name(name: str) -> str:
    """A name with `.` between its parts in every language, without type arguments and white space."""
    while (shorter := _GENERICS.sub("", name)) != name:
        name = shorter
    return _SEPARATORS.sub(".", "".join(name.split())).strip(".")


def field_name(code: Code, node: Node, name: str = "name") -> str:
    """The name in a field of the node."""
    return plain_name(code.text(node.child_by_field_name(name)))


def child_of_type(node: Node, *types: str) -> Node | None:
    """The first named child that has one of the types."""
    return next((child for child in node.named_children if child.type in types), None)


def declares(
    kind: str, *bodies: str, name: str | Namer = "name", when: Callable[[Node], bool] | None = None
) -> Rule:
    """The rule for a node of one kind. `bodies` are the fields or child types where its body may be (default `body`)."""
    places = bodies or ("body",)

    def rule(code: Code, node: Node) -> Declaration | None:
        if when and not when(node):
            return None
        found = field_name(code, node, name) if isinstance(name, str) else name(code, node)
        return Declaration(kind, found, find_body(node, places)) if found else None

    return rule


def find_body(node: Node, places: tuple[str, ...] = ("body",)) -> Node | None:
    """The child that is the body: by field, else by type."""
    for place in places:
        if (body := node.child_by_field_name(place)) is not None:
            return body
    return child_of_type(node, *places)
