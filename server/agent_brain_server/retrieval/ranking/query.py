"""What a question asks for, read off its words: names, files, a kind of text; and how it is put."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from agent_brain_server.domain.stemming import stem
from agent_brain_server.domain.terms import STOP_WORDS, query_terms
from agent_brain_server.retrieval.ranking.roles import ROLE_WORDS, Role

Shape = Literal["name", "words", "sentence"]

LONGEST_SENTENCE_FREE = 4
_QUOTED = re.compile(r"`([^`]+)`|\"([^\"]+)\"|(?<!\w)'([^']{2,})'(?!\w)")
_TOKEN = re.compile(r"[^\s,;()\[\]{}<>\"'`?!]+")
_PUNCTUATION = ".:,;"
_FILE = re.compile(r"(?:[\w.@-]+/)*[\w.@-]*\w\.[A-Za-z][A-Za-z0-9]{0,5}\Z|(?:[\w.@-]+/)+[\w.@-]*\Z")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_FOREIGN_PART = re.compile(r"\d+|[^\W\d_]+")
_SEPARATOR = re.compile(r"::|->|[.#/\\:]+")
# What no plain word holds: an inner capital, an underscore between or before letters.
_WRITTEN_AS_CODE = re.compile(r"[a-z0-9][A-Z]|[A-Za-z0-9]_[A-Za-z0-9]|[A-Z]{2}[a-z]|^_+\w")
_EXTENSIONS = frozenset(
    """
    bash bats c cc cfg cjs clj cpp cs css cxx dart ex exs go gradle h hpp hs html ini ipynb java jl js json jsx kt kts
    lua m md mjs ml mm php pl proto py pyi r rb rs rst scala sh sql svelte swift toml ts tsx txt vue xml yaml yml zig
    """.split()
)
# Words that say what is looked for, not what it is about.
_ASKING = frozenset(
    stem(word)
    for word in """
    class classes define defined definition declared declaration function functions implement implemented implementation
    implementations interface located location method methods module source struct structs symbol
    """.split()
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question understood. `words` are the stems of its content words, `terms` what the lexical retriever asks for.

    `names` are what it names, each by the lower-case parts of its qualified name without separators; `files` are
    file names or paths in lower case; `wants` the roles of files that it asks for by word.
    """

    text: str
    shape: Shape
    terms: tuple[str, ...]
    words: frozenset[str]
    names: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    wants: frozenset[Role]


def understand(text: str) -> Query:
    """Return what `text` asks for. Any text will do."""
    tokens = [token for found in _TOKEN.findall(text.replace("->", ".")) if (token := found.rstrip(_PUNCTUATION))]
    quoted = {next(filter(None, groups)) for groups in _QUOTED.findall(text)}
    files = dict.fromkeys(token.removeprefix("./").lower() for token in tokens if _is_file(token))
    written = dict.fromkeys([*sorted(quoted), *tokens])
    names = [name for name in written if not _is_file(name) and (name in quoted or _is_name(name, len(tokens) == 1))]
    content_words = [token for token in tokens if token.lower() not in STOP_WORDS]
    return Query(
        text=text,
        shape=_shape(content_words, names),
        terms=tuple(dict.fromkeys([*_terms(text), *_compounds(content_words)])),
        words=frozenset(term for term in _terms(text) if len(term) > 1),
        names=tuple(dict.fromkeys(filter(None, map(_parts, names)))),
        files=tuple(files),
        wants=frozenset(ROLE_WORDS[word] for word in map(str.lower, tokens) if word in ROLE_WORDS),
    )


def _is_file(token: str) -> bool:
    return bool(_FILE.match(token)) and ("/" in token or token.lower().rpartition(".")[2] in _EXTENSIONS)


def _is_name(token: str, alone: bool) -> bool:
    """Return whether it is written as names in code are: alone, qualified, or with more than one part."""
    parts = [part for part in _SEPARATOR.split(token) if part]
    if alone or any(_WRITTEN_AS_CODE.search(part) for part in parts):
        return True
    return len(parts) > 1 and all(map(str.isidentifier, parts)) and any(len(part) > 1 for part in parts)


def _parts(name: str) -> tuple[str, ...]:
    plain = ("".join(filter(str.isalnum, part)).lower() for part in _SEPARATOR.split(name))
    return tuple(filter(None, plain))


def _terms(text: str) -> list[str]:
    """Return the terms of the question, without words such as `function`, unless it has no others."""
    terms = query_terms(text)
    return [term for term in terms if term not in _ASKING] or terms


def _compounds(content_words: list[str]) -> list[str]:
    """Return neighbouring words as one name: `retry policy` also asks for `RetryPolicy`."""
    plain = [token.lower() if token.isalpha() else "" for token in content_words]
    return [left + right for left, right in pairwise(plain) if left and right]


def _shape(content_words: list[str], names: list[str]) -> Shape:
    if names and len(content_words) <= len(names) + 2:
        return "name"
    return "sentence" if len(content_words) > LONGEST_SENTENCE_FREE else "words"


@lru_cache(maxsize=65_536)
def name_words(name: str) -> frozenset[str]:
    """Return the stems of the words that a name, or a path, is made of."""
    return frozenset(ordered_words(name))


@lru_cache(maxsize=65_536)
def ordered_words(name: str) -> tuple[str, ...]:
    """Return the stems of the words that a name is made of, in their order."""
    pattern = _PART if name.isascii() else _FOREIGN_PART
    return tuple(stem(part.lower()) for part in pattern.findall(name))
