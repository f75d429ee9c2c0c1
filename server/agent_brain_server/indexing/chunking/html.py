"""HTML by headings: the text alone, without tags, scripts and styles."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

from agent_brain_server.indexing.chunking.packing import Item
from agent_brain_server.indexing.chunking.passage import Passage, blocks
from agent_brain_server.indexing.chunking.sections import Heading, section_items
from agent_brain_server.indexing.chunking.source import PART_CHARS, PART_LINES, Source

LARGEST_HTML = 1_000_000
_MOST_UNREAD = 10_000
_LEFT_OUT = frozenset({"script", "style", "template", "noscript", "svg"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "em",
        "i",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
    ]
)


class _Reader(HTMLParser):
    """A reader of the text by rows, and of the headings."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: dict[int, list[str]] = {}
        self.headings: list[Heading] = []
        self._left_out = ""
        self._heading: tuple[int, int, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._left_out and tag in _LEFT_OUT:
            self._left_out = tag
        elif tag in _HEADINGS:
            self._heading = (self.getpos()[0] - 1, _HEADINGS[tag], [])
        elif tag not in _INLINE:
            self._add(" ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take no notice: a tag that closes itself holds nothing."""

    def handle_endtag(self, tag: str) -> None:
        if tag == self._left_out:
            self._left_out = ""
        elif tag in _HEADINGS and self._heading is not None:
            row, level, words = self._heading
            self.headings.append(Heading(row, level, " ".join("".join(words).split())))
            self._heading = None
        elif tag not in _INLINE:
            self._add(" ")

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            for offset, line in enumerate(data.split("\n")):
                self._add(line, offset)

    def _add(self, text: str, offset: int = 0) -> None:
        self.rows.setdefault(self.getpos()[0] - 1 + offset, []).append(text)
        if self._heading is not None:
            self._heading[2].append(text)


def html_passages(source: Source) -> list[Passage]:
    """Cut a page by its sections; by lines where it holds no text or is too large."""
    if len(source.text) <= LARGEST_HTML:
        reader = _Reader()
        try:
            reader.feed(source.text)
            if len(reader.rawdata) > _MOST_UNREAD:  # an open comment or tag; to close it takes long
                return list(blocks(source, 0, source.last))
            reader.close()
        except (AssertionError, ValueError):  # the standard library's parser on broken declarations
            return list(blocks(source, 0, source.last))
        texts = [" ".join("".join(reader.rows.get(row, ())).split()) for row in range(len(source.lines))]
        if any(texts):
            headings = sorted(reader.headings, key=lambda heading: heading.row)
            return list(_passages(texts, section_items(headings, source.last)))
    return list(blocks(source, 0, source.last))


def _passages(texts: list[str], items: list[Item]) -> Iterator[Passage]:
    """Yield passages of the rows, each in the section that is open there."""
    starts = {item.first: item for item in _flat(items)}
    label = Passage(0, 0)
    first, held = 0, 0
    for row, text in enumerate(texts):
        item = starts.get(row)
        if row > first and (item or row - first >= PART_LINES * 2 or held + len(text) > PART_CHARS):
            yield from _passage(texts, label, first, row - 1)
            first, held = row, 0
        if item:
            label = item.label()
        held += len(text) + 1
    yield from _passage(texts, label, first, len(texts) - 1)


def _passage(texts: list[str], label: Passage, first: int, last: int) -> Iterator[Passage]:
    text = "\n".join(filter(None, texts[first : last + 1]))
    if text:
        yield Passage(first, last, label.kind, label.symbol, label.signature, text=text)


def _flat(items: list[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _flat(item.members)
