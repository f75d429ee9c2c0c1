"""Rules of lexical search that every backend shares: what a term is, how much a field weighs, which terms to ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SYMBOL_WEIGHT = 8.0
PATH_WEIGHT = 4.0
DOCUMENTATION_WEIGHT = 2.0
BODY_WEIGHT = 1.0

MANY_MATCHES = 20_000
COMMON_SHARE = 0.05
RARE_SHARE = 0.05
MOST_RARE = 500
FOUND_SHARE = 0.0025
LEAST_FOUND = 200

_TERM = re.compile(r"[0-9a-z\u0080-\U0010ffff]+")


def plain_terms(terms: Iterable[str]) -> list[str]:
    """Return the distinct terms in order, lower-case, without punctuation or operators of a query language.

    A term is a run of ASCII letters and digits and of anything beyond ASCII, as in FTS5's `ascii` tokenizer.
    """
    return list(dict.fromkeys(part for term in terms for part in _TERM.findall(term.lower())))


@dataclass(frozen=True, slots=True)
class Choice:
    """A chunk is found by any of `finding`; what it holds of `counting` adds to its score.

    Where there is something to count, each of `finding` counts twice.
    """

    finding: tuple[str, ...]
    counting: tuple[str, ...] = ()

    @property
    def weight(self) -> float:
        """Return how often each of `finding` counts."""
        return 2.0 if self.counting else 1.0


def choose_terms(frequencies: Mapping[str, int], chunks: int, limit: int) -> Choice:
    """Choose which terms find a chunk among `chunks`, given their document frequencies; those of 0 do nothing.

    Every chunk that is found is scored, so a question is slow when it holds words that are everywhere, and just these
    hardly distinguish chunks. So a term that is not rare (at most RARE_SHARE of the chunks hold it, and at most
    MOST_RARE) only counts if the rarer ones occur often enough: in FOUND_SHARE of the chunks, LEAST_FOUND times, and
    twice as often as chunks are asked for.
    """
    kept = sorted(selective_terms(frequencies, chunks), key=lambda term: frequencies[term])
    enough = max(LEAST_FOUND, 2 * limit, FOUND_SHARE * chunks)
    still_rare = min(RARE_SHARE * chunks, MOST_RARE)
    total = sum(frequencies[term] for term in kept)
    rare = len(kept)
    while rare > 1 and frequencies[kept[rare - 1]] > still_rare:
        total -= frequencies[kept[rare - 1]]
        if total < enough:
            break
        rare -= 1
    return Choice(tuple(kept[:rare]), tuple(kept[rare:]))


def selective_terms(frequencies: Mapping[str, int], chunks: int) -> list[str]:
    """Return the terms worth asking of `chunks` chunks, given their document frequencies.

    The answer is never empty if one of them occurs at all.

    In an index of more than MANY_MATCHES chunks, while more than that many would match, the most frequent term is left
    out if more than COMMON_SHARE of the chunks hold it and a rarer one stays: even counting it would take long.
    """
    if chunks <= MANY_MATCHES:
        return [term for term, count in frequencies.items() if count]
    kept = sorted((term for term, count in frequencies.items() if count), key=lambda term: frequencies[term])
    total = sum(frequencies[term] for term in kept)
    while len(kept) > 1 and total > MANY_MATCHES:
        common = frequencies[kept[-1]]
        if common <= COMMON_SHARE * chunks or common == frequencies[kept[0]]:
            break
        total -= common
        kept.pop()
    return [term for term in frequencies if term in set(kept)]
