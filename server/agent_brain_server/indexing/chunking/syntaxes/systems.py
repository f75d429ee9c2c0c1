"""Go, Rust and Zig."""

from __future__ import annotations

import re
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

_RECEIVER = re.compile(r"(\w+)\s*(?:\[[^\]]*\])?\s*\)\s*$")


def _go_method(code: Code, node: Node) -> Declaration | None:
    receiver = _RECEIVER.search(code.text(node.child_by_field_name("receiver"))[-200:])
    name = code.text(node.child_by_field_name("name"))
    full = f"{receiver.group(1)}.{name}" if receiver else name
    return Declaration("method", full, node.child_by_field_name("body"))


def _go_type(code: Code, node: Node) -> Declaration | None:
    value = node.child_by_field_name("type")
    kinds = {"struct_type": "struct", "interface_type": "interface"}
    kind = kinds.get(value.type, "type") if value is not None else "type"
    if value is None or kind == "type":
        return Declaration(kind, field_name(code, node))
    members = value if kind == "interface" else None
    return Declaration(kind, field_name(code, node), child_of_type(value, *_GO_BODIES), members=members)


def _go_abstract_method(code: Code, node: Node) -> Declaration:
    return Declaration("function", field_name(code, node), detail=True)


_GO_BODIES = ("field_declaration_list", "method_elem", "type_elem")

GO = Syntax(
    module="tree_sitter_go",
    rules={
        "function_declaration": declares("function"),
        "method_declaration": _go_method,
        "method_elem": _go_abstract_method,
        "type_spec": _go_type,
        "type_alias": _go_type,
        "const_spec": declares("constant", "none"),
        "var_spec": declares("constant", "none"),
    },
    wrappers=frozenset({"type_declaration", "const_declaration", "var_declaration"}),
    transparent=frozenset({"var_spec_list"}),
)


def _rust_impl(code: Code, node: Node) -> Declaration | None:
    """Name it by the type, bare: `impl<T> Display for &a::Point<T>` is of `Point`."""
    target = node.child_by_field_name("type")
    for _ in range(6):
        if target is None or target.type in {"type_identifier", "primitive_type"}:
            break
        inner = target.child_by_field_name("name") or target.child_by_field_name("type")
        if inner is None:
            break
        target = inner
    name = plain_name(code.text(target)).lstrip("&")
    return Declaration("impl", name, node.child_by_field_name("body")) if name else None


RUST = Syntax(
    module="tree_sitter_rust",
    rules={
        "function_item": declares("function"),
        "function_signature_item": declares("function"),
        "struct_item": declares("struct"),
        "union_item": declares("struct"),
        "enum_item": declares("enum"),
        "trait_item": declares("trait"),
        "impl_item": _rust_impl,
        "mod_item": declares("module"),
        "macro_definition": declares("macro", "macro_rule"),
        "type_item": declares("type"),
        "const_item": declares("constant", "none"),
        "static_item": declares("constant", "none"),
    },
    transparent=frozenset({"foreign_mod_item", "declaration_list"}),
    leading=frozenset({"attribute_item", "inner_attribute_item"}),
)

_ZIG_TYPES = {
    "struct_declaration": "struct",
    "union_declaration": "struct",
    "opaque_declaration": "struct",
    "enum_declaration": "enum",
    "error_set_declaration": "enum",
}


def _zig_variable(code: Code, node: Node) -> Declaration | None:
    name, body = child_of_type(node, "identifier"), child_of_type(node, *_ZIG_TYPES)
    if name is None:
        return None
    return Declaration(_ZIG_TYPES[body.type] if body is not None else "constant", code.text(name), body)


def _zig_test(code: Code, node: Node) -> Declaration | None:
    name = plain_words(code.text(child_of_type(node, "string", "identifier")))
    return Declaration("function", f"test {name}".strip(), child_of_type(node, "block"))


def plain_words(text: str) -> str:
    """Return a quoted title without its quotes."""
    return " ".join(text.strip("\"'").split())


_ZIG_RULES: dict[str, Rule] = {
    "variable_declaration": _zig_variable,
    "function_declaration": declares("function"),
    "test_declaration": _zig_test,
}

ZIG = Syntax(
    module="tree_sitter_zig",
    rules=_ZIG_RULES,
    transparent=frozenset({"expression_statement", "return_expression", *_ZIG_TYPES}),
)
