"""Documents by their headings: Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent_brain_server.indexing.chunking.packing import Item, pack
from agent_brain_server.indexing.chunking.passage import Passage
from agent_brain_server.indexing.chunking.source import Source

_DEEPEST_PATH = 3
_LONGEST_TITLE = 60
_LONGEST_LINE = 500

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r"[ \t]*(?:[-*+>][ \t]+|\d+\.[ \t]+)*(`{3,}|~{3,})(.*)$")
_HTML = re.compile(r" {0,3}(<!--|(?i:<(?:pre|script|style|textarea))(?=[\s>]|$))")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r"[ \t]*(?:$|[#>|]|[-*+][ \t]|\d+[.)][ \t]|<|={3}|-{3}|`{3}|~{3})| {4}|\t")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*`]+|\{#[^}]*\}|(?<!\w)_+|_+(?!\w)")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: the row where its section starts, its level (1 is the highest) and what it says."""

    row: int
    level: int
    title: str


def markdown_passages(source: Source) -> list[Passage]:
    """Cut a Markdown text by headings; front matter and the text before the first heading are blocks."""
    return pack(source, section_items(_markdown_headings(source), source.last))


def rest_passages(source: Source) -> list[Passage]:
    """Cut a reStructuredText by titles."""
    return pack(source, section_items(_rest_headings(source), source.last))


def section_items(headings: Iterable[Heading], last: int) -> list[Item]:
    """Nest sections by level; one ends before the next heading of its level or a higher one."""
    top: list[Item] = []
    open_: list[tuple[Heading, Item]] = []
    for heading in headings:
        while open_ and open_[-1][0].level >= heading.level:
            open_.pop()[1].last = heading.row - 1
        path = [*(above.title for above, _ in open_), heading.title][-_DEEPEST_PATH:]
        symbol = " > ".join(title[:_LONGEST_TITLE].rstrip() for title in path if title)
        item = Item("section", symbol, heading.row, last, signature=heading.title[:300])
        (open_[-1][1].members if open_ else top).append(item)
        open_.append((heading, item))
    return top


def _markdown_headings(source: Source) -> Iterator[Heading]:
    above, closed = "", _Closed()
    for row in range(_front_matter(source.lines), len(source.lines)):
        line = source.lines[row][:_LONGEST_LINE]
        if closed.takes(line):
            pass
        elif (match := _ATX.match(line)) is not None:
            yield Heading(row, len(match.group(1)), _plain(match.group(2) or ""))
        elif (match := _SETEXT.match(line)) is not None and not _NO_PARAGRAPH.match(above):
            yield Heading(row - 1, 1 if match.group(1)[0] == "=" else 2, _plain(above))
        above = line


@dataclass(slots=True)
class _Closed:
    """Whether the reader is in a block without headings: fenced code, an HTML comment, `<pre>` and the like."""

    fence: str = ""
    indented: bool = False
    html_end: re.Pattern[str] | None = None

    def takes(self, line: str) -> bool:
        """Return whether `line`, the next one, belongs to such a block or begins or ends one."""
        if self.html_end is not None:
            if self.html_end.search(line):
                self.html_end = None
            return True
        if self.indented and line.strip() and not line.startswith((" ", "\t")):
            self.fence, self.indented = "", False  # the list item or the indented code that it was in is over
        if (match := _FENCE.match(line)) is not None:
            self._meet_fence(*match.groups(), indented=line.startswith(("    ", "\t")))
            return True
        return bool(self.fence) or self._opens_html(line)

    def _meet_fence(self, marks: str, rest: str, *, indented: bool) -> None:
        if not self.fence and not (marks[0] == "`" and "`" in rest):
            self.fence, self.indented = marks, indented
        elif self.fence and marks.startswith(self.fence) and not rest.strip():
            self.fence, self.indented = "", False

    def _opens_html(self, line: str) -> bool:
        match = _HTML.match(line)
        if match is None:
            return False
        end = re.compile("-->" if match[1] == "<!--" else rf"(?i)</{match[1][1:]}>")
        if not end.search(line, match.end()):
            self.html_end = end
        return True


def _front_matter(lines: list[str]) -> int:
    """Return the row after the front matter, 0 if there is none."""
    mark = lines[0].rstrip()
    if mark not in {"---", "+++"}:
        return 0
    ends = {mark, "..."} if mark == "---" else {mark}
    return next((row + 1 for row in range(1, min(len(lines), 200)) if lines[row].rstrip() in ends), 0)


def _plain(title: str) -> str:
    return " ".join(_MARKUP.sub(r"\1", title).split())


def _rest_headings(source: Source) -> Iterator[Heading]:
    """Yield the titles: underlined, and perhaps overlined; each new style is one level deeper."""
    styles: list[tuple[str, bool]] = []
    lines = source.lines
    for row in range(1, len(lines)):
        match, title = _ADORNMENT.match(lines[row][:_LONGEST_LINE]), lines[row - 1][:_LONGEST_LINE]
        if match is None or not title.strip() or _ADORNMENT.match(title):
            continue
        over = row > 1 and lines[row - 2].rstrip() == lines[row].rstrip()
        if (title[0].isspace() and not over) or len(lines[row].rstrip()) < len(title.strip()):
            continue
        style = (match.group(1), over)
        if style not in styles:
            styles.append(style)
        yield Heading(row - 2 if over else row - 1, styles.index(style) + 1, " ".join(title.split()))
