"""Secrets that a name gives away: `password = "…"`, `api_key: …`, `https://user:…@host`, `Authorization: Bearer …`.

Names are found by `str.find`, which is fast, and one bounded pattern is tried behind each. In code only what is in
quotes is a value; in settings, scripts and documents what is not may be one too. In a file that is known for holding
credentials among other things, every value of such a name is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent_brain_server.indexing.secrets.comparisons import find_compared, is_compared
from agent_brain_server.indexing.secrets.expressions import find_alternative, find_unpacked, unpacked_item
from agent_brain_server.indexing.secrets.layouts import find_laid_out
from agent_brain_server.indexing.secrets.multiline import find_lines
from agent_brain_server.indexing.secrets.pairs import Judge, find_in_column, find_in_pair
from agent_brain_server.indexing.secrets.phrases import find_phrases
from agent_brain_server.indexing.secrets.separators import AFTER_FLAG, AFTER_NAME, BARE, VALUES
from agent_brain_server.indexing.secrets.tokens import Span
from agent_brain_server.indexing.secrets.values import CODE, is_password, is_placeholder, is_random


class _Name(NamedTuple):
    """A word that names of secrets end in, what may follow it, and whether these are passwords (else tokens)."""

    word: str
    pattern: re.Pattern[str]
    is_pass: bool

    def judges(self, value: str) -> bool:
        """Return whether the value is a secret: one for a token is longer than one for a password."""
        if self.word == "sess":
            return value.isalnum() and is_random(value, 20)
        return is_password(value) if self.is_pass else is_random(value)

    @property
    def kind(self) -> str:
        """Return the kind of secret that such a name has."""
        return "password" if self.is_pass else "secret value"


_NAMES = tuple(
    _Name(word, re.compile(pattern, re.IGNORECASE), is_pass)
    for word, pattern, is_pass in (
        ("pass", r"pass(?:word|wd|phrase|code|wort)?s?", True),
        ("pw", r"pwd?", True),
        ("secret", r"secrets?(?:[_-]?(?:access)?[_-]?(?:key|token|id))?(?:[_-]?base)?", False),
        ("token", r"tokens?", False),
        ("key", r"keys?(?:[_-]?(?:data|base|material))?", False),
        ("cred", r"cred(?:s|entials?)?", True),
        ("salt", r"salt", False),
        ("_pat", r"_pat(?![a-z])", False),
        ("sess", r"sess(?:ion)?[_-]?id", False),
    )
)
# What passwords are called in documents and settings of other languages, each with its endings.
_ABROAD = tuple(
    _Name(word, re.compile(word + ends, re.IGNORECASE), is_pass=True)
    for word, _, ends in (
        name.partition("+")
        for name in """
        passe contraseñ+as? contrasena senha+s? kennwort wachtwoord adgangskode lösenord hasło heslo salasana jelszó
        parola şifre пароль 密码 密碼 口令 パスワード 비밀번호 암호
        """.split()
    )
)
_KEYS = tuple(
    """
    access account admin aes api app application auth client consumer crypt crypto deploy encrypt encryption hmac
    instrumentation jwt license logged_in master nonce preshared primary private root secondary secure_auth secret
    server service session shared sign signature signing ssh storage subscription symmetric webhook write signing_secret
    """.split()
)
_OWNERS = "db user smtp mail ftp root admin my proxy ssh redis mysql pg rpc sql auth require http sudo"
_PASSES = (*_OWNERS.split(), *"_-./\"'`([,;&?< \n\t")


def find_assigned(text: str, lowered: str, language: str, *, strict: bool) -> Iterator[Span]:
    """Find the secrets in `text` next to a name or in a URL. With `strict` every value of such a name is one.

    `lowered` is the text in small letters, place by place.
    """
    for name in _NAMES if language in CODE else _NAMES + _ABROAD:
        if name.word != "salt" or strict:
            yield from _named(text, lowered, name, language, strict=strict)
    if "://" in text:
        yield from _in_urls(text)
    yield from find_phrases(text, lowered, commands=language not in CODE)


def _named(text: str, lowered: str, name: _Name, language: str, *, strict: bool) -> Iterator[Span]:
    """Find the values behind each name that ends so."""
    judge = _is_given if strict else name.judges
    start = lowered.find(name.word)
    while start >= 0:
        match = name.pattern.match(text, start)
        end = match.end() if match else start + len(name.word)
        if match and _qualifies(name.word, lowered, start, end):
            for first, last in _values(text, start, end, language, judge):
                yield Span(first, last, name.kind)
                end = max(end, last)
        start = lowered.find(name.word, end)


def _is_given(value: str) -> bool:
    return len(value) > 2 and not is_placeholder(value)


def _qualifies(word: str, lowered: str, start: int, end: int) -> bool:
    """Return whether the name that ends in this word is one of a secret."""
    before = lowered[max(0, start - 16) : start]
    if word == "key":
        return before.rstrip("_-. ").endswith(_KEYS) and not before.endswith(("public", "public_", "public-"))
    if word == "token" and before.rstrip("_-").endswith("key"):
        return not before.rstrip("_-").endswith(("publickey", "public_key", "public-key"))
    if word == "pass" and end - start == 4:
        return not lowered.startswith("\n", end) and (not before or before.endswith(_PASSES))
    if word == "pw" and end - start == 2:
        return not before[-1:].isalnum()
    if word == "passe":
        return before.rstrip(" _-").endswith("mot de") or before.rstrip("_-").endswith(("mot_de", "mot-de", "motde"))
    return word != "salt" or before.endswith(("_", "-"))


def _values(text: str, start: int, end: int, language: str, judge: Judge) -> list[tuple[int, int]]:
    """Find the secrets of the name from `start` to `end`: behind it, else in a pair or a table."""
    match = AFTER_NAME.match(text, end)
    flag = match is None and _is_flag(text, start)
    if flag:
        match = AFTER_FLAG.match(text, end)
    if match is not None and (flag or _assigns(text, start, match)):
        group = next(number for number in VALUES if match[number] is not None)
        first, value = match.start(group), match[group]
        if group == BARE:
            if language not in CODE and _BLOCK.search(text, match.start(), first):
                return _block(text, start, first, judge)
            value = _bare_value(text, start, first, value, language, flag=flag)
        if group == 3 and (lines := find_lines(text, match[2], first, match.end(3), judge)):
            return lines
        if value and judge(value):
            other = unpacked_item(text, start, end)
            return [*find_unpacked(text, start, end, judge)] if other else [(first, first + len(value))]
        if any(sign in text[end:first] for sign in "=:"):
            return [*find_compared(text, start, judge), *find_alternative(text, start, end, judge)]
    if language not in CODE and (laid_out := [*find_laid_out(text, start, end, judge)]):
        return laid_out
    if text[end : end + 1] in ".[:=":
        return []
    return [
        *find_in_pair(text, start, end, judge),
        *find_in_column(text, start, end, language, judge),
        *find_compared(text, start, judge),
        *(find_unpacked(text, start, end, judge) if text.startswith(",", end) else ()),
    ]


def _block(text: str, start: int, first: int, judge: Judge) -> list[tuple[int, int]]:
    """Find the lines of a YAML block scalar, where they are a secret: those that are indented more than their key."""
    margin = len(_MARGIN.match(text, text.rfind("\n", 0, start) + 1)[0])  # type: ignore[index]  # it matches nothing, too
    lines: list[tuple[int, int]] = []
    at = text.rfind("\n", 0, first) + 1
    limit = min(len(text), at + LONGEST_BLOCK)
    while at < limit and (match := _LINE.match(text, at, limit)) and (len(match[1]) > margin or not match[2]):
        lines.append((match.start(2), match.end(2)))
        at = match.end() + 1
    values = [text[begin:end] for begin, end in lines if end > begin]
    if judge("".join(values)) or any(map(judge, values)):
        return [line for line in lines if line[1] > line[0]]
    return []


def _assigns(text: str, start: int, match: re.Match[str]) -> bool:
    """Return whether what is between the name and the value makes it the value of that name."""
    first = next(match.start(number) for number in VALUES if match[number] is not None)
    between = text[match.start() : first]
    if any(sign in between for sign in "=:>＝：") or "<<<" in between:
        return True
    if match[BARE] is not None or (text[match.start() - 4 : match.start()].lower() == "pass" and " " in between):
        return False
    if "," not in between:
        return True
    before = max(0, start - 120)
    if _FIRST_ARGUMENT.search(text, before, start) is not None or is_compared(text, start):
        return True
    return _FIRST_OF_PAIR.search(text, before, start) is not None and _PAIR_END.match(text, match.end()) is not None


def _bare_value(text: str, start: int, first: int, value: str, language: str, *, flag: bool) -> str:
    """Find the value without quotes: in code only in a URL, a connection string or a shell's assignment."""
    if value.startswith(("-", "+")):
        return ""
    name = text[max(text.rfind("\n", 0, start) + 1, start - 400) : start]
    outer = name.rstrip(_NAME_CHARACTERS)[-1:]
    if outer in ("?", "&") or ((outer == ";" or ";" in value) and text[first - 1] == "="):
        value = re.split("[;&]", value, maxsplit=1)[0]
        quoted = language not in CODE or name.count('"') % 2 or name.count("'") % 2 or name.count("`") % 2
        return value if quoted and not _MEMBER.fullmatch(value) and not _CALL.search(value) else ""
    if not flag and language in CODE and (_SHELL_NAME.fullmatch(name) is None or _CALL.search(value)):
        value = value.rstrip(",;.")
        return value if _COMMENT.fullmatch(name) and is_random(value, 8) and not _CODE_SIGN.search(value) else ""
    if value.startswith(("(", "[", "{")) or _CALLED.match(value):
        return ""
    return value.rstrip(",;)]}*" if text[first - 1] == "*" else ",;)]}")


