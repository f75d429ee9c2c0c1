"""SQL: what `create` statements make."""

from __future__ import annotations

from agent_brain_server.indexing.chunking.grammar import Rule, Syntax, declares, named_by

_OBJECT = named_by("object_reference", "identifier")


def _create(kind: str, *bodies: str) -> Rule:
    return declares(kind, *(bodies or ("none",)), name=_OBJECT, minor=False)


SQL = Syntax(
    module="tree_sitter_sql",
    rules={
        "create_table": _create("table", "column_definitions", "create_query"),
        "create_view": _create("table", "create_query"),
        "create_materialized_view": _create("table", "create_query"),
        "create_type": _create("type"),
        "create_schema": _create("module"),
        "create_sequence": _create("constant"),
        "create_index": declares("constant", "index_fields", name="column"),
        "create_trigger": _create("function"),
        "create_function": _create("function", "function_body"),
        "create_procedure": _create("function", "procedure_body"),
    },
    wrappers=frozenset({"statement"}),
    transparent=frozenset({"transaction", "block"}),
)
