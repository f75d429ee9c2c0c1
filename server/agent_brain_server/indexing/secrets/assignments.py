"""Secrets that a name gives away: `password = "…"`, `api_key: …`, `https://user:…@host`, `Authorization: Bearer …`.

Names are found by `str.find`, which is fast, and one bounded pattern is tried behind each. In code only what stands in
quotes is a value; in settings, scripts and documents what does not may be one too. In a file that is known for holding
credentials among other things, every value of such a name is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent_brain_server.indexing.secrets.tokens import Span
from agent_brain_server.indexing.secrets.values import is_basic, is_password, is_placeholder, is_random

_CODE = frozenset(
    """
    assembly c clojure cpp csharp css dart elixir erlang fortran fsharp go graphql groovy haskell java javascript
    json jsonl julia kotlin lisp lua matlab nix notebook objc ocaml pascal perl php protobuf python r ruby rust scala
    solidity sql svelte swift terraform tex toml typescript vue zig
    """.split()
)
_TRAIL = (
    r"(?:[_-]?(?:\d{1,3}|value|text|plain(?:text)?|string|base64|b64|pem|prod(?:uction)?|dev(?:elopment)?|test|staging|live"
    r"|default|old|new|admin|root|user|db|confirm(?:ation)?|primary|secondary|id))?"
)
_CLOSE = r"(?:\\{0,3}[\"'\])}]){0,3}"
_SEPARATOR = (
    r"(?:[ \t]{0,20}(?::[ \t]?[\w.\[\]?<>]{1,30}[ \t]?=|:=|=>|\?=|\+=|->|={1,2}|:{1,2}|,|\(|>|[ \t](?=[\"'`]))"
    r"|[ \t]{1,4}(?:value|content|text|default)[ \t]?=|</(?:key|name)>\s{0,40}<(?:string|value|data)>"
    r"|[ \t]string[ \t]?=|[ \t]{1,4}(?i:by)[ \t]{1,4}(?i:password[ \t]{1,4})?(?=['\"]))"
)
_GAP = r"[ \t]{0,20}(?:[|>][+-]?[ \t]{0,4}(?=\n))?(?:[(\[{]{0,2}\\?\n[ \t]{0,60})?"
_GAP += r"(?:!!?\w+ )?(?:[bBrRuUfFL@$]{0,2}(?=[\"']))?"
_QUOTED = r"(?:\\{1,3}[\"']([^\n\\\"']{1,10000})|(\"\"\"|'''|[\"'`])((?:\\.|(?!\2)[^\n\\]){1,10000}))"
_BARE = r"([^\s\"'`<>\\]{1,10000})"
_AFTER_NAME = re.compile(rf"{_TRAIL}(?![A-Za-z0-9_]){_CLOSE}{_SEPARATOR}{_GAP}(?:{_QUOTED}|{_BARE})")
_AFTER_FLAG = re.compile(rf"{_TRAIL}(?:[ \t]{{1,4}}|[\"'],[ \t]{{0,4}}[\"'])(?:{_QUOTED}|{_BARE})")

# The word, what may follow it in the name, and whether its values are passwords (else tokens, which are longer).
_NAMES = (
    ("pass", re.compile(r"pass(?:word|wd|phrase|code|wort)?s?", re.IGNORECASE), True),
    ("pwd", re.compile(r"pwd", re.IGNORECASE), True),
    ("secret", re.compile(r"secrets?(?:[_-]?(?:access)?[_-]?(?:key|token|id))?(?:[_-]?base)?", re.IGNORECASE), False),
    ("token", re.compile(r"tokens?", re.IGNORECASE), False),
    ("key", re.compile(r"keys?(?:[_-]?(?:data|base|material))?", re.IGNORECASE), False),
    ("cred", re.compile(r"cred(?:s|entials?)?", re.IGNORECASE), True),
    ("salt", re.compile(r"salt", re.IGNORECASE), False),
    ("_pat", re.compile(r"_pat", re.IGNORECASE), False),
)
_KEYS = tuple(
    """
    access account admin aes api app application auth client consumer crypt crypto deploy encrypt encryption hmac
    instrumentation jwt license logged_in master nonce preshared primary private root secondary secure_auth secret
    server service session shared sign signature signing ssh storage subscription symmetric webhook write signing_secret
    """.split()
)
_OWNERS = "db user smtp mail ftp root admin my proxy ssh redis mysql pg rpc sql auth require http sudo"
_PASSES = (*_OWNERS.split(), *"_-.\"'`([,;&?< \n\t")


def find_assigned(text: str, language: str, *, strict: bool) -> Iterator[Span]:
    """The secrets in `text` beside a name or in a URL. With `strict` every value of such a name is one."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few capitals have small forms of two characters
        lowered = "".join(character if len(character.lower()) > 1 else character.lower() for character in text)
    for word, name, is_pass in _NAMES:
        if word != "salt" or strict:
            yield from _named(text, lowered, word, name, language, is_pass=is_pass, strict=strict)
    if "://" in text:
        yield from _in_urls(text)
    phrases = _PHRASES if language in _CODE else _PHRASES + _COMMANDS
    for gate, pattern, judge, kind in phrases:
        start = lowered.find(gate)
        while start >= 0:
            match = pattern.match(text, start)
            if match and judge(match[1]):
                yield Span(match.start(1), match.end(1), kind)
            start = lowered.find(gate, match.end() if match else start + len(gate))


