"""From an outline to passages: a whole symbol where it fits, its members where not, and blocks of what lies between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from agent_brain_server.indexing.chunking.passage import Passage, blocks
from agent_brain_server.indexing.chunking.source import (
    FAMILY_CHARS,
    FAMILY_LINES,
    MAX_CHARS,
    WHOLE_CHARS,
    WHOLE_LINES,
    Source,
)

_GATHERED = {"constant": 4, "type": 4, "macro": 4, "key": 12}
"""Up to how many rows such an item is only a line of a block, if it has neighbours there."""
_LARGEST_GATHERED = max(_GATHERED.values())
_SCRAP = 2
"""A block of this many rows or fewer joins its neighbour."""
_BODIES = frozenset({"function", "method"})
_CONTINUED = _BODIES | {"section", "key"}
"""What goes on after an inner symbol under the same name; what goes on in a class is a block of the class."""


@dataclass(slots=True)
class Item:
    """A symbol of the outline: its rows with the comments and attributes above it, and the symbols in it, in order.

    A `detail` is no passage of its own: a field, a prototype, a member of what fits one passage. A `prototype` only
    announces what is defined elsewhere. `span` is where the symbol lies in the bytes that were parsed.
    """

    kind: str
    symbol: str
    first: int
    last: int
    signature: str = ""
    documentation: str = ""
    members: list[Item] = field(default_factory=list)
    detail: bool = False
    prototype: bool = False
    span: tuple[int, int] = (0, 0)

    def label(self, kind: str = "") -> Passage:
        """Return the passage of the whole item."""
        return Passage(self.first, self.last, kind or self.kind, self.symbol, self.signature, self.documentation)


def pack(source: Source, items: list[Item]) -> list[Passage]:
    """Return passages that hold every row that is not blank, in order, no row in two of them."""
    packed: list[Passage] = []
    for passage in _region(source, items, 0, source.last, None):
        previous = packed[-1] if packed else None
        if previous is None:
            packed.append(passage)
        elif passage.kind == "block" and _belongs(source, previous, passage):
            packed[-1] = replace(previous, last=passage.last)
        elif _is_scrap(previous) and _adjoins(source, previous, passage) and passage.kind != "block":
            packed[-1] = replace(passage, first=previous.first)
        else:
            packed.append(passage)
    return packed


def _belongs(source: Source, previous: Passage, block: Passage) -> bool:
    """Return whether a block is only the end of what came before: its closing brackets, or a line directly under it."""
    if source.is_closing(block.first, block.last):
        return source.size(previous.first, block.last) <= MAX_CHARS
    under = block.last == source.last or source.is_blank(block.last + 1)
    return under and _is_scrap(block) and previous.kind != "block" and _adjoins(source, previous, block)


def _is_scrap(passage: Passage) -> bool:
    """Return whether the passage is too small to be one: `if …:` above a function, an alias under it."""
    return passage.kind == "block" and passage.last - passage.first < _SCRAP


def _adjoins(source: Source, upper: Passage, lower: Passage) -> bool:
    """Return whether no row is between them and they are together within the limit."""
    return upper.last + 1 == lower.first and source.size(upper.first, lower.last) <= MAX_CHARS


def _region(source: Source, items: list[Item], first: int, last: int, owner: Item | None) -> Iterator[Passage]:
    cursor = first
    small: list[Item] = []
    for item in _apart(items):
        if item.last - item.first < _GATHERED.get(item.kind, 0):
            small.append(item)
            continue
        yield from _gap(source, cursor, item.first - 1, first, owner, small)
        yield from _symbol(source, item)
        cursor = item.last + 1
        small = []
    yield from _gap(source, cursor, last, first, owner, small)


def _apart(items: Iterable[Item]) -> list[Item]:
    """Return the items without details, and without those whose rows are all in another; no row is in two of them."""
    apart: list[Item] = []
    for item in items:
        if item.detail:
            continue
        previous = apart[-1] if apart else None
        if previous and item.first <= previous.last:
            if item.last <= previous.last:
                continue
            if previous.first == previous.last:
                apart.pop()
            else:
                item.first = previous.last + 1
        apart.append(item)
    return apart


def _symbol(source: Source, item: Item) -> Iterator[Passage]:
    is_family = item.kind not in _BODIES and any(not member.detail for member in item.members)
    lines, chars = (FAMILY_LINES, FAMILY_CHARS) if is_family else (WHOLE_LINES, WHOLE_CHARS)
    if source.fits(item.first, item.last, lines, chars):
        first, last = source.trim(item.first, item.last) or (item.first, item.last)
        yield replace(item.label(), first=first, last=last)
    else:
        yield from _region(source, item.members, item.first, item.last, item)


def _gap(source: Source, first: int, last: int, head: int, owner: Item | None, small: list[Item]) -> Iterator[Passage]:
    """Yield what is between the symbols: the head of the owner, the rest of it, or lines of no symbol."""
    if first > last:
        return
    label = None
    if owner:
        label = owner.label("" if first == head or owner.kind in _CONTINUED else "block")
        if first != head:
            label = replace(label, documentation="")
    for passage in blocks(source, first, last, label):
        only = _covering(small, passage) if passage.last - passage.first < _LARGEST_GATHERED else None
        yield replace(only.label(), first=passage.first, last=passage.last) if only else passage


def _covering(items: list[Item], passage: Passage) -> Item | None:
    """Return the item that the whole passage belongs to."""
    return next((item for item in items if item.first <= passage.first and passage.last <= item.last), None)
