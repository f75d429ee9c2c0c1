"""Rules of lexical search that every backend shares: what a term is, how much a field weighs, which terms to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SYMBOL_WEIGHT = 8.0
PATH_WEIGHT = 4.0
DOCUMENTATION_WEIGHT = 2.0
BODY_WEIGHT = 1.0

MANY_MATCHES = 20_000
COMMON_SHARE = 0.05

_TERM = re.compile(r"[0-9a-z\u0080-\U0010ffff]+")


def plain_terms(terms: Iterable[str]) -> list[str]:
    """The distinct terms in order, lower-case, without punctuation: no operator of a query language survives.

    A term is a run of ASCII letters and digits and of anything beyond ASCII, as in FTS5's `ascii` tokenizer.
    """
    return list(dict.fromkeys(part for term in terms for part in _TERM.findall(term.lower())))


def selective_terms(frequencies: Mapping[str, int], chunks: int) -> list[str]:
    """The terms worth asking of `chunks` chunks, given in how many each occurs; never empty if one occurs at all.

    Every matching chunk is scored, so a question is slow when it holds words that are everywhere, and just these hardly
    tell chunks apart. While more than MANY_MATCHES chunks would match, the most frequent term is left out if more
    than COMMON_SHARE of the chunks hold it and a rarer one stays.
    """
    kept = sorted((term for term, count in frequencies.items() if count), key=lambda term: frequencies[term])
    total = sum(frequencies[term] for term in kept)
    while len(kept) > 1 and total > MANY_MATCHES:
        common = frequencies[kept[-1]]
        if common <= COMMON_SHARE * chunks or common == frequencies[kept[0]]:
            break
        total -= common
        kept.pop()
    return [term for term in frequencies if term in set(kept)]
