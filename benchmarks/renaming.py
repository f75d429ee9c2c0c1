"""Makes another program of the same text by renaming its words: a large corpus with the statistics of a real one.

Words are cut as identifiers are (camelCase, digits, underscores), counted, and sorted by the number of files that hold
them. Within each band of neighbours in that order a copy's words are permuted: every frequency stays what it was, but
which words come together is new. Of the rare words a share is replaced by new ones, so that the vocabulary grows with
the corpus, as it does in real text. The words of the language, the most frequent words and those under three letters
stay, so that the text still parses. The same copy is the same text on every machine.
"""

from __future__ import annotations

import keyword
import random
import re
from collections import Counter
from collections.abc import Iterable

BAND = 50
FREQUENT = 150
RARE_FILES = 2
NEW_SHARE = 0.4
SYLLABLES = ("ba", "dor", "fen", "gi", "hul", "jan", "kel", "lo", "mir", "nus", "pra", "quo", "ris", "tam", "vex", "zu")

_WORD = re.compile(r"[A-Za-z]{3,}")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_FIXED = frozenset(name.lower() for name in (*keyword.kwlist, *keyword.softkwlist, "self", "cls", "print"))


def count_words(texts: Iterable[str]) -> Counter[str]:
    """Return in how many of `texts` each word occurs, in lower case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({part.lower() for word in set(_WORD.findall(text)) for part in _PART.findall(word)})
    return counts


class Renaming:
    """The names of copy number `copy` of a corpus with these word counts."""

    def __init__(self, counts: Counter[str], copy: int) -> None:
        # Not for secrets: the same numbers everywhere are the point.
        self._random = random.Random(copy)
        self._names = self._permuted(counts)
        self._memo: dict[str, str] = {}

    def apply(self, text: str) -> str:
        """Return `text` with the copy's names; as many lines as before."""
        return _WORD.sub(lambda found: self._renamed(found[0]), text)

    def _permuted(self, counts: Counter[str]) -> dict[str, str]:
        words = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
        movable = [word for word in words[FREQUENT:] if len(word) > 2 and word not in _FIXED]
        names: dict[str, str] = {}
        for start in range(0, len(movable), BAND):
            band = movable[start : start + BAND]
            names.update(zip(band, self._random.sample(band, len(band)), strict=True))
        for word in movable:
            if counts[word] <= RARE_FILES and self._random.random() < NEW_SHARE:
                names[word] = "".join(self._random.choices(SYLLABLES, k=4))
        return names

    def _renamed(self, word: str) -> str:
        known = self._memo.get(word)
        if known is None:
            known = self._memo[word] = _PART.sub(lambda found: self._part(found[0]), word)
        return known

    def _part(self, part: str) -> str:
        name = self._names.get(part.lower(), part)
        if name == part or part.islower():
            return name
        return name.upper() if part.isupper() else name.capitalize()
