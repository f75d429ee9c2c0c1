"""Java, Kotlin, Scala, C# and Swift."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Syntax,
    always,
    child_of_type,
    declares,
    field_name,
    find_body,
    plain_name,
)

if TYPE_CHECKING:
    from tree_sitter import Node

JAVA = Syntax(
    module="tree_sitter_java",
    rules={
        "class_declaration": declares("class"),
        "interface_declaration": declares("interface"),
        "annotation_type_declaration": declares("interface"),
        "record_declaration": declares("struct"),
        "enum_declaration": declares("enum"),
        "method_declaration": declares("function"),
        "constructor_declaration": declares("function"),
        "compact_constructor_declaration": declares("function"),
        "annotation_type_element_declaration": declares("function"),
    },
    transparent=frozenset({"enum_body_declarations"}),
)

_KOTLIN_KIND = re.compile(r"\b(interface|enum)\b")
_KOTLIN_BODIES = ("class_body", "enum_class_body")


def _kotlin_class(code: Code, node: Node) -> Declaration | None:
    name = node.child_by_field_name("name")
    if name is None:
        return None
    kind = _KOTLIN_KIND.search(code.between(max(node.start_byte, name.start_byte - 60), name.start_byte))
    return Declaration(kind.group(1) if kind else "class", code.text(name), find_body(node, _KOTLIN_BODIES))


def _kotlin_property(code: Code, node: Node) -> Declaration | None:
    variable = child_of_type(node, "variable_declaration")
    name = code.text(child_of_type(variable, "identifier")) if variable is not None else ""
    getter = child_of_type(node, "getter", "setter")
    kind = "function" if getter is not None else "constant"
    return Declaration(kind, name, getter, minor=True) if name else None


KOTLIN = Syntax(
    module="tree_sitter_kotlin",
    rules={
        "class_declaration": _kotlin_class,
        "object_declaration": declares("class", "class_body"),
        "function_declaration": declares("function", "function_body"),
        "secondary_constructor": declares("function", "block", name=always("constructor")),
        "property_declaration": _kotlin_property,
        "type_alias": declares("type", name="type"),
    },
    transparent=frozenset({"companion_object", "class_body"}),
)


def _scala_given(code: Code, node: Node) -> Declaration | None:
    name = field_name(code, node) or field_name(code, node, "return_type")
    return Declaration("impl", name, node.child_by_field_name("body")) if name else None


SCALA = Syntax(
    module="tree_sitter_scala",
    rules={
        "class_definition": declares("class"),
        "object_definition": declares("class"),
        "trait_definition": declares("trait"),
        "enum_definition": declares("enum"),
        "package_object": declares("module"),
        "given_definition": _scala_given,
        "function_definition": declares("function"),
        "function_declaration": declares("function"),
        "type_definition": declares("type", "type"),
        "val_definition": declares("constant", "none", name="pattern"),
        "var_definition": declares("constant", "none", name="pattern"),
    },
    transparent=frozenset({"package_clause", "extension_definition", "template_body"}),
)


def _csharp_operator(code: Code, node: Node) -> str:
    return f"operator {code.text(node.child_by_field_name('operator'))}".strip()


CSHARP = Syntax(
    module="tree_sitter_c_sharp",
    rules={
        "class_declaration": declares("class"),
        "interface_declaration": declares("interface"),
        "struct_declaration": declares("struct"),
        "record_declaration": declares("struct"),
        "enum_declaration": declares("enum"),
        "delegate_declaration": declares("type"),
        "method_declaration": declares("function"),
        "constructor_declaration": declares("function"),
        "destructor_declaration": declares("function", name=lambda code, node: f"~{field_name(code, node)}"),
        "operator_declaration": declares("function", name=_csharp_operator),
        "local_function_statement": declares("function"),
        "property_declaration": declares("function", "accessors", "value", minor=True),
        "indexer_declaration": declares("function", "accessors", "value", name=always("this"), minor=True),
    },
    wrappers=frozenset({"global_statement"}),
    transparent=frozenset(
        ["namespace_declaration", "file_scoped_namespace_declaration", "declaration_list", "preproc_if", "preproc_else"]
    ),
    leading=frozenset({"attribute_list"}),
)

_SWIFT_KINDS = {"class": "class", "actor": "class", "struct": "struct", "enum": "enum", "extension": "impl"}


def _swift_type(code: Code, node: Node) -> Declaration | None:
    kind = _SWIFT_KINDS.get(code.text(node.child_by_field_name("declaration_kind")), "class")
    return Declaration(kind, field_name(code, node), node.child_by_field_name("body"))


def _swift_property(code: Code, node: Node) -> Declaration | None:
    body = node.child_by_field_name("computed_value")
    pattern = node.child_by_field_name("name")
    bound = pattern.child_by_field_name("bound_identifier") if pattern is not None else None
    name = plain_name(code.text(bound))
    return Declaration("function" if body is not None else "constant", name, body, minor=True) if name else None


SWIFT = Syntax(
    module="tree_sitter_swift",
    rules={
        "class_declaration": _swift_type,
        "protocol_declaration": declares("interface"),
        "function_declaration": declares("function"),
        "protocol_function_declaration": declares("function"),
        "init_declaration": declares("function", name=always("init")),
        "deinit_declaration": declares("function", name=always("deinit")),
        "subscript_declaration": declares("function", "computed_property", name=always("subscript"), minor=True),
        "property_declaration": _swift_property,
        "typealias_declaration": declares("type"),
    },
    transparent=frozenset({"class_body"}),
)