_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_- "
_CALLED = re.compile(r"[A-Za-z_][\w.]*\(")
_CALL = re.compile(r"[()\[\]{}]")
_MEMBER = re.compile(r"[A-Za-z_$][\w$]*(?:\.[\w$]+)+")
_FIRST_ARGUMENT = re.compile(
    r"(?:(?:[sS]et\w{0,16}\([ \t\n]{0,20}[\w.\[\]\"':]{1,40},|\()[ \t\n]{0,20}|^[ \t]{0,40})[\"'`][\w.-]{0,50}$"
    r"|--[\w-]{0,40}$",
    re.MULTILINE,
)
_FIRST_OF_PAIR = re.compile(r"[\[{][ \t\n]{0,20}[\"'`][\w.-]{0,50}$")
_PAIR_END = re.compile(r"[\"'`][ \t\n]{0,20}[\]}]")
_COMMENT = re.compile(r"(?:.*\s)?(?:#+|//+!?|--+|/?\*+|;+|%+|<!--)[ \t]*(?:[A-Za-z][\w \t.-]{0,40})?")
_CODE_SIGN = re.compile(r"[()\[\]{}<>;|&=]|[A-Za-z_]\.[A-Za-z_]|://")

_SHELL_NAME = re.compile(r"[ \t]{0,40}(?:(?:export|set|ENV|ARG|-e|[#$])[ \t]{1,4})?[A-Z][A-Z0-9_]{0,60}")
_FLAG = re.compile(r"--?[\w-]{0,40}$")
_ENV = re.compile(r"^[ \t]{0,20}(?:ENV|env|setenv|SetEnv)[ \t]{1,4}[\w-]{0,40}$", re.MULTILINE)
_SET = re.compile(
    r"\b(?i:config(?:ure)?|[\w-]{0,9}secrets?)(?:[ \t]{1,4}(?i:set|add|put|--?\w{1,10})){0,3}"
    r"[ \t]{1,4}[\"']?[\w./:@-]{0,40}$"
)
_BLOCK = re.compile(r"(?<=[ \t:])[|>][+-]?\d?[+-]?[ \t]{0,4}\n")
_MARGIN = re.compile(r"[ \t]{0,200}(?:-[ \t]+)?")
_LINE = re.compile(r"([ \t]*)([^\n]*?)[ \t]*(?:\n|$)")
LONGEST_BLOCK = 4_000


