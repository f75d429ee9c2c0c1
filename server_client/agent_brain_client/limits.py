"""Limits of a request's fields, for pydantic.

As `annotated_types` has them, whose import takes a tenth of a command-line call.
"""

from __future__ import annotations

from typing import Any


class Length:
    """A limit of the characters of a text, or of the items of a tuple: at least `least`, at most `most`."""

    __slots__ = ("least", "most")

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of `source` with these limits."""
        least = {"min_length": self.least} if self.least else {}
        return {**handler(source), **least, "max_length": self.most}


class Range:
    """A limit of a number: at least `least`, at most `most`."""

    __slots__ = ("least", "most")

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of `source` with these limits."""
        return {**handler(source), "ge": self.least, "le": self.most}
