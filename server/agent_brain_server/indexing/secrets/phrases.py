"""Secrets that the words before them give away without a name of their own: headers, commands, hashes, wallets.

What a phrase begins with is found by `str.find`, which is fast, and bounded patterns are tried there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from agent_brain_server.indexing.secrets.pairs import SECOND_ARGUMENT
from agent_brain_server.indexing.secrets.tokens import Span
from agent_brain_server.indexing.secrets.values import is_basic, is_password, is_placeholder, is_random, is_recovery


class Phrase(NamedTuple):
    """A secret's pattern from a gate on, the judge of its value, and its kind."""

    pattern: re.Pattern[str]
    judge: Callable[[str], bool]
    kind: str


def _is_header_value(value: str) -> bool:
    return is_random(value, 16)


def _is_given(value: str) -> bool:
    return not is_placeholder(value)


def _is_hash(_: str) -> bool:
    return True


_RECOVERY = (
    r"s?[\"']?[ \t]{0,4}(?::=|=>|[:=,(])[ \t(]{0,4}[\"'`]?([a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})(?![ ,]{0,2}[a-z])"
)

_HTTPIE = re.compile(r"\w{2,5} [^\n|;]{0,160}?(?<= )(?:-a|--auth)[ =]?[\"']?[^\s:/\"']{1,60}:([^\s\"'$]{3,100})")

# By what the phrases begin with, in small letters.
_PHRASES: dict[str, tuple[Phrase, ...]] = {
    "bearer ": (Phrase(re.compile(r"\w{6} {1,4}([A-Za-z0-9._~+/=-]{16,4000})"), _is_header_value, "bearer token"),),
    "basic ": (Phrase(re.compile(r"\w{5} {1,4}([A-Za-z0-9+/]{8,400}={0,2})"), is_basic, "basic credentials"),),
    "auth": (
        Phrase(
            re.compile(
                r"(?i:authorization)(?:[\"']?\s{0,4}[:=]|[\"'],)\s{0,4}[\"']?"
                r"(?:(?i:token|apikey|key) )?([\w.~+/=-]{20,400})"
            ),
            _is_header_value,
            "authorization",
        ),
        Phrase(
            re.compile(r"\w{4}[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?([A-Za-z0-9+/]{8,400}={0,2})"),
            is_basic,
            "basic credentials",
        ),
        Phrase(re.compile(rf"\w{{4}}(?i:entication|enticate)?{SECOND_ARGUMENT}"), is_password, "password"),
    ),
    "login(": (Phrase(re.compile(rf"\w{{5}}{SECOND_ARGUMENT}"), is_password, "password"),),
    "identified by ": (
        Phrase(
            re.compile(r"\w{10} \w\w {1,4}(?i:password {1,4})?['\"]([^'\"\n]{3,200})"),
            _is_given,
            "password",
        ),
    ),
    "{s": (Phrase(re.compile(r"\{\w{3,7}\}([A-Za-z0-9+/=]{20,120})"), _is_given, "password hash"),),
    "dockerconfigjson": (
        Phrase(
            re.compile(r"\w{16}[\"']?:[ \t]{0,4}[\"']?([A-Za-z0-9+/=]{20,20000})"),
            _is_given,
            "registry credentials",
        ),
    ),
    "signature=": (Phrase(re.compile(r"\w{9}=([A-Za-z0-9%+/_-]{30,1000})"), _is_header_value, "signed URL"),),
    "mnemonic": (Phrase(re.compile(rf"\w{{8}}{_RECOVERY}"), is_recovery, "recovery phrase"),),
    "phrase": (Phrase(re.compile(rf"\w{{6}}{_RECOVERY}"), is_recovery, "recovery phrase"),),
}
_PIPED = re.compile(r"[\"']([^\"'\n$]{3,200})[\"'][ \t]{0,9}\|[ \t]{0,9}(?i:convertto-securestring)")
_WITH_DOLLARS: dict[str, tuple[Phrase, ...]] = {
    ":$": (
        Phrase(re.compile(r":(\$(?:apr1|1|2[aby]|5|6|7|y|gy)\$[./A-Za-z0-9$+=]{12,120})"), _is_hash, "password hash"),
    ),
    "$2": (Phrase(re.compile(r"(\$2[aby]\$[./A-Za-z0-9$+=]{12,120})"), _is_hash, "password hash"),),
    "$apr1": (Phrase(re.compile(r"(\$\w{4}\$[./A-Za-z0-9$]{12,120})"), _is_hash, "password hash"),),
}
# Of shells, and of what people write down of them.
_COMMANDS: dict[str, tuple[Phrase, ...]] = {
    "login ": (
        Phrase(
            re.compile(r"\w{5}[ \t]+\S{1,100}\s+(?:account[ \t]+\S{1,100}\s+)?password[ \t]+(\S{2,200})"),
            _is_given,
            "password",
        ),
    ),
    "curl ": (
        Phrase(
            re.compile(r"\w{4}\b[^\n|;]{0,200}?(?:-u|--user)[ =][\"']?[^\s:\"']{1,60}:([^\s\"'$]{3,100})"),
            _is_given,
            "password",
        ),
    ),
    "sshpass ": (Phrase(re.compile(r"\w{7} +-p *[\"']?([^\s\"'$]{3,100})"), _is_given, "password"),),
    "mysql": (
        Phrase(
            re.compile(r"\w{5,13}\b[^\n|;]{0,120}? -p([^\s'\"$=-][^\s'\"]{3,60})"),
            is_password,
            "password",
        ),
    ),
    "seed": (Phrase(re.compile(rf"\w{{4}}(?i:[_ -]?word)?{_RECOVERY}"), is_recovery, "recovery phrase"),),
    "recovery": (Phrase(re.compile(rf"\w{{8}}(?i:[_ -]?(?:word|key))?{_RECOVERY}"), is_recovery, "recovery phrase"),),
    "psk=": (Phrase(re.compile(r"\w{3}=[\"']?([^\s\"'$]{8,64})"), _is_given, "password"),),
    "chpasswd": (
        Phrase(re.compile(r"\w{8}[^\n|<]{0,40}<<<? ?[\"']?[\w.-]{1,32}:([^\s\"']{3,100})"), _is_given, "password"),
    ),
    "echo ": (
        Phrase(
            re.compile(
                r"\w{4} (?:-\w{1,3} )?[\"']?[\w.-]{1,32}:([^\s\"'|]{3,100})[\"']?[ \t]{0,9}\|[^\n|]{0,40}chpasswd"
            ),
            _is_given,
            "password",
        ),
    ),
}