def _named(
    text: str, lowered: str, word: str, name: re.Pattern[str], language: str, *, is_pass: bool, strict: bool
) -> Iterator[Span]:
    """The values behind each name that ends in `word`."""
    start = lowered.find(word)
    while start >= 0:
        match = name.match(text, start)
        end = match.end() if match else start + len(word)
        if match and _qualifies(word, lowered, start, end):
            found = _value(text, start, end, language, is_pass=is_pass, strict=strict)
            if found is not None:
                yield found
                end = found.end
        start = lowered.find(word, end)


def _qualifies(word: str, lowered: str, start: int, end: int) -> bool:
    """Whether the name that ends in this word is one of a secret."""
    before = lowered[max(0, start - 16) : start]
    if word == "key":
        return before.rstrip("_-. ").endswith(_KEYS) and not before.endswith(("public", "public_", "public-"))
    if word == "token" and before.rstrip("_-").endswith("key"):
        return not before.rstrip("_-").endswith(("publickey", "public_key", "public-key"))
    if word == "pass" and end - start == 4:
        return not before or before.endswith(_PASSES)
    return word != "salt" or before.endswith(("_", "-"))


def _value(text: str, start: int, end: int, language: str, *, is_pass: bool, strict: bool) -> Span | None:
    match = _AFTER_NAME.match(text, end)
    flag = match is None and _is_flag(text, start)
    if flag:
        match = _AFTER_FLAG.match(text, end)
    if match is None or not (flag or _assigns(text, start, match)):
        return None
    group = next(number for number in (1, 3, 4) if match[number] is not None)
    first, value = match.start(group), match[group]
    if group == 4:
        value = _bare_value(text, start, first, value, language, flag=flag)
    if value and _is_secret(value, is_pass=is_pass, strict=strict):
        return Span(first, first + len(value), "password" if is_pass else "secret value")
    return None


