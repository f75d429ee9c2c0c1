"""Secrets that the layout of a document puts next to their name: a row of a table, a block, a list of terms, elements.

Asked only for names in documents and settings that have no value behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_brain_server.indexing.secrets.pairs import CharRange, Judge

MOST_CHARACTERS = 3_000
_CALLED = re.compile(r"[A-Za-z_][\w.]*\(")
_WORD = r"[*_`\"']{0,4}([^\s<>|*`\"']{3,400}(?:[*_][^\s<>|*`\"']{1,100}){0,4})[*_`\"']{0,4}"
# What follows the name decides which layout is tried.
_NEXT = re.compile(r"(?:[\w-]{0,12}[\"'*_`\])]{1,3})?[ \t]{0,9}:{0,2}[*_`]{0,3}[ \t]{0,40}([|<>\n]|(?<=[ \t])(?=\S))")
_CELL = re.compile(rf"[ \t]{{0,40}}{_WORD}[ \t]{{0,80}}\|")
_ROW = re.compile(r"[ \t>]{0,20}\|(?:[^|\n]{0,60}\|)?[*_`\"'\w .-]{0,60}")
_RULE = re.compile(r"[^\n]{0,300}\n[ \t]{0,9}\|?[ \t]{0,9}:?-")
_FENCED = re.compile(
    rf"(?:[ \t]{{0,20}}\n){{0,2}}[ \t]{{0,20}}(?P<fence>```|~~~)\w{{0,20}}[ \t]{{0,9}}\n[ \t]{{0,40}}{_WORD}"
    r"[ \t]{0,9}\n[ \t]{0,40}(?P=fence)"
)
_BLOCK = re.compile(rf"(?:[ \t]{{0,20}}\n){{0,2}}(?P<indent>[ \t]{{2,40}}){_WORD}[ \t]{{0,9}}(?:\n(?!(?P=indent)\S)|$)")
_HEADING = re.compile(r"[ \t>*_`#+?\"'-]{0,20}(?:[\w.]{1,20}[ -]){0,3}[\w.-]{0,20}")
_TERM = re.compile(rf"[ \t]{{0,40}}:[ \t]{{1,9}}{_WORD}[ \t]{{0,9}}(?:\n|$)")
_SETTING = re.compile(r"[ \t]{0,40}(?:[;#!]{1,2}[ \t]{0,9})?[\w.-]{0,60}$")
_LINE_END = re.compile(r"([^\s\"'`<>|=:]{3,400})[ \t]{0,20}(?:\n|$)")
_ELEMENTS = re.compile(
    r"(?:/\w{1,10}|(?:(?<=:<)|(?<=: <))"
    r"(?:b|code|em|i|kbd|mark|samp|span|strong|tt|var)(?:\s[^<>]{0,100})?)>\s{0,60}(?::\s{0,9})?"
    r"(?:<(?!/?(?:a|h\d|input|li|option|script|style|t[hr]|table|ul)\b)/?\w{1,10}(?:\s[^<>]{0,100})?>\s{0,60}){0,4}([^\s<>]{3,400})(?=\s{0,60}<)"
)
_ATTRIBUTE_VALUE = re.compile(
    r"[\"'][^<>]{0,100}>\s{0,60}<(?i:value|string|data|text|content|val)(?:\s[^<>]{0,60})?>\s{0,60}([^\s<>]{3,400})\s{0,60}</"
)
_OF_TABLE = re.compile(
    r"<(tr|t[dh])\b[^<>]{0,200}>(?:\s{0,60}<(?!/|t[rdh]\b)\w[^<>]{0,100}>){0,3}\s{0,60}([^\s<>]{0,400})(?=\s{0,60}(?:<|$))",
    re.IGNORECASE,
)


def find_laid_out(text: str, start: int, end: int, judge: Judge) -> Iterator[CharRange]:
    """Find the value that the layout puts next to the name from `start` to `end`."""
    follows = _NEXT.match(text, end)
    if follows is None:
        return
    sign, at = follows[1], follows.end()
    line = text.rfind("\n", max(0, start - 120), start) + 1
    match = None
    if sign == "|" and _ROW.fullmatch(text, line, start) and not _RULE.match(text, at):
        match = _CELL.match(text, at)
    elif sign == "\n" and _HEADING.fullmatch(text, line, start):
        match = _FENCED.match(text, at) or _BLOCK.match(text, at) or _TERM.match(text, at)
    elif sign == "<":
        yield from _in_html_column(text, start, at, judge)
        match = _ELEMENTS.match(text, at)
    elif text[end] in "\"'":
        match = _ATTRIBUTE_VALUE.match(text, end)
    elif follows[0].isspace() and _SETTING.fullmatch(text, line, start):
        match = _LINE_END.match(text, at)
    if match is not None and (place := _judged(match, judge)):
        yield place


def _judged(match: re.Match[str], judge: Judge) -> CharRange | None:
    """Return where the last group of the match is, if it is a secret: no call and no type such as `char(20)`."""
    group = match.lastindex or 0
    value = match[group].rstrip(",;")
    return (match.start(group), match.start(group) + len(value)) if judge(value) and not _CALLED.match(value) else None


def _in_html_column(text: str, start: int, at: int, judge: Judge) -> Iterator[CharRange]:
    """Find the cells below the head of a column, in the same table."""
    row = text.rfind("<tr", max(0, start - MOST_CHARACTERS), start)
    if row < 0 or not text.startswith("/th", at):
        return
    column = text.count("<th", row, start) + text.count("<td", row, start)
    stop = text.find("</table", at, at + MOST_CHARACTERS)
    number = 0
    for element in _OF_TABLE.finditer(text, at, stop if stop >= 0 else at + MOST_CHARACTERS):
        number = 0 if element[1].lower() == "tr" else number + 1
        if number == column and element[1].lower() == "td" and (place := _judged(element, judge)):
            yield place
