"""What is known of a language's syntax tree: which nodes declare something, and how its name is found.

A `Syntax` is data; a `Rule` looks at one node and says what it declares. `syntaxes/` holds one `Syntax` a language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

_SEPARATORS = re.compile(r"(?:::|->|[#\\/:])+")
_GENERICS = re.compile(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]")
_COMMENTS = frozenset({"comment", "line_comment", "block_comment", "multiline_comment", "haddock", "marginalia"})
_LONGEST_NAME = 200
_NONE: frozenset[str] = frozenset()


class Code:
    """The bytes that were parsed: nodes know only offsets."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def text(self, node: Node | None) -> str:
        """Return the text of the node, empty for no node."""
        return self.between(node.start_byte, node.end_byte) if node else ""

    def between(self, start: int, end: int) -> str:
        """Return the text between two offsets."""
        return self.data[start:end].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration. Its signature ends at `body`; members lie in `members`, else in `body`, else in the node.

    A `minor` one (a prototype, an abstract method, a property) is a passage of its own only with some lines of comment,
    a `detail` never is. A `prototype` only announces what is defined elsewhere.
    """

    kind: str
    name: str
    body: Node | None = None
    minor: bool = False
    detail: bool = False
    prototype: bool = False
    members: Node | None = None


Rule = Callable[[Code, "Node"], Declaration | None]
Namer = Callable[[Code, "Node"], str]


@dataclass(frozen=True, slots=True)
class Syntax:
    """One language: where its grammar is and what its nodes mean."""

    module: str
    rules: Mapping[str, Rule]
    """The nodes that declare something."""
    function: str = "language"
    wrappers: frozenset[str] = _NONE
    """Nodes that belong to the one declaration in them (`export …`); with several in them, they are looked through."""
    transparent: frozenset[str] = _NONE
    """Nodes that are looked through (`#ifdef`, `extern "C"`)."""
    leading: frozenset[str] = _NONE
    """Nodes above the declaration that they belong to, as comments are."""
    comments: frozenset[str] = _COMMENTS
    docstring: Callable[[Code, Declaration], str] | None = None
    """The documentation inside of a declaration."""
    leading_text: Callable[[Code, Node], str] | None = None
    """The documentation that a leading node gives."""
    inner: re.Pattern[bytes] | None = None
    """What a function says wherever it declares more than local names, so that the others need no visit."""
    ascii_only: bool = False
    """Whether the grammar's scanner looks characters up in a table for ASCII, and crashes on those far beyond it."""
    joined: bool = False
    """Whether neighbours of one name are one declaration (the equations of a function)."""

    @property
    def grammar(self) -> str:
        """Return the name of the grammar, of which some modules hold several."""
        if self.function == "language":
            return self.module.removeprefix("tree_sitter_")
        return self.function.removeprefix("language_")


def plain_name(name: str) -> str:
    """Return a name with `.` between its parts in every language, without type arguments, quotes and white space."""
    name = name[:_LONGEST_NAME]
    if "`" in name:  # a name of several words, in Kotlin and Swift
        return " ".join(name.replace("`", "").split())
    bare = "".join(name.split()).replace('"', "").strip("'")
    if not any(map(str.isalnum, bare)):
        return bare
    while (shorter := _GENERICS.sub("", bare)) != bare:
        bare = shorter
    return _SEPARATORS.sub(".", bare).strip(".")


def field_name(code: Code, node: Node, name: str = "name") -> str:
    """Return the name in a field of the node."""
    return plain_name(code.text(node.child_by_field_name(name)))


def child_of_type(node: Node, *types: str) -> Node | None:
    """Return the first named child that has one of the types."""
    return next((child for child in node.named_children if child.type in types), None)


def find_body(node: Node, places: tuple[str, ...]) -> Node | None:
    """Return the child that is the body: by field, else by type."""
    for place in places:
        if (body := node.child_by_field_name(place)) is not None:
            return body
    return child_of_type(node, *places)


def named_by(*types: str) -> Namer:
    """Return a namer by the first child that has one of the types."""
    return lambda code, node: plain_name(code.text(child_of_type(node, *types)))


def always(name: str) -> Namer:
    """Return a namer of one name, as that of a constructor."""
    return lambda _code, _node: name


def declares(kind: str, *bodies: str, name: str | Namer = "name", minor: bool | None = None) -> Rule:
    """Return the rule for nodes of one kind. `bodies` are the fields or child types of the body (default: `body`).

    Functions without a body are minor unless `minor` says otherwise.
    """
    places = bodies or ("body",)

    def rule(code: Code, node: Node) -> Declaration | None:
        found = field_name(code, node, name) if isinstance(name, str) else name(code, node)
        if not found:
            return None
        body = find_body(node, places)
        is_minor = body is None and kind in {"function", "method"} if minor is None else minor
        return Declaration(kind, found, body, is_minor)

    return rule