def _is_flag(text: str, start: int) -> bool:
    """Return whether the name is that of an option or of a variable that is set without a sign."""
    first = max(0, start - 64)
    before = text[first:start]
    if "-" in before and _FLAG.search(text, max(0, start - 44), start) is not None:
        return True
    before = before.lower()
    if ("config" in before or "secrets " in before) and _SET.search(text, first, start) is not None:
        return True
    return "env" in before and _ENV.search(text, first, start) is not None


_URL = re.compile(r"://([^\s/@:\"'<>\\]{0,100}):([^\s@\"'<>\\]{1,200})@|://([A-Za-z0-9_-]{20,200})@")
_NO_PASSWORDS = frozenset(
    "password passwd pass pwd secret user username postgres root admin test guest token mypassword pw p".split()
)


def _in_urls(text: str) -> Iterator[Span]:
    for match in _URL.finditer(text):
        if match[2] is None:
            if is_random(match[3], 20):
                yield Span(match.start(3), match.end(3), "token in a URL")
        elif (
            match[2].lower().strip("[](){}$%") not in _NO_PASSWORDS
            and match[2].strip("%sdv")
            and not is_placeholder(match[2])
            and "/" not in match[2][:1]
        ):
            yield Span(match.start(2), match.end(2), "password in a URL")
