"""One stem for the plural and verb forms of an English word: `retries`, `retried` and `retrying` are `retry`.

A few suffixes are cut and nothing is looked up, so a stem need not be a word, and forms that change within are missed.
"""

from __future__ import annotations

from functools import lru_cache

_VOWELS = frozenset("aeiouy")
_SHORTEST = 3
_SHORTEST_ROOT = 5
_DOUBLED = frozenset("bdgmnprt")


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Return the stem of a lower-case word; what is not plain ASCII letters stays as it is."""
    if len(word) <= _SHORTEST or not (word.isascii() and word.isalpha()):
        return word
    return _without_e(_without_ion(_without_ending(_without_s(word))))


def _without_s(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is", "ias")):
        return word
    if word.endswith("ies") and len(word) > _SHORTEST + 1:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "ches", "shes", "xes")) else word[:-1]


def _without_ending(word: str) -> str:
    if word.endswith("ied") and len(word) > _SHORTEST + 1:
        return word[:-3] + "y"
    for suffix in ("ing", "ed"):
        root = word.removesuffix(suffix)
        if root != word and len(root) >= _SHORTEST and not word.endswith("eed") and not _VOWELS.isdisjoint(root):
            return _restored(root)
    return word


def _restored(root: str) -> str:
    """Return what the suffix was added to: `stop` for `stopp`, `size` for `siz`."""
    if len(root) > _SHORTEST and root[-1] == root[-2] and root[-1] in _DOUBLED:
        return root[:-1]
    short = len(root) == _SHORTEST and root[1] in _VOWELS and not {root[0], root[2]} & (_VOWELS | {"w", "x"})
    return root + "e" if short else root


def _without_ion(word: str) -> str:
    root = word.removesuffix("ion")
    return root if root != word and len(root) >= _SHORTEST_ROOT and root[-1] in "ts" else word


def _without_e(word: str) -> str:
    if word.endswith("ie"):
        return word[:-2] + "y"
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST + 1 else word
