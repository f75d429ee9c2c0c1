"""The lexical tokenizer: one for chunks and queries, one for all backends.

An identifier gives its parts (camelCase, snake_case, acronyms, digits) and, where it has several, the whole without its
separators, so that `next_delay`, `nextDelay` and `NextDelay` are one term. Terms are lower-case letters and digits, and
English words represent their plural and verb forms (see `domain.stemming`).
"""

from __future__ import annotations

import re
import unicodedata

from agent_brain_server.domain.content import Chunk, Terms
from agent_brain_server.domain.memo import Memo
from agent_brain_server.domain.stemming import stem

# Also another one where files are read otherwise: an index of before is then made again (6: more secrets are masked).
TOKENIZER_VERSION = "6"
LONGEST_TERM = 64
MOST_WORDS_KNOWN = 65_536

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


def split_word(word: str) -> tuple[str, ...]:
    """Return the terms of one run of word characters."""
    pattern = _ASCII_PART if word.isascii() else _PART
    parts = [part.lower() for part in pattern.findall(word)]
    whole = ["".join(parts)] if len(parts) > 1 else []
    terms: list[str] = []
    for part in [*map(stem, parts), *whole]:
        if not part.isascii() and _IDEOGRAPHS.search(part):
            terms.extend(part[i : i + 2] for i in range(len(part) - 1))
        elif len(part) <= LONGEST_TERM:
            terms.append(part)
    return tuple(terms)


def tokenize(text: str) -> list[str]:
    """Return the terms of `text` in order, repeats kept."""
    return _joined(text).split()


def _words(text: str) -> list[str]:
    return _WORD.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))


def query_terms(query: str) -> list[str]:
    """Return the distinct terms of a question in order, without stop words unless it has no others."""
    words = _words(query)
    content_words = [word for word in words if word.lower() not in STOP_WORDS]
    return list(dict.fromkeys(term for word in content_words or words for term in split_word(word)))


def chunk_terms(chunk: Chunk) -> Terms:
    """Return the terms of a chunk by field; the same chunk always gives the same terms."""
    return Terms(
        symbol=_joined(chunk.symbol),
        path=_joined(chunk.path),
        documentation=_joined(chunk.documentation),
        body=_joined(chunk.text),
    )


_terms_of = Memo(lambda word: " ".join(split_word(word)), MOST_WORDS_KNOWN, LONGEST_TERM)


def _joined(text: str) -> str:
    """Return the terms of `text` in order, separated by spaces."""
    return " ".join(filter(None, map(_terms_of.__getitem__, _words(text))))
