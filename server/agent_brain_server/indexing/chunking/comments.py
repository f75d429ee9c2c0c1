"""What comments and docstrings say, without the marks around them."""

from __future__ import annotations

import re

LONGEST_DOCUMENTATION = 2_000
_MOST_LINES, _LONGEST_LINE = 200, 500

_OPEN = re.compile(
    r"^\s*(?:///?!?<?|//!|/\*+!?<?|\{-+\s?\|?|\(\*+|<!--+|--+\s?[|^]?|#+!?:?|%+|;+|=begin\b|\"{3}|'{3})[ \t]?"
)
_CLOSE = re.compile(r"(?<!\s)\s*+(?:(?<!\*)\*++/|-\}|\*\)|(?<!-)--++>|=end\b)\s*+$")
_STAR = re.compile(r"^\s*\*+(?!/)[ \t]?")
_STRING = re.compile(r"^[a-zA-Z]{0,2}(\"{3}|'{3}|\"|')(.*)\1$", re.DOTALL)


def comment_text(lines: list[str]) -> str:
    """Return the text of the lines of one or several comments."""
    said = []
    for long in lines[:_MOST_LINES]:
        line = long[:_LONGEST_LINE]
        bare = _CLOSE.sub("", line)
        opened = _OPEN.sub("", bare, count=1)
        said.append((_STAR.sub("", bare, count=1) if opened == bare else opened).rstrip())
    return dedent("\n".join(said))


def string_text(literal: str) -> str:
    """Return the text of a string literal, as in a docstring: without prefix, quotes and common indent."""
    match = _STRING.match(literal.strip())
    return dedent(match.group(2) if match else literal)


def dedent(text: str) -> str:
    """Return the text without outer blank lines and the indent that all lines but the first share, cut to a limit."""
    head, *rest = text.strip().split("\n")
    indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([head.rstrip(), *(line[indent:].rstrip() for line in rest)])[:LONGEST_DOCUMENTATION].rstrip()
