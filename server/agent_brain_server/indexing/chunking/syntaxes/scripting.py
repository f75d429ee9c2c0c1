"""Python, Ruby, PHP, Lua and Bash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.comments import string_text
from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Syntax,
    child_of_type,
    declares,
    field_name,
    find_body,
    plain_name,
)

if TYPE_CHECKING:
    from tree_sitter import Node


def _python_docstring(code: Code, declaration: Declaration) -> str:
    statement = declaration.body.named_child(0) if declaration.body and declaration.body.named_child_count else None
    if statement is not None and statement.type == "expression_statement":
        statement = statement.named_child(0)
    return string_text(code.text(statement)) if statement is not None and statement.type == "string" else ""


def _python_assignment(code: Code, node: Node) -> Declaration | None:
    left = node.child_by_field_name("left")
    return Declaration("constant", code.text(left)) if left is not None and left.type == "identifier" else None


PYTHON = Syntax(
    module="tree_sitter_python",
    rules={
        "function_definition": declares("function"),
        "class_definition": declares("class"),
        "assignment": _python_assignment,
        "type_alias_statement": declares("type", name="left"),
    },
    wrappers=frozenset({"decorated_definition", "expression_statement"}),
    leading=frozenset({"decorator"}),
    transparent=frozenset(
        [
            "block",
            "if_statement",
            "elif_clause",
            "else_clause",
            "try_statement",
            "except_clause",
            "finally_clause",
            "with_statement",
        ]
    ),
    docstring=_python_docstring,
    inner=re.compile(rb"\n[ \t\f]+(?:async\s+def|def|class)\b"),
)


def _ruby_call(code: Code, node: Node) -> Declaration | None:
    """Declare `private def name … end`."""
    arguments = node.child_by_field_name("arguments")
    method = child_of_type(arguments, "method", "singleton_method") if arguments is not None else None
    if method is None or node.child_by_field_name("receiver") is not None:
        return None
    return Declaration("function", code.text(method.child_by_field_name("name")), find_body(method, ("body",)))


def _ruby_assignment(code: Code, node: Node) -> Declaration | None:
    """Declare `NAME = …`; `Struct.new` and `Class.new` with a block make a class."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or left.type not in {"constant", "scope_resolution"}:
        return None
    block = right.child_by_field_name("block") if right is not None else None
    if right is not None and block is not None and code.text(right.child_by_field_name("method")) in {"new", "define"}:
        return Declaration("class", plain_name(code.text(left)), block.child_by_field_name("body") or block)
    return Declaration("constant", plain_name(code.text(left)))


RUBY = Syntax(
    module="tree_sitter_ruby",
    rules={
        "module": declares("module"),
        "class": declares("class"),
        "method": declares("function", minor=False),
        "singleton_method": declares("function", minor=False),
        "call": _ruby_call,
        "assignment": _ruby_assignment,
    },
    transparent=frozenset({"singleton_class", "body_statement", "if", "unless", "begin", "then", "else"}),
)


def _php_assignment(code: Code, node: Node) -> Declaration | None:
    right = node.child_by_field_name("right")
    if right is None or right.type not in {"anonymous_function", "arrow_function"}:
        return None
    return Declaration("function", field_name(code, node, "left").lstrip("$"), right.child_by_field_name("body"))


def _php_constant(code: Code, node: Node) -> Declaration | None:
    element = child_of_type(node, "const_element")
    name = child_of_type(element, "name") if element is not None else None
    return Declaration("constant", code.text(name)) if name is not None else None


PHP = Syntax(
    module="tree_sitter_php",
    function="language_php",
    rules={
        "class_declaration": declares("class"),
        "interface_declaration": declares("interface"),
        "trait_declaration": declares("trait"),
        "enum_declaration": declares("enum"),
        "function_definition": declares("function"),
        "method_declaration": declares("function"),
        "const_declaration": _php_constant,
        "assignment_expression": _php_assignment,
    },
    wrappers=frozenset({"expression_statement"}),
    transparent=frozenset({"namespace_definition", "compound_statement", "if_statement"}),
    leading=frozenset({"attribute_list"}),
)


def _lua_assignment(code: Code, node: Node) -> Declaration | None:
    """Declare `name = value` with one name: a function, a table or another constant."""
    names, values = child_of_type(node, "variable_list"), child_of_type(node, "expression_list")
    if names is None or values is None or names.named_child_count != 1 or not values.named_child_count:
        return None
    value, name = values.named_child(0), plain_name(code.text(names))
    if value.type == "function_definition":
        return Declaration("function", name, value.child_by_field_name("body"))
    return Declaration("constant", name, value if value.type == "table_constructor" else None)


def _lua_field(code: Code, node: Node) -> Declaration | None:
    value = node.child_by_field_name("value")
    if value is None or value.type != "function_definition" or node.child_by_field_name("name") is None:
        return None
    return Declaration("function", field_name(code, node), value.child_by_field_name("body"))


LUA = Syntax(
    module="tree_sitter_lua",
    rules={
        "function_declaration": declares("function", minor=False),
        "assignment_statement": _lua_assignment,
        "field": _lua_field,
    },
    wrappers=frozenset({"variable_declaration"}),
    transparent=frozenset({"if_statement", "do_statement", "block"}),
)

BASH = Syntax(
    module="tree_sitter_bash",
    rules={
        "function_definition": declares("function"),
        "variable_assignment": declares("constant", "none"),
    },
    wrappers=frozenset({"declaration_command"}),
    transparent=frozenset({"if_statement", "compound_statement", "else_clause", "elif_clause"}),
    ascii_only=True,
)
