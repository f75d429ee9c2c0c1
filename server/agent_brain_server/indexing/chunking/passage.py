"""Passages: stretches of rows with a label, and how chunks are made of them.

`kind` is one of `KINDS`, the same in every language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from agent_brain_server.domain.code_graph import NO_GRAPH, FileGraph
from agent_brain_server.domain.content import Chunk, chunk_id
from agent_brain_server.indexing.chunking.source import MAX_CHARS, MAX_PIECES, PART_CHARS, Source, pieces
from agent_brain_server.indexing.secrets import mask_text

MOST_PASSAGES = 10_000
MOST_CHARS = 8_000_000
"""Of one file, so that what a hostile one makes fits the memory of whoever writes it."""

KINDS = {
    "function": "a function or SQL routine that belongs to no type",
    "macro": "a macro with arguments or patterns",
    "method": "a function that belongs to a type",
    "class": "a class, object or actor",
    "interface": "an interface or protocol",
    "struct": "a struct, record or union",
    "enum": "an enumeration",
    "trait": "a trait, mixin or type class",
    "impl": "code that is added to a type elsewhere: a Rust impl, a Swift extension, a Haskell instance",
    "type": "a type alias or an algebraic data type",
    "table": "an SQL table or view",
    "module": "a module or namespace",
    "constant": "a named value outside of any function, or an SQL index or sequence",
    "section": "a heading of a document and the text under it",
    "key": "a top-level key of a data file and its value, or a CSS rule",
    "cell": "a cell of a notebook",
    "page": "a page of a PDF",
    "block": "lines without a name of their own",
}


@dataclass(frozen=True, slots=True)
class Passage:
    """The rows `first` to `last` (0-based, inclusive) and what they are.

    `text` is what is indexed where the passage is derived from the rows; `language` where it is not the file's.
    """

    first: int
    last: int
    kind: str = "block"
    symbol: str = ""
    signature: str = ""
    documentation: str = ""
    text: str | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class CutText:
    """The passages of a text and, of code, its part of the graph; `note` says what was odd about it."""

    passages: Iterable[Passage]
    note: str = ""
    graph: FileGraph = NO_GRAPH


@dataclass(frozen=True, slots=True)
class ChunkedText:
    """The chunks of a file in order and, of code, its part of the graph.

    `note` says what was odd about it, empty if nothing; `masked` counts the secrets, by kind, that came to light
    only in what was derived from the file's text.
    """

    chunks: tuple[Chunk, ...]
    note: str = ""
    graph: FileGraph = NO_GRAPH
    masked: Mapping[str, int] = field(default_factory=dict)


def blocks(source: Source, first: int, last: int, label: Passage | None = None) -> Iterator[Passage]:
    """Yield the rows as passages within the limits, labelled as `label`, the documentation on the first alone."""
    for start, end in source.parts(first, last):
        yield replace(label, first=start, last=end) if label else Passage(start, end)
        if label and label.documentation:
            label = replace(label, documentation="")


def finish(path: str, language: str, source: Source, cut: CutText) -> ChunkedText:
    """Make chunks of passages: within the limits, without empty ones, each with its own id."""
    seen: Counter[tuple[str, str]] = Counter()
    chunks: list[Chunk] = []
    notes = [cut.note] if cut.note else []
    kinds: Counter[str] = Counter()
    passages = (_masked(one, kinds) if one.text is not None else one for one in cut.passages)
    for part, text in _within_limits(source, passages, notes):
        key = (part.symbol, text)
        chunks.append(
            Chunk(
                id=chunk_id(path, part.symbol, text, seen[key]),
                path=path,
                start_line=part.first + 1,
                end_line=part.last + 1,
                language=part.language or language,
                kind=part.kind,
                symbol=part.symbol,
                signature=part.signature,
                documentation=part.documentation,
                text=text,
            )
        )
        seen[key] += 1
    return ChunkedText(tuple(chunks), "; ".join(dict.fromkeys(notes)), cut.graph, dict(kinds))


def _masked(passage: Passage, kinds: Counter[str]) -> Passage:
    """Return a passage whose text is not the file's lines, without the secrets that were escaped there."""
    fields = (passage.text or "", passage.symbol, passage.signature, passage.documentation)
    if not mask_text("\n".join(fields)).kinds:
        return passage
    parts = [mask_text(part) for part in fields]
    kinds.update(parts[0].kinds)
    text, symbol, signature, documentation = (part.text for part in parts)
    return replace(passage, text=text, symbol=symbol, signature=signature, documentation=documentation)


def _within_limits(source: Source, cut: Iterable[Passage], notes: list[str]) -> Iterator[tuple[Passage, str]]:
    """Yield the texts of the passages; of too many, the first blocks of lines alone."""
    passages = list(islice(cut, MOST_PASSAGES + 1))
    if len(passages) > MOST_PASSAGES and not any(passage.text for passage in passages):
        notes.append("too many symbols: cut by lines")
        passages = list(islice(blocks(source, 0, source.last), MOST_PASSAGES + 1))
    texts = (found for passage in passages for found in _texts(source, passage, notes))
    count = chars = 0
    for part, text in texts:
        count, chars = count + 1, chars + len(text)
        if count > MOST_PASSAGES or chars > MOST_CHARS:
            notes.append("too much text: only its start is indexed")
            return
        yield part, text


def _texts(source: Source, passage: Passage, notes: list[str]) -> Iterator[tuple[Passage, str]]:
    if passage.text is not None:
        yield from ((passage, text) for text in _derived(passage.text))
    elif source.size(passage.first, passage.last) <= MAX_CHARS:
        yield passage, source.slice(passage.first, passage.last)
    else:
        for part in blocks(source, passage.first, passage.last, passage):
            if source.size(part.first, part.last) <= MAX_CHARS:
                yield part, source.slice(part.first, part.last)
                continue
            line = source.lines[part.first]
            if len(line) > MAX_PIECES * PART_CHARS:
                notes.append(f"line {part.first + 1} is too long: only its start is indexed")
            yield from ((part, piece) for piece in pieces(line))


def _derived(text: str) -> Iterator[str]:
    """Yield a text that is not the file's lines, within the limit."""
    if len(text) <= MAX_CHARS:
        if text and not text.isspace():
            yield text
        return
    inner = Source(text)
    for first, last in inner.parts(0, inner.last):
        part = inner.slice(first, last)
        yield from [part] if len(part) <= MAX_CHARS else pieces(part)
