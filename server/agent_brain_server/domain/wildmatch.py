"""Git's wildcards as regular expressions: what `wildmatch.c` matches, over octets written as characters.

An expression is for exactly one path, relative to its ignore file; `\\0` is a character that no path holds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

SPECIAL = re.compile(r"[*?\[\\]")
_CHARACTER = r"[^/\0]"
_STAR = "*"  # stands in a translated pattern for a star within one name, until it is known what follows it
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
    if rest.startswith("/"):
        return r"(?:[^\0]*/)?", end + 1
    return r"[^\0]*", end


def _join(parts: list[str]) -> str:
    """Replaces the stars. All but the last take the shortest that fits and keep it, against exponential time."""
    chunks: list[list[str]] = [[]]
    for part in parts:
        if part == _STAR:
            chunks.append([])
        else:
            chunks[-1].append(part)
    joined = "".join(chunks[0])
    for chunk in chunks[1:-1]:
        text = "".join(chunk)
        crosses = any(part.startswith((r"(?:[^\0]", r"[^\0]")) for part in chunk)
        joined += f"{_CHARACTER}*{text}" if crosses else f"(?>{_CHARACTER}*?{text})"
    return joined if len(chunks) == 1 else f"{joined}{_CHARACTER}*{''.join(chunks[-1])}"


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
    listed = "".join(f"\\x{ord(character):02x}" for character in sorted(chosen - {"/", "\0"}))
    return f"[{listed}]" if listed else "(?!)", position + 1


def _set_character(pattern: str, position: int) -> tuple[str, int]:
    position += pattern[position] == "\\"
    if position >= len(pattern):
        raise InvalidPatternError(pattern)
    return pattern[position], position + 1


def _class_members(name: str) -> set[str]:
    if name not in _CLASSES:
        raise InvalidPatternError(name)
    return {chr(code) for code in range(128) if _CLASSES[name](chr(code))}
