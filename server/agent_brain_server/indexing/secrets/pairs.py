"""Secrets whose name is elsewhere: `name: DB_PASSWORD` and `value: …`, the default of a variable, a column's head.

Asked only for names that were found and have no value behind them, so none of it is looked for in other places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from string import ascii_letters, digits

Judge = Callable[[str], bool]
CharRange = tuple[int, int]
"""Where a value starts and ends in a text."""

MOST_COLUMNS = 40
LONGEST_HEAD = 2_000
SECOND_ARGUMENT = (
    r"[\"']?[ \t]{0,4}(?:[:=][ \t]{0,4})?[(\[][ \t\n]{0,40}(?:\w{1,20} ?= ?)?[\"'][^\"'\n]{1,100}[\"']"
    r"[ \t\n]{0,40},[ \t\n]{0,40}(?:\w{1,20} ?= ?)?[\"']([^\"'\n]{3,200})[\"']"
)
"""`('bob', '…')` behind the name of a call or of an argument that takes a user and a password."""
_NAMED = re.compile(r"(?i:name|key)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[\w.-]{0,50}$")
_ENTRY = r"(?:[\"']?\w{1,20}[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[\w.-]{0,60}[\"']?[ \t]{0,4},?\s{1,60}){0,2}"
_VALUE_AFTER = re.compile(
    rf"\w{{0,20}}[\"']?[ \t]{{0,4}},?\s{{1,80}}{_ENTRY}[\"']?(?i:parameter)?_?(?i:value)[\"']?"
    r"[ \t]{0,4}[:=][ \t]{0,4}"
    r"(?:\"([^\"\n]{1,2000})|'([^'\n]{1,2000})|([^\s\"'{\[|>][^\s\"',}]{0,2000}))"
)
_VALUE_BEFORE = re.compile(
    r"[\"']?(?i:value)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']([^\"'\n]{1,200})[\"'][ \t]{0,4},?\s{1,60}"
    r"[\"']?(?i:name|key)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?[\w.-]{0,50}$"
)
_DEFAULT = re.compile(
    r"[\w-]{0,20}\"[ \t]{0,4}\{[^{}]{0,600}?\bdefault[ \t]{0,40}=[ \t]{0,4}\"([^\"\n]{1,2000})\"",
)
_VARIABLE = re.compile(r"variable[ \t]{1,4}\"[\w-]{0,60}$")
_OPTION = re.compile(r"(?:[\"']-{1,2}|\([ \t]{0,4}[\"'])[\w-]{0,50}$")
_OPTION_DEFAULT = re.compile(
    r"[\w-]{0,20}(?:[ =][<\[]\w{1,20}[>\]])?[\"'],(?:[^()\"']|\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'){0,300}?"
    r"(?<![\w.])(?:default|defaultValue|value)[\"']?[ \t]{0,4}[=:][ \t]{0,4}[bBrRuU]?[\"']([^\"'\n]{1,200})[\"']"
)
"""The default of an option in the same call, behind the option's name."""

_OF_WORDS = f"{ascii_letters}{digits}_-"
_OF_NAMES = f"{ascii_letters}{digits}_.-\"' \t"
_SECOND_ARGUMENT = re.compile(SECOND_ARGUMENT)


def find_in_pair(text: str, start: int, end: int, judge: Judge) -> Iterator[CharRange]:
    """Find the value in the same pair as a name, the default of the variable, the second argument of the call."""
    if text[end : end + 1].isalpha():
        return
    before = text[max(text.rfind("\n", max(0, start - 80), start) + 1, start - 80) : start]
    match = None
    if text.startswith("(", end):
        if not text[start : start + 4].lower().startswith("cred"):
            return
        match = _SECOND_ARGUMENT.match(text, end)
    elif "variable" in before and _VARIABLE.search(before):
        match = _DEFAULT.match(text, end)
    elif before.rstrip(_OF_WORDS).endswith(('"', "'")) and _OPTION.search(before):
        match = _OPTION_DEFAULT.match(text, end)
    elif before.rstrip(_OF_NAMES).endswith((":", "=")) and _NAMED.search(before):
        match = _VALUE_AFTER.match(text, end) or _VALUE_BEFORE.search(text, max(0, start - 340), start)
    if match is not None and match.lastindex is not None and judge(match[match.lastindex]):
        yield match.span(match.lastindex)


