"""Elixir and Haskell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent_brain_server.indexing.chunking.comments import string_text
from agent_brain_server.indexing.chunking.grammar import (
    Code,
    Declaration,
    Rule,
    Syntax,
    child_of_type,
    declares,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_ELIXIR_MODULES = {"defmodule": "module", "defprotocol": "interface", "defimpl": "impl"}
_ELIXIR_FUNCTIONS = frozenset(
    ["def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defdelegate", "defn", "defnp"]
)
_ELIXIR_DOC = re.compile(
    r"@(?:module|type)?doc\s+(?:~[sS])?(\"\"\"|''')(.*?)\1|@(?:module|type)?doc\s+\"([^\"]*)\"", re.DOTALL
)


def _elixir_call(code: Code, node: Node) -> Declaration | None:
    target = node.child_by_field_name("target")
    if target is None or target.type != "identifier":
        return None
    keyword, arguments = code.text(target), child_of_type(node, "arguments")
    if arguments is None or not arguments.named_child_count:
        return None
    if keyword in _ELIXIR_MODULES:
        return Declaration(_ELIXIR_MODULES[keyword], _elixir_module(code, arguments), child_of_type(node, "do_block"))
    if keyword in _ELIXIR_FUNCTIONS:
        body = child_of_type(node, "do_block") or child_of_type(arguments, "keywords")
        return Declaration("function", _elixir_function(code, arguments.named_child(0)), body)
    return None


def _elixir_module(code: Code, arguments: Node) -> str:
    """Declare `A.B`; `P.List` for `defimpl P, for: List`."""
    name = code.text(arguments.named_child(0))
    keywords = child_of_type(arguments, "keywords")
    pair = child_of_type(keywords, "pair") if keywords is not None else None
    value = pair.child_by_field_name("value") if pair is not None else None
    return f"{name}.{code.text(value)}" if value is not None and value.type == "alias" else name


def _elixir_function(code: Code, head: Node) -> str:
    """Return the name in `name(…)`, `name(…) when …`, `name` and `left + right`."""
    for _ in range(3):
        if head.type == "call":
            return code.text(head.child_by_field_name("target"))
        if head.type != "binary_operator":
            break
        operator, left = head.child_by_field_name("operator"), head.child_by_field_name("left")
        if code.text(operator) != "when" or left is None:
            return code.text(operator)
        head = left
    return code.text(head)


def _elixir_doc(code: Code, node: Node) -> str:
    match = _ELIXIR_DOC.match(code.text(node))
    return string_text(f'"""{match.group(2) or match.group(3) or ""}"""') if match else ""


def _elixir_moduledoc(code: Code, declaration: Declaration) -> str:
    if declaration.body is None or declaration.kind == "function":
        return ""
    for child in declaration.body.named_children[:4]:
        if child.type == "unary_operator" and (text := _elixir_doc(code, child)):
            return text
    return ""


ELIXIR = Syntax(
    module="tree_sitter_elixir",
    rules={"call": _elixir_call},
    leading=frozenset({"unary_operator"}),
    docstring=_elixir_moduledoc,
    leading_text=_elixir_doc,
    joined=True,
)


def _haskell_name(code: Code, node: Node) -> str:
    """Return the name of a function, also of an operator, defined before or between its arguments."""
    name = node.child_by_field_name("name")
    if name is None and (infix := child_of_type(node, "infix")) is not None:
        name = infix.child_by_field_name("operator") or child_of_type(infix, "operator", "infix_id")
    return code.text(name).strip("() `")


def _haskell_instance(code: Code, node: Node) -> Declaration | None:
    """Return `Class.Type` for `instance Class (Type a)`."""
    name, types = node.child_by_field_name("name"), node.child_by_field_name("patterns")
    words = re.findall(r"[A-Z][\w']*", code.text(types))
    full = ".".join([code.text(name), *words[:1]])
    return Declaration("impl", full, node.child_by_field_name("declarations")) if full else None


_HASKELL_TYPE: Rule = declares("type", "constructors", "constructor", "declarations", "closed_family", "type")

HASKELL = Syntax(
    module="tree_sitter_haskell",
    rules={
        "signature": declares("function", "none", name=_haskell_name, minor=False),
        "function": declares("function", "match", name=_haskell_name, minor=False),
        "bind": declares("function", "match", name=_haskell_name, minor=False),
        "data_type": _HASKELL_TYPE,
        "newtype": _HASKELL_TYPE,
        "type_synomym": _HASKELL_TYPE,
        "type_synonym": _HASKELL_TYPE,
        "type_family": _HASKELL_TYPE,
        "data_family": _HASKELL_TYPE,
        "class": declares("trait", "declarations"),
        "instance": _haskell_instance,
    },
    transparent=frozenset({"imports", "declarations", "class_declarations", "instance_declarations"}),
    joined=True,
)
