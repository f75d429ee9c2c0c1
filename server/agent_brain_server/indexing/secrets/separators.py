"""What is written between the name of a secret and its value: signs, types, constructors and line breaks."""

from __future__ import annotations

import re

_TRAIL = (
    r"(?:[_-]?(?:\d{1,3}|value|text|plain(?:text)?|string|base64|b64|pem|prod(?:uction)?|dev(?:elopment)?|test|staging|live"
    r"|default|old|new|admin|root|user|db|confirm(?:ation)?|primary|secondary|id))?"
)
_CLOSE = r"(?:\\{0,3}[\"'\])}]){0,3}"
# A type is only one before a quote: `password: Zm9v=` has none.
_TYPED = (
    r":[\w.?&|*' \t]{0,40}(?:(?:::|<[^<>\n]{0,40}>|\[[^\n=:\"\]]{0,60}\])[\w.?&|*' ]{0,40}){0,3}="
    r"(?=\s{0,60}[\w.:(&\[\]$=]{0,40}[\"'`])"
)
_TYPE_BEFORE = (
    r"[ \t]{1,4}(?i:as[ \t]{1,4})?(?:\*?(?i:string|str|n?(?:var)?char|text)|\[\]byte)(?:\(\w{1,5}\))?"
    r"(?:[ \t]{1,4}(?i:not[ \t]{1,4}null))?[ \t]{0,4}(?:=|(?i:default)[ \t]{1,4}(?==?[\"']))"
)
_SEPARATOR = (
    rf"(?:[ \t\xa0]{{0,20}}(?:\\\n[ \t]{{0,60}})?(?:{_TYPED}"
    r"|:=|=>|\?=|\+=|->|[!=]?={1,2}|:{1,2}|\|\|=?|\?\?=?|[＝：]|,|\(|>|-i?c?(?i:eq|ne)[ \t]|[ \t](?=[\"'`]))"
    r"|\.(?i:equals|eql\??|compareto|contentequals)\("
    r"|[ \t]{1,4}(?:value|content|text|default)[ \t]?=|</(?:key|name)>\s{0,40}<(?:string|value|data)>"
    r"|[ \t]{1,3}(?:is|was)[ \t]{0,2}:?[ \t]{0,3}(?=[\"'`])"
    rf"|{_TYPE_BEFORE}|[ \t]{{1,4}}(?i:by)[ \t]{{1,4}}(?i:password[ \t]{{1,4}})?(?=['\"]))"
)
_CONSTRUCTOR = (
    r"(?:(?:new[ ])?(?:(?:std::)?[sS]tring(?:::from|::new)?|Some|Just|Secret(?:Str(?:ing)?|Bytes)?(?:::new|::from)?"
    r"|Buffer\.from|bytes|str|\[\]byte|(?:typer\.)?(?:Option|Argument)|(?:\w{1,20}\.)?Field)"
    r"\(\s{0,40}(?:default ?= ?)?(?=[bBrRuU]?[\"'`]))?"
)
_GAP = r"[ \t]{0,20}(?:[|>][+-]?[ \t]{0,4}(?=\n))?(?:[(\[{]{0,2}\\?\n[ \t]{0,60})?"
_GAP += rf"(?:!!?\w+ )?{_CONSTRUCTOR}(?:[bBrRuUfFL@$]{{0,2}}(?=[\"']))?"
_OPEN = (
    r"(\"\"\"|\'\'\'|[\"'`]|<<[<~-]?[ ]?[\"']?[A-Za-z_]\w{0,20}[\"']?(?=\n))"
    r"(?:(?:(?<=[^\\]\"\"\")|(?<=[^\\]\'\'\')|(?<=[\w`])|(?<=\w[\"']))\\?\n[ \t]{0,60})?"
)
_QUOTED = rf"(?:\\{{1,3}}[\"']([^\n\\\"']{{1,10000}})|{_OPEN}((?:\\.|(?!\2)[^\n\\]){{1,10000}}))"
_BARE = r"([^\s\"'`<>\\]{1,10000})"
AFTER_NAME = re.compile(rf"{_TRAIL}(?![A-Za-z0-9_]){_CLOSE}{_SEPARATOR}{_GAP}(?:{_QUOTED}|{_BARE})")
AFTER_FLAG = re.compile(rf"{_TRAIL}(?:[\"']?[ \t]{{1,4}}|[\"'],[ \t]{{0,4}}[\"'])(?:{_QUOTED}|{_BARE})")
