"""Git's wildcards as regular expressions: what `wildmatch.c` matches, over octets written as characters.

An expression is for exactly one path, relative to its ignore file; `\\0` is a character that no path holds.

A match takes at most a few steps for each pair of a character of the pattern and one of the path. A pattern is cut at
its wildcards into pieces of fixed length. The first place where a piece fits is the best one, since it leaves the most
to the wildcard behind it, so each piece but the last is an atomic group that is never tried again:

- between two `*` of one name, a piece is searched for within that name;
- between two `**/`, a piece is whole names, as many as its pattern has, and is searched for name by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

SPECIAL = re.compile(r"[*?\[\\]")
_CHARACTER = r"[^/\0]"
_DIRECTORY = r"[^/\0]*+/"
# Wildcards in a translated pattern, until it is known what follows them; no other part is one of these.
_STAR = "*"  # within one name
_DIRECTORIES = "**/"  # no, one or several directories
_ANYTHING = "**"
_SHORTEST = {_DIRECTORIES: rf"(?:{_DIRECTORY})*?", _ANYTHING: r"[^\0]*?"}
_LONGEST = {_DIRECTORIES: r"(?:[^\0]*/)?", _ANYTHING: r"[^\0]*"}
_OCTETS = frozenset(map(chr, range(256)))
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": lambda c: c in " \t",
    "cntrl": lambda c: c < " " or c == "\x7f",
    "digit": str.isdigit,
    "graph": lambda c: "!" <= c <= "~",
    "lower": str.islower,
    "print": lambda c: " " <= c <= "~",
    "punct": lambda c: "!" <= c <= "~" and not c.isalnum(),
    "space": lambda c: c in " \t\n\v\f\r",
    "upper": str.isupper,
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


def octets(path: str) -> str:
    """Return the bytes of a path as characters, the form in which rules are matched."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


class InvalidPatternError(ValueError):
    """A pattern that git lets match nothing."""


def translate(pattern: str) -> str:
    """Return the regular expression of the paths that a pattern without its leading and trailing `/` matches.

    Raise InvalidPatternError for one that matches nothing.
    """
    special = SPECIAL.search(pattern)
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        plain = special is None or position <= special.start()
        part, position = _translate_at(pattern, position, plain)
        parts.append(part)
    return _join(parts)


def _translate_at(pattern: str, position: int, plain: bool) -> tuple[str, int]:
    """Return the expression of what begins at `position`, and where that ends; `plain`: nothing special is before."""
    character = pattern[position]
    if character == "*":
        return _translate_stars(pattern, position, plain)
    if character == "[":
        return _translate_set(pattern, position + 1)
    if character == "?":
        return _CHARACTER, position + 1
    literal, end = _literal_at(pattern, position)
    return re.escape(literal), end


def _literal_at(pattern: str, position: int) -> tuple[str, int]:
    """Return the character that is written at `position`, perhaps after a `\\`, and where that ends."""
    position += pattern[position] == "\\"
    if position >= len(pattern):
        raise InvalidPatternError(pattern)
    return pattern[position], position + 1


def _translate_stars(pattern: str, start: int, plain: bool) -> tuple[str, int]:
    """Translate `*` and `**`, which crosses directories where it is alone between slashes.

    git compares the plain beginning of a pattern by itself, so what follows that is at a beginning too (`plain`).
    """
    end = start
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    begins = plain or pattern[start - 1] == "/"
    rest = pattern[end:]
    if end - start == 1 or not begins or not (rest == "" or rest.startswith(("/", "\\/"))):
        return _STAR, end
    return (_DIRECTORIES, end + 1) if rest.startswith("/") else (_ANYTHING, end)


class _Piece(NamedTuple):
    """What is between two wildcards; `wildcard` is the one before it, empty for the first piece."""

    wildcard: str
    parts: list[str]