def _assigns(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether what is between the name and the value makes it the value of that name."""
    first = next(match.start(number) for number in (1, 3, 4) if match[number] is not None)
    between = text[match.start() : first]
    if any(sign in between for sign in "=:>"):
        return True
    if match[4] is not None or (text[match.start() - 4 : match.start()].lower() == "pass" and " " in between):
        return False
    return "," not in between or _FIRST_ARGUMENT.search(text, max(0, start - 64), start) is not None


def _is_secret(value: str, *, is_pass: bool, strict: bool) -> bool:
    if strict:
        return len(value) > 2 and not is_placeholder(value)
    return is_password(value) if is_pass else is_random(value)


def _bare_value(text: str, start: int, first: int, value: str, language: str, *, flag: bool) -> str:
    """What of a value without quotes is one: in code only in a URL, a connection string or a shell's assignment."""
    if value.startswith(("-", "+")):
        return ""
    name = text[max(text.rfind("\n", 0, start) + 1, start - 400) : start]
    outer = name.rstrip(_NAME_CHARACTERS)[-1:]
    if outer in ("?", "&") or ((outer == ";" or ";" in value) and text[first - 1] == "="):
        value = re.split("[;&]", value, maxsplit=1)[0]
        quoted = language not in _CODE or name.count('"') % 2 or name.count("'") % 2 or name.count("`") % 2
        return value if quoted and not _MEMBER.fullmatch(value) and not _CALL.search(value) else ""
    if not flag and language in _CODE and (_SHELL_NAME.fullmatch(name) is None or _CALL.search(value)):
        return ""
    return "" if value.startswith(("(", "[", "{")) or _CALLED.match(value) else value.rstrip(",;)]}")


_NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_- "
_CALLED = re.compile(r"[A-Za-z_][\w.]*\(")
_CALL = re.compile(r"[()\[\]{}]")
_MEMBER = re.compile(r"[A-Za-z_$][\w$]*(?:\.[\w$]+)+")
_FIRST_ARGUMENT = re.compile(r"(?:\([ \t\n]{0,20}|^[ \t]{0,40})[\"'`][\w.-]{0,50}$|--[\w-]{0,40}$", re.MULTILINE)


_SHELL_NAME = re.compile(r"[ \t]{0,40}(?:(?:export|set|ENV|ARG|-e|[#$])[ \t]{1,4})?[A-Z][A-Z0-9_]{0,60}")
_FLAG = re.compile(r"--?[\w-]{0,40}$")


def _is_flag(text: str, start: int) -> bool:
    return _FLAG.search(text, max(0, start - 44), start) is not None


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


def _is_header_value(value: str) -> bool:
    return is_random(value, 16)


def _is_given(value: str) -> bool:
    return not is_placeholder(value)


_Phrase = tuple[str, re.Pattern[str], Callable[[str], bool], str]
# What a phrase begins with in small letters, what comes behind it, whether that is a secret, and which.
_PHRASES: tuple[_Phrase, ...] = (
    ("bearer ", re.compile(r"\w{6} {1,4}([A-Za-z0-9._~+/=-]{16,4000})"), _is_header_value, "bearer token"),
    ("basic ", re.compile(r"\w{5} {1,4}([A-Za-z0-9+/]{8,400}={0,2})"), is_basic, "basic credentials"),
    (
        "authorization",
        re.compile(r"\w{13}(?:[\"']?\s{0,4}[:=]|[\"'],)\s{0,4}[\"']?(?:(?i:token|apikey|key) )?([\w.~+/=-]{20,400})"),
        _is_header_value,
        "authorization",
    ),
    (
        "auth",
        re.compile(r"\w{4}[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?([A-Za-z0-9+/]{8,400}={0,2})"),
        is_basic,
        "basic credentials",
    ),
    (
        "identified by ",
        re.compile(r"\w{10} \w\w {1,4}(?i:password {1,4})?['\"]([^'\"\n]{3,200})"),
        _is_given,
        "password",
    ),
    (":$", re.compile(r":(\$(?:apr1|1|2[aby]|5|6|7|y|gy)\$[./A-Za-z0-9$+=]{12,120})"), _is_given, "password hash"),
    ("$2", re.compile(r"(\$2[aby]\$[./A-Za-z0-9$+=]{12,120})"), _is_given, "password hash"),
    ("{s", re.compile(r"\{\w{3,7}\}([A-Za-z0-9+/=]{20,120})"), _is_given, "password hash"),
    (
        "dockerconfigjson",
        re.compile(r"\w{16}[\"']?:[ \t]{0,4}[\"']?([A-Za-z0-9+/=]{20,20000})"),
        _is_given,
        "registry credentials",
    ),
)
# Of shells, and of what people write down of them.
_COMMANDS: tuple[_Phrase, ...] = (
    (
        "login ",
        re.compile(r"\w{5}[ \t]+\S{1,100}\s+(?:account[ \t]+\S{1,100}\s+)?password[ \t]+(\S{2,200})"),
        _is_given,
        "password",
    ),
    (
        "curl ",
        re.compile(r"\w{4}\b[^\n|;]{0,200}?(?:-u|--user)[ =][\"']?[^\s:\"']{1,60}:([^\s\"'$]{3,100})"),
        _is_given,
        "password",
    ),
    ("sshpass ", re.compile(r"\w{7} +-p *[\"']?([^\s\"'$]{3,100})"), _is_given, "password"),
    ("mysql", re.compile(r"\w{5,13}\b[^\n|;]{0,120}? -p([^\s'\"$=-][^\s'\"]{3,60})"), is_password, "password"),
    ("psk=", re.compile(r"\w{3}=[\"']?([^\s\"'$]{8,64})"), _is_given, "password"),
)
