"""What is defined and what is said in a source file, by its syntax tree alone.

The grammars are the product's, what is made of their trees is not: sets of questions must not change with the chunker.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tree_sitter import Node, Query, QueryCursor

from agent_brain_server.indexing.chunking.parsing import grammar, parse
from agent_brain_server.indexing.chunking.syntaxes import SYNTAXES
from benchmarks.retrieval.source_files import language_of, source_files

_SCRIPT = "function_declaration generator_function_declaration class_declaration method_definition"
_TYPED = f"{_SCRIPT} abstract_class_declaration interface_declaration enum_declaration type_alias_declaration"
_MANAGED = "class_declaration interface_declaration enum_declaration record_declaration method_declaration"
DEFINITIONS = {
    "python": "function_definition class_definition",
    "javascript": _SCRIPT,
    "typescript": _TYPED,
    "tsx": _TYPED,
    "go": "function_declaration method_declaration type_spec",
    "rust": "function_item struct_item enum_item trait_item macro_definition",
    "java": _MANAGED,
    "csharp": f"{_MANAGED} struct_declaration",
    "kotlin": "class_declaration object_declaration function_declaration",
    "scala": "class_definition object_definition trait_definition function_definition",
    "c": "function_definition struct_specifier",
    "cpp": "function_definition struct_specifier class_specifier",
    "ruby": "class module method singleton_method",
    "php": "class_declaration interface_declaration trait_declaration function_definition method_declaration",
    "swift": "class_declaration protocol_declaration function_declaration",
    "lua": "function_declaration",
    "elixir": "call",
    "haskell": "function data_type class",
    "zig": "function_declaration",
    "bash": "function_definition",
}
"""By language the nodes that define something with a name."""
STRINGS = {
    **dict.fromkeys(("python", "ruby", "lua", "elixir", "haskell", "zig", "bash"), "string"),
    **dict.fromkeys(("javascript", "typescript", "tsx"), "string template_string"),
    "go": "interpreted_string_literal raw_string_literal",
    **dict.fromkeys(("rust", "java", "kotlin", "c", "cpp"), "string_literal"),
    "csharp": "string_literal interpolated_string_expression",
    "scala": "string interpolated_string",
    "php": "string encapsed_string",
    "swift": "line_string_literal",
}
"""By language the nodes that are text."""
_TYPES = frozenset("class struct interface enum trait object protocol module record type data".split())
_ELIXIR = frozenset(("def", "defp", "defmodule", "defmacro"))


@dataclass(frozen=True, slots=True)
class Defined:
    """A definition with the names around it, the outermost first and its own last, and its lines, from 1."""

    path: str
    language: str
    names: tuple[str, ...]
    first: int
    last: int
    is_function: bool = True

    @property
    def name(self) -> str:
        """Return its own name."""
        return self.names[-1]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A source file and its tree."""

    path: str
    language: str
    data: bytes
    root: Node

    def text(self, node: Node) -> str:
        """Return the text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def nodes(self, types: str) -> list[Node]:
        """Return the nodes of these types in the order of the text, the outer before the inner."""
        captured = QueryCursor(_query(self.language, types)).captures(self.root).get("node", [])
        return sorted(captured, key=lambda node: (node.start_byte, -node.end_byte))


@cache
def _query(language: str, types: str) -> Query:
    syntax = SYNTAXES[language]
    return Query(grammar(syntax.module, syntax.function), "\n".join(f"({name}) @node" for name in types.split()))


def parsed_files(root: Path) -> Iterator[Parsed]:
    """Yield every source file below `root` that its grammar parses, by path."""
    for path, text in source_files(root):
        language, data = language_of(path), text.encode()
        if language in SYNTAXES and (tree := parse(SYNTAXES[language], data)) is not None:
            yield Parsed(path, language, data, tree.root_node)


def definitions(file: Parsed) -> list[Defined]:
    """Return what the file defines, in the order of its text."""
    found: list[Defined] = []
    enclosing: list[tuple[int, str]] = []
    for node in file.nodes(DEFINITIONS[file.language]):
        while enclosing and enclosing[-1][0] <= node.start_byte:
            enclosing.pop()
        if not (name := _name(file, node)):
            continue
        names = (*(outer for _, outer in enclosing), *name.split("."))
        lines = node.start_point[0] + 1, node.end_point[0] + 1
        found.append(Defined(file.path, file.language, names, *lines, is_function=not _is_type(file, node)))
        enclosing.append((node.end_byte, name))
    return found


def _name(file: Parsed, node: Node) -> str:
    if file.language == "elixir":
        return _elixir_name(file, node)
    if file.language in ("c", "cpp") and node.type != "function_definition":
        node_name = node.child_by_field_name("name") if node.child_by_field_name("body") else None
    else:
        node_name = node.child_by_field_name("name") or _declared(node)
    name = file.text(node_name) if node_name else ""
    plain = name.replace("::", ".").replace(":", ".").split("<")[0].strip()
    return plain if plain and all(part.isidentifier() for part in plain.rstrip("?!=").split(".")) else ""


def _is_type(file: Parsed, node: Node) -> bool:
    if file.language == "elixir":
        return file.text(node).startswith("defmodule")
    return any(word in node.type.split("_") for word in _TYPES)


def _declared(node: Node) -> Node | None:
    """Return the name that C hides in its declarators."""
    inner = node.child_by_field_name("declarator")
    while inner is not None and (next_ := inner.child_by_field_name("declarator")) is not None:
        inner = next_
    return inner


def _elixir_name(file: Parsed, node: Node) -> str:
    target = node.child_by_field_name("target")
    if target is None or file.text(target) not in _ELIXIR or node.named_child_count < 2:
        return ""
    named = node.named_children[1].named_children[0]
    while named.type in ("call", "binary_operator"):
        named = named.child_by_field_name("target") or named.named_children[0]
    name = file.text(named)
    return name if all(part.rstrip("?!").isidentifier() for part in name.split(".")) else ""


def ancestors(node: Node, most: int) -> Iterator[Node]:
    """Yield the nodes around a node, the nearest first, at most so many."""
    current = node.parent
    while current is not None and most:
        yield current
        current, most = current.parent, most - 1
