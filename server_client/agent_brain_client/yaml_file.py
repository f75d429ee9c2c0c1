"""Read the YAML of settings, answers and Compose files within bounds: they come with a repository that may be hostile.

PyYAML has none: aliases of aliases grow to any size when they are looked through, and brackets may nest to any depth.
"""

from __future__ import annotations

import io
from typing import Any

import yaml

LARGEST_BYTES = 64 * 1024
DEEPEST = 32
_ODD_VALUES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
MOST_VALUES = 10_000
"""Values, counted as often as an alias repeats them."""


class LimitError(yaml.MarkedYAMLError):
    """What is read is too large, too deep or too much; `limit` says which, without any value."""

    def __init__(self, limit: str, mark: yaml.Mark | None = None) -> None:
        super().__init__(problem=limit, problem_mark=mark)
        self.limit = limit

    def __str__(self) -> str:
        return f"{self.limit} (line {self.problem_mark.line + 1})" if self.problem_mark else self.limit


def load_yaml(content: str | bytes) -> Any:
    """Return the values that `content` says. Raise yaml.YAMLError for what is not YAML, or passes a limit."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if len(data) > LARGEST_BYTES:
        raise LimitError(f"it is larger than {LARGEST_BYTES:,} bytes")
    try:
        loader = _BoundedLoader(io.BytesIO(data))  # of a stream no error shows a piece, which may be a secret
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except _ODD_VALUES as error:  # such as a date with a month 13
        raise yaml.YAMLError(f"it holds a value that cannot be read: {error}") from error


def fault(error: yaml.YAMLError) -> str:
    """Return what is wrong with a text, and in which line."""
    if isinstance(error, yaml.reader.ReaderError):
        kind = "a character that YAML does not allow" if error.encoding == "unicode" else "bytes that are not UTF-8"
        return f"it holds {kind} (at position {error.position + 1})"
    mark = getattr(error, "problem_mark", None)
    if isinstance(error, LimitError) or mark is None:
        return " ".join(str(error).split())
    return f"{' '.join(str(getattr(error, 'problem', '')).split())} (line {mark.line + 1}, column {mark.column + 1})"


class _BoundedLoader(yaml.SafeLoader):
    """A loader that counts nodes and levels while they are composed, before there is a value of them."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self._depth = 0
        self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Raise LimitError where a limit is passed."""
        before, is_alias = self._values, self.check_event(yaml.AliasEvent)
        self._depth += 1
        self._require(self._depth <= DEEPEST, f"it nests deeper than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._values += self._sizes.get(id(node), MOST_VALUES) if is_alias else 1
        self._require(
            self._values <= MOST_VALUES, f"it holds more than {MOST_VALUES:,} values, aliases counted in full"
        )
        if not is_alias:
            self._sizes[id(node)] = self._values - before
        return node

    def _require(self, holds: bool, problem: str) -> None:
        if not holds:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise LimitError(problem, event.start_mark if event else None)