# Of commands that take a password behind a short option.
_OPTION = re.compile(r" -(?:[apuUw]|-auth)[ =]")
_WITH_OPTIONS: dict[str, tuple[Phrase, ...]] = {
    "http ": (Phrase(_HTTPIE, is_password, "password"),),
    "https ": (Phrase(_HTTPIE, is_password, "password"),),
    "xh ": (Phrase(_HTTPIE, is_password, "password"),),
    "redis-cli ": (
        Phrase(re.compile(r"\w{5}-cli[^\n|;]{0,120}? -a[ =]?[\"']?([^\s\"'$]{3,100})"), is_password, "password"),
    ),
    "docker login ": (
        Phrase(re.compile(r"\w{6} \w{5}[^\n|;]{0,120}? -p[ =]?[\"']?([^\s\"'$]{3,200})"), is_password, "password"),
    ),
    "smbclient ": (
        Phrase(
            re.compile(r"\w{9}[^\n|;]{0,120}? -U ?[\"']?[^\s%\"']{1,60}%([^\s\"'$]{3,100})"), is_password, "password"
        ),
    ),
    "lftp ": (
        Phrase(
            re.compile(r"\w{4}[^\n|;]{0,120}? -u ?[\"']?[^\s,\"']{1,60},([^\s\"'$]{3,100})"), is_password, "password"
        ),
    ),
    "ldap": (Phrase(re.compile(r"\w{6,12}\b[^\n|;]{0,120}? -w ?[\"']?([^\s\"'$]{3,100})"), is_password, "password"),),
}
_SECURE: dict[str, tuple[Phrase, ...]] = {
    "to-securestring": (
        Phrase(
            re.compile(r"\w\w-\w{12}(?:[ \t]{1,4}-\w{1,20}){0,3}[ \t]{1,4}[\"']([^\"'\n$]{3,200})[\"']"),
            _is_given,
            "password",
        ),
    ),
}


_READERS = ("-stdin", "sudo -s", "with-token")
"""What commands that read a password from their input are written with."""
_WRITTEN = re.compile(
    r"(?:echo|printf)(?: -\w{1,3}| [\"']?%s(?:\\n)?[\"']?){0,2} [\"']?([^\s\"'$|]{3,200})[\"']?[ \t]{0,9}\|[^\n|]*$"
)
_HERE_STRING = re.compile(r"[^\n|;<]{0,60}<<< ?[\"']?([^\s\"'$]{3,200})")


def find_phrases(text: str, lowered: str, *, commands: bool) -> Iterator[Span]:
    """Find the secrets behind each phrase in `text`; `lowered` is the same in small letters, place by place."""
    for gate, phrases in _PHRASES.items():
        yield from _behind(text, lowered, gate, phrases)
    if "$" in text:
        for gate, phrases in _WITH_DOLLARS.items():
            yield from _behind(text, lowered, gate, phrases)
    if commands:
        yield from _in_commands(text, lowered)


def _in_commands(text: str, lowered: str) -> Iterator[Span]:
    for gate, phrases in _COMMANDS.items():
        yield from _behind(text, lowered, gate, phrases)
    if _OPTION.search(text):
        for gate, phrases in _WITH_OPTIONS.items():
            yield from _behind(text, lowered, gate, phrases)
    if "|" in text or "<<<" in text:
        for gate in _READERS:
            yield from _piped(text, lowered, gate)
    if "to-securestring" in lowered:
        for gate, phrases in _SECURE.items():
            yield from _behind(text, lowered, gate, phrases)
        yield from (Span(*match.span(1), "password") for match in _PIPED.finditer(text) if _is_given(match[1]))


def _piped(text: str, lowered: str, gate: str) -> Iterator[Span]:
    """Find what is written into the input of a command that reads a password from there."""
    at = lowered.find(gate)
    while at >= 0:
        end = at + len(gate)
        line = text.rfind("\n", max(0, at - 300), at) + 1
        match = _WRITTEN.search(text, max(line, at - 300), at) or _HERE_STRING.match(text, end)
        if match and is_password(match[1]):
            yield Span(*match.span(1), "password")
        at = lowered.find(gate, end)


def _behind(text: str, lowered: str, gate: str, phrases: tuple[Phrase, ...]) -> Iterator[Span]:
    start = lowered.find(gate)
    while start >= 0:
        end = start + len(gate)
        for pattern, judge, kind in phrases:
            if (match := pattern.match(text, start)) and judge(match[1]):
                yield Span(match.start(1), match.end(1), kind)
                end = max(end, match.end())
        start = lowered.find(gate, end)
