"""What is written between the name of a secret and its value: signs, types, constructors and line breaks."""

from __future__ import annotations

import re

_TRAIL = (
    r"(?:[_-]?(?:\d{1,3}|value|text|plain(?:text)?|string|base64|b64|pem|prod(?:uction)?|dev(?:elopment)?|test|staging|live"
    r"|default|old|new|admin|root|user|db|confirm(?:ation)?|primary|secondary|id))?"
)
# Emphasis of a document counts as a frame of its own.
_CLOSE = r"(?:\\{0,3}[\"'`\])}]|\*{1,2}(?=[ \t]{0,3}[:=])){0,3}"
_EMPHASIS = r"(?:[ \t]{0,4}\*\*[ \t]{0,4}|(?:\*|__)[ \t]{1,4}|<!\[CDATA\[)?"
_COMMENTS = r"(?:(?:(?:#|//|--)[^\n]{0,120}\n[ \t]{0,60}){1,3}(?=[\"'`]))?"
# A type is only one before a quote: `password: Zm9v=` has none.
_TYPED = (
    r":[\w.?&|*' \t]{0,40}(?:(?:::|<[^<>\n]{0,40}>|\[[^\n=:\"\]]{0,60}\])[\w.?&|*' ]{0,40}){0,3}="
    rf"(?=\s{{0,60}}[\w.:(&\[\]$=#]{{0,40}}(?:\n[ \t]{{0,60}}{_COMMENTS})?[\"'`])"
)
_TYPE_BEFORE = (
    r"[ \t]{1,4}(?i:as[ \t]{1,4})?(?:\*?(?i:string|str|n?(?:var)?char|text)|\[\]byte)(?:\(\w{1,5}\))?"
    r"(?:[ \t]{1,4}(?i:not[ \t]{1,4}null))?[ \t]{0,4}(?:=|(?i:default)[ \t]{1,4}(?==?[\"']))"
)
_SEPARATOR = (
    rf"(?:[ \t\xa0]{{0,20}}(?:\\\n[ \t]{{0,60}}|(?<=[\"'])\n[ \t\n]{{0,60}}(?=:))?(?:{_TYPED}"
    r"|:=|:-(?=[^\s-])|=>"
    r"|\?=|\+=|->|[!=]?={1,2}|:{1,2}|\|\|=?|\?\?=?|\?:|<<<|[＝：]|,|\(|>|-i?c?(?i:eq|ne)[ \t]|[ \t](?=[\"'`]))"
    r"|\.(?i:equals|eql\??|compareto|contentequals)\("
    r"|[ \t]{1,4}(?:value|content|text|default)[ \t]?=|</(?:key|name)>\s{0,40}<(?:string|value|data)>"
    r"|[ \t]{1,3}(?:is|was|ist|lautet|est|es)[ \t]{0,2}:?[ \t]{0,3}(?=[\"'`])"
    r"|[ \t]{1,4}or[ \t]{1,4}(?=[\"'`])|[ \t]{1,4}by[ \t]{1,4}lazy[ \t]{0,4}\{\s{0,60}(?=[\"'])"
    rf"|{_TYPE_BEFORE}|[ \t]{{1,4}}(?i:by)[ \t]{{1,4}}(?i:password[ \t]{{1,4}})?(?=['\"]))"
)
_CONSTRUCTOR = (
    r"(?:(?:new[ ])?(?:(?:std::)?[sS]tring(?:::from|::new)?|Some|Just|Secret(?:Str(?:ing)?|Bytes)?(?:::new|::from)?"
    r"|Buffer\.from|bytes|str|\[\]byte|(?:typer\.)?(?:Option|Argument)|(?:\w{1,20}\.)?Field)"
    r"\(\s{0,40}(?:default ?= ?)?(?=[bBrRuU]?#{0,3}[\"'`]))?"
)
_BLANK_LINES = r"(?:\n[ \t]{0,20}(?=\n)){0,3}"
_GAP = rf"{_EMPHASIS}[ \t]{{0,20}}(?:[|>][+-]?\d?[+-]?[ \t]{{0,4}}(?=\n){_BLANK_LINES})?"
_GAP += rf"(?:[(\[{{]{{0,2}}\\?\n[ \t]{{0,60}}{_COMMENTS})?"
_GAP += rf"(?:!!?\w+ )?{_CONSTRUCTOR}(?:[bBrRuUfFL@$]{{0,2}}#{{0,3}}(?=[\"']))?"
_OPEN = (
    r"(\"\"\"|\'\'\'|``(?!`)|[\"'`]|<<[<~-]?[ ]?[\"']?[A-Za-z_]\w{0,20}[\"']?(?=\n))"
    r"(?:(?:(?<=[^\\]\"\"\")|(?<=[^\\]\'\'\')|(?<=[\w`])|(?<=\w[\"']))\\?\n[ \t]{0,60})?"
)
_QUOTED = rf"(?:\\{{1,3}}[\"']([^\n\\\"']{{1,10000}})|{_OPEN}((?:\\.|(?!\2)[^\n\\]){{1,10000}}))"
_BARE = r"((?!\|[ \t]|:\s|~~~)[^\s\"'`<>\\]{1,10000})"
# Strings of Ruby, Elixir, Perl and Lua.
_DELIMITED = r"(?:(?:%[qQ]|~[sS]|qq?)[(\[{<|/]|\[={0,3}\[)([^\s\"'`()\[\]{}<>|/]{3,400})(?=[)\]}>|/])"
_VALUE = rf"(?:{_QUOTED}|{_DELIMITED}|{_BARE})"
AFTER_NAME = re.compile(rf"{_TRAIL}(?:__?(?=[ \t]{{0,3}}:))?(?![A-Za-z0-9_]){_CLOSE}{_SEPARATOR}{_GAP}{_VALUE}")
AFTER_FLAG = re.compile(rf"{_TRAIL}(?:[\"']?[ \t]{{1,4}}|[\"'],[ \t]{{0,4}}[\"']){_VALUE}")
VALUES = (1, 3, 4, 5)
"""The groups of a value: behind an escaped quote, in quotes, in other delimiters, without any."""
BARE = 5
