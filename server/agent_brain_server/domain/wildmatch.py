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

SPECIAL = re.compile(r"[*?\[\\]")
_CHARACTER = r"[^/\0]"
_DIRECTORY = r"[^/\0]*+/"
# Wildcards in a translated pattern, until it is known what follows them; no other part is one of these.
_STAR = "*"  # within one name
_DIRECTORIES = "**/"  # no, one or several directories
_ANYTHING = "**"
_SHORTEST = {_DIRECTORIES: rf"(?:{_DIRECTORY})*?", _ANYTHING: r"[^\0]*?"}
_LONGEST = {_DIRECTORIES: r"(?:[^\0]*/)?", _ANYTHING: r"[^\0]*"}
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
    """The bytes of a path as characters, the form in which rules are matched."""
    return path if path.isascii() else os.fsencode(path).decode("latin-1")


class InvalidPatternError(ValueError):
    """A pattern that git lets match nothing."""


def translate(pattern: str) -> str:
    """The regular expression for the paths that a pattern without its leading and trailing `/` matches."""
    parts: list[str] = []
    position = 0
    plain = True
    while position < len(pattern):
        character = pattern[position]
        if character == "*":
            part, position = _translate_stars(pattern, position, plain)
        elif character == "[":
            part, position = _translate_set(pattern, position + 1)
        elif character == "\\":
            if position + 1 == len(pattern):
                raise InvalidPatternError(pattern)
            part, position = re.escape(pattern[position + 1]), position + 2
        else:
            part, position = _CHARACTER if character == "?" else re.escape(character), position + 1
        plain = plain and not SPECIAL.match(character)
        parts.append(part)
    return _join(parts)


def _translate_stars(pattern: str, start: int, plain: bool) -> tuple[str, int]:
    """`**` crosses directories when it stands alone between slashes.

    git compares the plain beginning of a pattern by itself, so what follows it stands at a beginning too (`plain`).
    """
    end = start
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    begins = plain or pattern[start - 1] == "/"
    rest = pattern[end:]
    if end - start == 1 or not begins or not (rest == "" or rest.startswith(("/", "\\/"))):
        return _STAR, end
    return (_DIRECTORIES, end + 1) if rest.startswith("/") else (_ANYTHING, end)


def _join(parts: list[str]) -> str:
    """Replace the wildcards that cross directories; see the module."""
    (_, first), *others = _split(parts, (_DIRECTORIES, _ANYTHING))
    joined = _join_names(first)
    for wildcard, piece in others[:-1]:
        if piece:
            joined += rf"(?>{_SHORTEST[wildcard]}{_join_names(piece)})"
    for wildcard, piece in others[-1:]:
        joined += _LONGEST[wildcard] + _join_names(piece)
    return joined


def _join_names(parts: list[str]) -> str:
    """Replace the stars within names."""
    first, *others = ["".join(piece) for _, piece in _split(parts, (_STAR,))]
    between = "".join(f"(?>{_CHARACTER}*?{piece})" for piece in others[:-1] if piece)
    return first + (f"{between}{_CHARACTER}*{others[-1]}" if others else "")


def _split(parts: list[str], wildcards: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """The pieces between these wildcards, each with the wildcard before it; the first has none."""
    pieces: list[tuple[str, list[str]]] = [("", [])]
    for part in parts:
        if part in wildcards:
            pieces.append((part, []))
        else:
            pieces[-1][1].append(part)
    return pieces


def _translate_set(pattern: str, position: int) -> tuple[str, int]:
    """A bracket expression that begins before `position`, as the set of the octets in it."""
    negated = pattern[position : position + 1] in ("!", "^")
    position += negated
    members: set[str] = set()
    previous = ""
    first = True
    while first or pattern[position : position + 1] != "]":
        first = False
        if position >= len(pattern):
            raise InvalidPatternError(pattern)
        if pattern.startswith("[:", position) and (end := pattern.find("]", position + 2)) >= 0:
            if pattern[end - 1] == ":" and end - 1 >= position + 2:
                members |= _class_members(pattern[position + 2 : end - 1])
                previous, position = "", end + 1
                continue
        elif pattern[position] == "-" and previous and pattern[position + 1 : position + 2] not in ("", "]"):
            last, position = _set_character(pattern, position + 1)
            members |= {chr(code) for code in range(ord(previous), ord(last) + 1)}
            previous = ""
            continue
        previous, position = _set_character(pattern, position)
        members.add(previous)
    chosen = {chr(code) for code in range(256)} - members if negated else members
    listed = "".join(_ranges(sorted(ord(character) for character in chosen - {"/", "\0"})))
    return f"[{listed}]" if listed else "(?!)", position + 1


def _ranges(codes: list[int]) -> Iterator[str]:
    """Sorted codes as the ranges of a set: listed one by one, `[!a]` would be a thousand characters to compile."""
    start = 0
    for position, code in enumerate(codes):
        if position + 1 == len(codes) or codes[position + 1] != code + 1:
            first = codes[start]
            yield f"\\x{first:02x}" if first == code else f"\\x{first:02x}-\\x{code:02x}"
            start = position + 1


def _set_character(pattern: str, position: int) -> tuple[str, int]:
    position += pattern[position] == "\\"
    if position >= len(pattern):
        raise InvalidPatternError(pattern)
    return pattern[position], position + 1


def _class_members(name: str) -> set[str]:
    if name not in _CLASSES:
        raise InvalidPatternError(name)
    return {chr(code) for code in range(128) if _CLASSES[name](chr(code))}