_COLUMN_ENDS = re.compile(r"\w{0,8}[ \t\"'`*_\]]{0,9}([,;|)\t\n])")
_INTO = re.compile(r"(?:\binto|^[ \t]{0,20}copy)\s{1,20}[\w.\"`\[\]]{1,120}\s{0,20}$", re.MULTILINE)
_VALUES = re.compile(r"\)\s{0,60}(?i:values)\s{0,60}(?=\()")
_STDIN = re.compile(r"\)\s{0,20}(?i:from)\s{1,20}(?i:stdin)[^\n;]{0,100};[ \t]*\n")
_FIELD = re.compile(
    r"\s{0,60}(?:[A-Za-z]{0,2}'((?:[^'\\]|''|\\.){0,2000})'|\"((?:[^\"\\]|\\.){0,2000})\""
    r"|[^,()'\"]{0,200}(?:\([^()]{0,200}\))?)[^,()'\"]{0,40}([,)])"
)
_NEXT_ROW = re.compile(r"\s{0,60},\s{0,60}\(")
_RULE = re.compile(r"[ \t|:-]{0,1000}-[ \t|:-]{0,1000}(?:\n|$)")
_QUOTES = " \t\r`*\"'"


def find_in_column(text: str, start: int, end: int, language: str, judge: Judge) -> Iterator[CharRange]:
    """Find the values below a name that heads a column: of an SQL statement, a Markdown table, a CSV file."""
    match = None if text[end : end + 1].isalpha() else _COLUMN_ENDS.match(text, end)
    if match is None:
        return
    if match[1] in ",)":
        yield from _in_statement(text, start, end, judge)
    line = text.rfind("\n", max(0, start - LONGEST_HEAD), start) + 1
    if start - line > LONGEST_HEAD:
        return
    if language == "csv" and line == 0:
        signs = [sign for sign in (match[1], *text[max(0, start - 40) : start]) if sign in ",;\t"]
        yield from _in_lines(text, start, signs[0] if signs else ",", judge)
    elif match[1] in "|\n" and text.rfind("|", line, end + 40) >= 0:
        head = text.find("\n", end)
        if head >= 0 and (rule := _RULE.match(text, head + 1)) is not None:
            yield from _in_lines(text, start, "|", judge, rule.end())


def _in_statement(text: str, start: int, end: int, judge: Judge) -> Iterator[CharRange]:
    """Find the fields of this column in the rows behind `INSERT INTO t (…) VALUES` or `COPY t (…) FROM stdin`."""
    opened = text.rfind("(", max(0, start - 400), start)
    head = text[max(0, opened - 160) : max(0, opened)].lower()
    if ("into" not in head and "copy" not in head) or _INTO.search(head) is None:
        return
    close = text.find(")", end, end + 400)
    column = text.count(",", opened, start)
    if close < 0 or column > MOST_COLUMNS:
        return
    if match := _STDIN.match(text, close):
        yield from _in_lines(text, start, "\t", judge, match.end(), column)
    elif match := _VALUES.match(text, close):
        yield from _in_rows(text, match.end() + 1, column, judge)


def _in_rows(text: str, at: int, column: int, judge: Judge) -> Iterator[CharRange]:
    number = 0
    while (field := _FIELD.match(text, at)) is not None:
        if number == column and (group := 1 if field[1] else 2) and field[group] and judge(field[group]):
            yield field.span(group)
        number, at = number + 1, field.end()
        if field[3] == ")":
            row = _NEXT_ROW.match(text, at)
            if row is None:
                return
            number, at = 0, row.end()


def _in_lines(
    text: str, start: int, separator: str, judge: Judge, at: int | None = None, column: int | None = None
) -> Iterator[CharRange]:
    """Find the cells of this column from `at` on, to the first line without a separator or the next table's head."""
    if column is None:
        column = text.count(separator, text.rfind("\n", 0, start) + 1, start)
    at = text.find("\n", start) + 1 if at is None else at
    while 0 < at < len(text) and column <= MOST_COLUMNS:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        cells = text[at:end].split(separator, column + 1)
        if len(cells) == 1 or (separator == "|" and _RULE.match(text, at)):
            return
        if column < len(cells):
            first = at + sum(len(cell) + 1 for cell in cells[:column])
            bare = cells[column].strip(_QUOTES)
            first += cells[column].find(bare)
            if bare and judge(bare):
                yield first, first + len(bare)
        at = end + 1
