"""A renamed copy is another text with the same shape."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import islice

import pytest
from benchmarks.corpus import library_texts
from benchmarks.renaming import Renaming, count_words

TEXTS = dict(islice(library_texts(), 150))
COUNTS = count_words(TEXTS.values())
SOURCES = [text for path, text in TEXTS.items() if path in ("argparse.py", "ast.py", "asyncio/locks.py", "bisect.py")]


def test_a_copy_is_the_same_every_time_and_unlike_any_other() -> None:
    first, again, other = Renaming(COUNTS, 1), Renaming(COUNTS, 1), Renaming(COUNTS, 2)
    for source in SOURCES:
        assert first.apply(source) == again.apply(source)
        assert len({source, first.apply(source), other.apply(source)}) == 3


def test_a_copy_still_parses_and_has_as_many_lines() -> None:
    for source in SOURCES:
        renamed = Renaming(COUNTS, 3).apply(source)
        ast.parse(renamed)
        assert renamed.count("\n") == source.count("\n")


def test_words_keep_the_frequencies_of_the_corpus() -> None:
    renaming = Renaming(COUNTS, 1)
    renamed = count_words(renaming.apply(text) for text in TEXTS.values())
    assert _bands(renamed) == pytest.approx(_bands(COUNTS), abs=0.02)
    assert len(renamed.keys() - COUNTS.keys()) > len(COUNTS) / 20


def _bands(counts: Counter[str]) -> dict[int, float]:
    """Return the share of the vocabulary by the order of magnitude of its frequency."""
    bands = Counter(len(str(count)) for count in counts.values())
    return {band: number / len(counts) for band, number in bands.items()}
