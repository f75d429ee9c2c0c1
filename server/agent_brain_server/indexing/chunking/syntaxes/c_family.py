"""C and C++."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Rule,
    Syntax,
    child_of_type,
    declares,
    field_name,
    plain_name,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_NAMES = frozenset({"identifier", "field_identifier", "type_identifier", "destructor_name", "operator_name"})
_RECORDS = {
    "struct_specifier": "struct",
    "union_specifier": "struct",
    "class_specifier": "class",
    "enum_specifier": "enum",
}
_TEST_MACRO = re.compile(r"(?:TYPED_)?TEST(?:_[FP])?\Z|TEST_CASE\Z")


def _declared(node: Node) -> tuple[Node | None, Node | None]:
    """Return the node that names what a declarator declares, and the function declarator that holds it, if any."""
    function: Node | None = None
    current: Node | None = node.child_by_field_name("declarator")
    for _ in range(24):
        if current is None or current.type in _NAMES or current.type in {"qualified_identifier", "operator_cast"}:
            return current, function
        if current.type == "function_declarator":
            function = current
        named = current.named_children
        current = current.child_by_field_name("declarator") or (named[-1] if named else None)
    return None, function


def _name(code: Code, node: Node | None) -> str:
    """Return `ns.Type.method`, without template arguments; operators keep their signs."""
    if node is None:
        return ""
    if node.type == "qualified_identifier":
        scope, name = node.child_by_field_name("scope"), node.child_by_field_name("name")
        return ".".join(part for part in (plain_name(code.text(scope)), _name(code, name)) if part)
    if node.type == "operator_cast":
        return f"operator {plain_name(code.text(node.child_by_field_name('type')))}"
    if node.type == "operator_name":
        return " ".join(code.text(node).split())
    return plain_name(code.text(node))


def _function(code: Code, node: Node) -> Declaration | None:
    declarator, function = _declared(node)
    name = _name(code, declarator)
    if not name or _is_macro_run(node, name):
        return None
    if _TEST_MACRO.match(name) and function is not None:
        name = plain_name(code.text(function.child_by_field_name("parameters"))[1:-1].replace(",", "."))
    kind = "method" if declarator is not None and declarator.type == "qualified_identifier" else "function"
    return Declaration(kind, name, node.child_by_field_name("body"), minor=node.child_by_field_name("body") is None)


def _is_macro_run(node: Node, name: str) -> bool:
    """Return whether the parser took a run of macros for the head of the function under them."""
    return name.isupper() and node.has_error and node.child_by_field_name("type") is None


def _declaration(code: Code, node: Node) -> Declaration | None:
    """Declare a prototype, a variable with a value, or a type that is declared together with a variable."""
    kind = node.child_by_field_name("type")
    if kind is not None and kind.type in _RECORDS and kind.child_by_field_name("body") is not None:
        return _record(code, kind)
    declarator, function = _declared(node)
    if function is not None:
        return _prototype(code, node, declarator)
    if node.type == "field_declaration" or child_of_type(node, "init_declarator") is None:
        return None
    return Declaration("constant", _name(code, declarator)) if declarator is not None else None


def _prototype(code: Code, node: Node, declarator: Node | None) -> Declaration | None:
    """Declare a function without its body; what is purely virtual has none elsewhere either."""
    if declarator is None:
        return None
    is_virtual = node.child_by_field_name("default_value") is not None
    return Declaration("function", _name(code, declarator), minor=True, prototype=not is_virtual)


def _record(code: Code, node: Node) -> Declaration | None:
    body = node.child_by_field_name("body")
    name = field_name(code, node)
    return Declaration(_RECORDS[node.type], name, body) if name and body is not None else None


def _typedef(code: Code, node: Node) -> Declaration | None:
    declarator, _ = _declared(node)
    kind = node.child_by_field_name("type")
    body = kind.child_by_field_name("body") if kind is not None and kind.type in _RECORDS else None
    name = _name(code, declarator) or (field_name(code, kind) if kind is not None else "")
    if not name:
        return None
    return Declaration(_RECORDS[kind.type] if body is not None and kind is not None else "type", name, body)


def _define(code: Code, node: Node) -> Declaration | None:
    value = node.child_by_field_name("value")
    return Declaration("constant", field_name(code, node)) if value is not None else None


_RULES: dict[str, Rule] = {
    "function_definition": _function,
    "declaration": _declaration,
    "type_definition": _typedef,
    "preproc_def": _define,
    "preproc_function_def": declares("macro", "value"),
    **dict.fromkeys(_RECORDS, _record),
}

C = Syntax(
    module="tree_sitter_c",
    rules=_RULES,
    transparent=frozenset(
        ["preproc_ifdef", "preproc_if", "preproc_else", "preproc_elif", "linkage_specification", "declaration_list"]
    ),
    leading=frozenset({"attribute_declaration"}),
)

CPP = replace(
    C,
    module="tree_sitter_cpp",
    rules=_RULES
    | {
        "field_declaration": _declaration,
        "namespace_definition": declares("module"),
        "alias_declaration": declares("type", "type"),
        "concept_definition": declares("type"),
    },
    wrappers=frozenset({"template_declaration"}),
    transparent=C.transparent | {"namespace_definition", "field_declaration_list"},
)
