from __future__ import annotations

from agent_brain_server.indexing.chunking.comments import string_text
from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Syntax,
    declares,
)


def _docstring(code: Code, declaration: Declaration) -> str:
    statement = declaration.body.named_child(0) if declaration.body and declaration.body.named_child_count else None
    if statement is None or statement.type not in {"expression_statement", "string"}:
        return ""
    if statement.type == "expression_statement":
        statement = statement.named_child(0)
    return string_text(code.text(statement)) if statement and statement.type == "string" else ""


def _assignment(code, node):
    a = node.named_child(0) if node.named_child_count else None
    if a is None or a.type != "assignment":
        return None
    left = a.child_by_field_name("left")
    if left is None or left.type != "identifier":
        return None
    return Declaration("constant", code.text(left))

SYNTAXES = {
    "python": Syntax(
        module="tree_sitter_python",
        rules={
            "function_definition": declares("function"),
            "class_definition": declares("class"),
            "expression_statement": _assignment,
        },
        wrappers=frozenset({"decorated_definition"}),
        leading=frozenset({"decorator"}),
        transparent=frozenset({"block", "if_statement", "try_statement", "else_clause", "except_clause", "with_statement", "elif_clause","finally_clause"}),
        docstring=_docstring,
    ),
}
