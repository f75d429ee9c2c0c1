"""The masking of the secrets in a text, before anything is made of it: chunks, terms, vectors, the graph.

A masked place is one word, `MASKED_` and what it was, which every grammar takes in a string, in a comment and as a
value; line breaks stay, so that every line keeps its number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from posixpath import basename

from agent_brain_server.indexing.secrets.armour import find_bare_keys, find_keys
from agent_brain_server.indexing.secrets.assignments import find_assigned
from agent_brain_server.indexing.secrets.encoded import find_encoded
from agent_brain_server.indexing.secrets.joins import with_plain_spaces
from agent_brain_server.indexing.secrets.manifests import find_manifest_values
from agent_brain_server.indexing.secrets.masked import Masked
from agent_brain_server.indexing.secrets.readings import readings
from agent_brain_server.indexing.secrets.stores import is_strict, secret_text
from agent_brain_server.indexing.secrets.tokens import Span, find_tokens
from agent_brain_server.indexing.secrets.values import CODE

MASK = "MASKED_"
VAGUE = frozenset({"password", "secret value", "authorization"})
LEAST_REST = 16
"""A text that has fewer letters and digits besides its secrets is left out: it is a key or a token, and no answer."""
_MARKERS = re.compile(r"-{2,5} ?(?:BEGIN|END) [^\n-]{0,80}-{2,5}")


def mask_file(path: str, language: str, text: str) -> Masked:
    """Mask the text of the file at `path`."""
    name = basename(path)
    if kind := secret_text(name, text):
        return Masked("", {}, kind)
    spans = find_secrets(text, language, strict=is_strict(name))
    if not spans:
        return Masked(text, {})
    if _is_nothing_else(text, spans):
        return Masked("", {}, Counter(span.kind for span in spans).most_common(1)[0][0])
    return Masked(_replaced(text, spans), _places(text, spans))


def mask_text(text: str) -> Masked:
    """Mask a text that was made of a file: a page, a cell, a name."""
    spans = find_secrets(text, "text")
    return Masked(_replaced(text, spans), _places(text, spans)) if spans else Masked(text, {})


def find_secrets(text: str, language: str, *, strict: bool = False) -> list[Span]:
    """Return the secrets in order, none over another."""
    text = with_plain_spaces(text)
    found = _found(text, language, strict=strict)
    for reading, spoken in readings(text, language):
        for span in _found(reading.text, spoken, strict=strict):
            found += reading.places(span)
    return _apart(found) if found else found


def _found(text: str, language: str, *, strict: bool) -> list[Span]:
    lowered = _lowered(text)
    found = [*find_tokens(text, lowered), *find_keys(text)]
    found += find_assigned(text, lowered, language, strict=strict)
    found += find_manifest_values(text)
    found += find_encoded(text, language)
    if language not in CODE:
        found += find_bare_keys(text)
    return found


def _lowered(text: str) -> str:
    """Return the text in small letters, place by place: a few capitals have small forms of two characters."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(character if len(character.lower()) > 1 else character.lower() for character in text)


def _is_nothing_else(text: str, spans: Sequence[Span]) -> bool:
    """Return whether a text holds only secrets, what frames them, and a few words."""
    if len(text) - sum(span.end - span.start for span in spans) > 4096:
        return False
    rest = text
    for span in reversed(spans):
        rest = f"{rest[: span.start]} {rest[span.end :]}"
    return sum(map(str.isalnum, _MARKERS.sub("", rest))) < LEAST_REST


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Sort and merge: what overlaps is one, of the kind of the first that says more than that it is a secret."""
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if apart and span.start < (last := apart[-1]).end:
            kind = span.kind if last.kind in VAGUE else last.kind
            apart[-1] = Span(last.start, max(span.end, last.end), kind)
        else:
            apart.append(span)
    return apart


def _replaced(text: str, spans: Iterable[Span]) -> str:
    parts: list[str] = []
    done = 0
    for span in spans:
        parts += text[done : span.start], MASK, "_".join(span.kind.upper().replace(".", "").split())
        done = span.end
    return "".join((*parts, text[done:]))


def _places(text: str, spans: Iterable[Span]) -> dict[str, int]:
    """Return how many there are of each kind; the lines of one key are one."""
    counts: Counter[str] = Counter()
    last = Span(0, -10_000, "")
    for span in spans:
        if span.kind != last.kind or span.start - last.end > 40 or span.kind != "private key":
            counts[span.kind] += 1
        last = span
    return dict(counts)
