"""What is wrong with a value, in words that need no knowledge of Pydantic: of settings and of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KINDS = {
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a finite number",
    "string": "must be text",
    "list": "must be a list",
    "tuple": "must be a list",
    "set": "must be a list",
    "dict": "must hold names with values",
    "model": "must hold names with values",
    "dataclass": "must hold names with values",
    "mapping": "must hold names with values",
}
"""By what the type of an error begins with."""
_BOUNDS = {
    "greater_than": ("must be more than {}", "gt"),
    "greater_than_equal": ("must be {} or more", "ge"),
    "less_than": ("must be less than {}", "lt"),
    "less_than_equal": ("must be {} or less", "le"),
    "string_too_short": ("must have {} or more characters", "min_length"),
    "string_too_long": ("must have {} or fewer characters", "max_length"),
    "too_short": ("must have {} or more entries", "min_length"),
    "too_long": ("must have {} or fewer entries", "max_length"),
}
UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MISSING = frozenset({"missing", "missing_argument"})


def reason(error: Mapping[str, Any]) -> str:
    """Return what is wrong with the value of one of Pydantic's errors, to be put behind its name: with a space before
    it, or a colon where it is a sentence of its own.
    """
    if error["type"] == "value_error":
        said = str(error["msg"]).removeprefix("Value error, ")
        return f" {said}" if said.startswith("must ") else f": {said}"
    return f" {_reason(error)}"


def _reason(error: Mapping[str, Any]) -> str:
    kind, context = str(error["type"]), error.get("ctx") or {}
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return words.format(context[bound])
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}"
    if kind in UNKNOWN:
        return "is not known"
    if kind in _MISSING:
        return "is missing"
    if kind == "string_pattern_mismatch":
        return f"must match {context['pattern']}"
    if kind == "string_unicode":
        return "must be text in UTF-8"
    return _KINDS.get(kind.partition("_")[0], str(error["msg"]))
