"""JavaScript, TypeScript and TSX."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Rule,
    Syntax,
    declares,
    field_name,
    plain_name,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function"})


def _function_in(value: Node | None) -> Node | None:
    """Return the function that a value is, or that it wraps: `memo(function () {…})`."""
    for _ in range(4):
        if value is None or value.type in _FUNCTIONS:
            return value
        if value.type == "call_expression":
            arguments = value.child_by_field_name("arguments")
            inner = arguments.named_children if arguments is not None and arguments.type == "arguments" else []
            value = next(
                (child for child in inner if child.type in _FUNCTIONS or child.type == "call_expression"), None
            )
        elif value.type in {"parenthesized_expression", "as_expression", "satisfies_expression"}:
            value = value.named_child(0)
        else:
            return None
    return None


def _valued(name: str, value: Node | None) -> Declaration:
    """Declare a name with a value: a function or a class if the value is one, else a constant."""
    if (function := _function_in(value)) is not None:
        return Declaration("function", name, function.child_by_field_name("body"))
    if value is not None and value.type == "class":
        return Declaration("class", name, value.child_by_field_name("body"))
    return Declaration("constant", name, value if value is not None and value.type == "object" else None)


def _variable(code: Code, node: Node) -> Declaration | None:
    name = node.child_by_field_name("name")
    if name is None or name.type != "identifier":
        return None
    return _valued(code.text(name), node.child_by_field_name("value"))


def _assignment(code: Code, node: Node) -> Declaration | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or left.type not in {"identifier", "member_expression"}:
        return None
    name = plain_name(code.text(left)).replace(".prototype.", ".")
    bare = name.removeprefix("module.").removeprefix("exports.").removeprefix("window.")
    declaration = _valued(bare, right)
    if bare == "exports" and right is not None and (own := field_name(code, right)):
        return replace(declaration, name=own)
    return declaration if declaration.kind != "constant" or declaration.body is not None else None


def _property(name: str) -> Rule:
    """Return the rule for a field or pair: it counts if its value is a function."""

    def rule(code: Code, node: Node) -> Declaration | None:
        value = node.child_by_field_name("value")
        if value is None or value.type not in _FUNCTIONS:
            return None
        return _valued(field_name(code, node, name), value)

    return rule


_RULES: dict[str, Rule] = {
    "function_declaration": declares("function"),
    "generator_function_declaration": declares("function"),
    "class_declaration": declares("class"),
    "method_definition": declares("function"),
    "field_definition": _property("property"),
    "pair": _property("key"),
    "variable_declarator": _variable,
    "assignment_expression": _assignment,
}

JAVASCRIPT = Syntax(
    module="tree_sitter_javascript",
    rules=_RULES,
    wrappers=frozenset({"export_statement", "lexical_declaration", "variable_declaration", "expression_statement"}),
    transparent=frozenset({"statement_block"}),
    leading=frozenset({"decorator"}),
)

TYPESCRIPT = Syntax(
    module="tree_sitter_typescript",
    function="language_typescript",
    rules=_RULES
    | {
        "public_field_definition": _property("name"),
        "abstract_class_declaration": declares("class"),
        "interface_declaration": declares("interface"),
        "type_alias_declaration": declares("type", "value"),
        "enum_declaration": declares("enum"),
        "module": declares("module"),
        "internal_module": declares("module"),
        "function_signature": declares("function"),
        "method_signature": declares("function"),
        "abstract_method_signature": declares("function"),
    },
    wrappers=JAVASCRIPT.wrappers | {"ambient_declaration"},
    transparent=JAVASCRIPT.transparent,
    leading=JAVASCRIPT.leading,
)

TSX = replace(TYPESCRIPT, function="language_tsx")
