"""The lexical tokenizer: one for chunks and queries, one for all backends.

An identifier gives its parts (camelCase, snake_case, acronyms, digits) and, where it has several, the whole without its
separators, so that `next_delay`, `nextDelay` and `NextDelay` are one term. Terms are lower-case letters and digits.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from agent_brain_server.domain.content import Chunk, Terms

TOKENIZER_VERSION = "1"
LONGEST_TERM = 64

_WORD = re.compile(r"\w+")
_ASCII_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PART = re.compile(r"\d+|[^\W\d_]+")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]{2,}")
STOP_WORDS = frozenset(
    """
    a about an and any are as at be been but by can could did do does for from had has have how i if in into is it its
    me my no not of on or our should so some than that the their them then there these they this to used uses using
    was we were what when where which who why will with would you your
    """.split()
)


@lru_cache(maxsize=65_536)
def split_word(word: str) -> tuple[str, ...]:
    """The terms of one run of word characters."""
    pattern = _ASCII_PART if word.isascii() else _PART
    parts = [part.lower() for part in pattern.findall(word)]
    if len(parts) > 1:
        parts.append("".join(parts))
    terms: list[str] = []
    for part in parts:
        if not part.isascii() and _IDEOGRAPHS.search(part):
            terms.extend(part[i : i + 2] for i in range(len(part) - 1))
        elif len(part) <= LONGEST_TERM:
            terms.append(part)
    return tuple(terms)


def tokenize(text: str) -> list[str]:
    """The terms of `text` in order, repeats kept."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return [term for word in _WORD.findall(text) for term in split_word(word)]


def query_terms(query: str) -> list[str]:
    """The distinct terms of a question in order, without stop words unless it has no others."""
    terms = list(dict.fromkeys(tokenize(query)))
    return [term for term in terms if term not in STOP_WORDS] or terms


def chunk_terms(chunk: Chunk) -> Terms:
    """The terms of a chunk by field; the same chunk always gives the same terms."""
    return Terms(
        symbol=" ".join(tokenize(chunk.symbol)),
        path=" ".join(tokenize(chunk.path)),
        documentation=" ".join(tokenize(chunk.documentation)),
        body=" ".join(tokenize(chunk.text)),
    )