def _split(parts: list[str], wildcards: tuple[str, ...]) -> list[_Piece]:
    """Return the pieces between these wildcards."""
    pieces = [_Piece("", [])]
    for part in parts:
        if part in wildcards:
            pieces.append(_Piece(part, []))
        else:
            pieces[-1].parts.append(part)
    return pieces


def _join(parts: list[str]) -> str:
    """Replace the wildcards that cross directories; see the module."""
    first, *others = _split(parts, (_DIRECTORIES, _ANYTHING))
    expression = _join_names(first.parts)
    for number, piece in enumerate(others, start=1):
        names = _join_names(piece.parts)
        if number == len(others):
            expression += _LONGEST[piece.wildcard] + names
        elif piece.parts:
            expression += f"(?>{_SHORTEST[piece.wildcard]}{names})"
    return expression


def _join_names(parts: list[str]) -> str:
    """Replace the stars within names."""
    first, *others = ("".join(piece.parts) for piece in _split(parts, (_STAR,)))
    if not others:
        return first
    *between, last = others
    searched = "".join(f"(?>{_CHARACTER}*?{piece})" for piece in between if piece)
    return f"{first}{searched}{_CHARACTER}*{last}"


def _translate_set(pattern: str, position: int) -> tuple[str, int]:
    """Translate the bracket expression whose members begin at `position` to the set of the octets in it."""
    negated = pattern[position : position + 1] in ("!", "^")
    members, end = _set_members(pattern, position + negated)
    chosen = _OCTETS - members if negated else members
    listed = "".join(_ranges(sorted(ord(character) for character in chosen - {"/", "\0"})))
    return f"[{listed}]" if listed else "(?!)", end


class _Element(NamedTuple):
    """One element of a bracket expression, which ends before `end`; a range may begin with `character`, if any."""

    members: frozenset[str]
    end: int
    character: str = ""


def _set_members(pattern: str, start: int) -> tuple[set[str], int]:
    """Return the members of a bracket expression, and where it ends. A `]` that comes first is a member."""
    members: set[str] = set()
    position, previous = start, ""
    while position == start or pattern[position : position + 1] != "]":
        if position >= len(pattern):
            raise InvalidPatternError(pattern)
        element = (
            _class_at(pattern, position) or _range_at(pattern, position, previous) or _member_at(pattern, position)
        )
        members |= element.members
        position, previous = element.end, element.character
    return members, position + 1


def _class_at(pattern: str, position: int) -> _Element | None:
    """Return the class at `position`, as `[:alpha:]`, or None."""
    name = position + 2
    end = pattern.find("]", name) if pattern.startswith("[:", position) else -1
    if end <= name or pattern[end - 1] != ":":
        return None
    return _Element(_class_members(pattern[name : end - 1]), end + 1)


def _range_at(pattern: str, position: int, first: str) -> _Element | None:
    """Return the range from `first` whose `-` is at `position`, or None."""
    if not first or pattern[position] != "-" or pattern[position + 1 : position + 2] in ("", "]"):
        return None
    last, end = _literal_at(pattern, position + 1)
    return _Element(frozenset(map(chr, range(ord(first), ord(last) + 1))), end)


def _member_at(pattern: str, position: int) -> _Element:
    character, end = _literal_at(pattern, position)
    return _Element(frozenset(character), end, character)


def _class_members(name: str) -> frozenset[str]:
    if name not in _CLASSES:
        raise InvalidPatternError(name)
    return frozenset(filter(_CLASSES[name], map(chr, range(128))))


def _ranges(codes: list[int]) -> Iterator[str]:
    """Yield sorted codes as the ranges of a set: one by one, `[!a]` would be a thousand characters to compile."""
    start = 0
    for position, code in enumerate(codes):
        if position + 1 == len(codes) or codes[position + 1] != code + 1:
            first = codes[start]
            yield f"\\x{first:02x}" if first == code else f"\\x{first:02x}-\\x{code:02x}"
            start = position + 1
