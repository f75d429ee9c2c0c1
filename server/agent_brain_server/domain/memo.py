"""What was worked out for words before: the same few thousand make up most of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class Memo(dict[str, Value]):
    """`find(word)` by word, looked up at the speed of a dictionary: `memo[word]`.

    Emptied at `most` words, so that it stays a few megabytes; words of more than `longest` characters are not kept.
    """

    def __init__(self, find: Callable[[str], Value], most: int, longest: int) -> None:
        super().__init__()
        self._find = find
        self._most = most
        self._longest = longest

    def __missing__(self, word: str) -> Value:
        found = self._find(word)
        if len(word) <= self._longest:
            if len(self) >= self._most:
                self.clear()
            self[word] = found
        return found
