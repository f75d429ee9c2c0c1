"""Takes a tool's arguments apart: every one is honoured or refused by name, none is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escaping import one_line
from project import PluginError

LONGEST_NAME = 80


class ToolArguments:
    """The arguments of one call. Take each with its method, then `finish`; PluginError names the one that is wrong."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._left = dict(given)

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text that is not blank; without a `default` it must be given."""
        value = self._left.pop(name, None)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise PluginError(f"`{name}` must be a text that is not empty.")
        return _sendable(value)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number within bounds."""
        value = self._left.pop(name, None)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise PluginError(f"`{name}` must be a whole number from {least} to {most}.")
        return value

    def flag(self, name: str) -> bool:
        """Return yes or no; not given is no."""
        value = self._left.pop(name, None)
        if value is not None and not isinstance(value, bool):
            raise PluginError(f"`{name}` must be true or false.")
        return bool(value)

    def texts(self, name: str) -> list[str]:
        """Return several texts; a single one need not be in a list."""
        value = self._left.pop(name, None)
        texts = [value] if isinstance(value, str) else [] if value is None else value
        if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
            raise PluginError(f"`{name}` must be a list of texts.")
        return [_sendable(text) for text in texts]

    def finish(self) -> None:
        """Refuse what no method took."""
        if self._left:
            raise PluginError(f"there is no argument `{one_line(min(self._left), LONGEST_NAME)}`.")


def _sendable(text: str) -> str:
    """Return `text` with a mark in place of what is no character, such as half a surrogate."""
    return text.encode("utf-8", "replace").decode("utf-8")
