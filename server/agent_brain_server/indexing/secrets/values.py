"""Whether the value of a name such as `password` is a secret, or a placeholder, a name, a path."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections import Counter
from math import log2

CODE = frozenset(
    """
    assembly c clojure cpp csharp css dart elixir erlang fortran fsharp go graphql groovy haskell java javascript
    json jsonl julia kotlin lisp lua matlab nix notebook objc ocaml pascal perl php protobuf python r ruby rust scala
    solidity sql svelte swift terraform tex toml typescript vue zig
    """.split()
)
"""Languages in which only what is in quotes is a value."""
LEAST_ENTROPY = 3.0
"""Bits a character of what is random: words of a language have less, or are recognised by their letters alone."""

_PLACEHOLDER = re.compile(
    r"(?i)x{3,}$|\*{2,}|\.{3}|…|your[ _-]|change[_-]?(?:me|it|this)|place[_-]?holder"
    r"|replace[_-]?(?:me|this|with)|redacted|masked"
    r"|^(?:enter|insert|put|example|sample|dummy|todo|fixme|null|none|nil|true|false|undefined|optional|required|string|str"
    r"|secret|password|passwd|token|key|value|test|default|foo|bar|baz|changeit|admin|root|user|guest|postgres|mysql)s?$"
    r"|^<[^>]*>?$|\$\{|\{\{|\$\(|#\{|%\(|^\$[A-Za-z_{(]|^%[A-Za-z_]|^\{[A-Z_]+\}|^@[A-Za-z{]|^!|^&[a-z]|^\*[a-z]|^ref\+|^arn:|^vault:"
    r"|process\.env|environ|getenv|^secrets?\.|secretsmanager|^file:|^env:"
)
_WORDS = re.compile(r"[_$]{0,2}[A-Za-z]+\d{0,3}(?:[ ._/:,$+-]{1,2}(?:[A-Za-z]+\d{0,3}|\d{1,2}))*[.!?:+]?")
_IDENTIFIER = re.compile(r"-{0,2}[A-Za-z]+\d{0,3}(?:[_-](?:[A-Za-z]+\d{0,3}|\d{1,4}[A-Za-z]?)){1,12}")
_PATH = re.compile(
    r"(?:~|\.{0,2})/[\w./-]*|[A-Za-z]:\\.*|.*\.(?:pem|key|crt|json|ya?ml|txt|env|conf|sock|py|js|ts|go|php|html)"
)
_VERSION = re.compile(r"[\^~<>=v]*\d+(?:\.[\dx*]+){1,3}.*|#[0-9a-fA-F]{3,8}|0x[0-9a-fA-F]{1,8}|\d{1,11}")
_RISE = re.compile(r"[a-z](?=[A-Z])")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")


def is_placeholder(value: str) -> bool:
    """Return whether the value only says that a secret belongs there, or where to get it."""
    return _PLACEHOLDER.search(value) is not None


def is_password(value: str) -> bool:
    """Return whether a password-like value is worth masking: no words, path or number, several sorts of characters."""
    if len(value) < 6 or _is_plain(value):
        return False
    return _sorts(value) > 2 or (any(map(str.isdigit, value)) and any(map(str.isalpha, value))) or len(value) > 15


def is_random(value: str, least: int = 12) -> bool:
    """Return whether a token-like value looks random."""
    if len(value) < least or _is_plain(value) or _IDENTIFIER.fullmatch(value):
        return False
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return (mixed or _sorts(value) > 2) and entropy(value) >= LEAST_ENTROPY


def _is_plain(value: str) -> bool:
    if any(map(str.isspace, value)) or is_placeholder(value) or "://" in value:
        return True
    if _WORDS.fullmatch(value):
        # A long run of one case change after another is no word.
        return not (value.isalnum() and (_is_shuffled(value) or (len(value) >= 20 and any(map(str.isdigit, value)))))
    return _PATH.fullmatch(value) is not None or _VERSION.fullmatch(value) is not None


def _is_shuffled(value: str) -> bool:
    """Return whether capitals and small letters follow each other as they do in no words that are joined."""
    if len(value) < 16:
        return False
    capitals, changes = sum(map(str.isupper, value)), len(_RISE.findall(value))
    return 3 * len(value) <= 10 * capitals <= 7 * len(value) and changes * 6 >= len(value)


def _sorts(value: str) -> int:
    tests = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    return sum(any(map(test, value)) for test in tests)


def entropy(value: str) -> float:
    """Return Shannon's entropy of the characters, in bits a character."""
    counts = Counter(value)
    return -sum(number / len(value) * log2(number / len(value)) for number in counts.values())


def is_basic(value: str) -> bool:
    """Return whether the value is `user:password` in base64."""
    if not _BASE64.fullmatch(value):
        return False
    try:
        decoded = b64decode(value + "=" * (-len(value) % 4))
    except (Error, ValueError):
        return False
    return b":" in decoded and decoded.isascii() and not decoded.endswith(b":")


_RECOVERY_LENGTHS = (12, 15, 18, 21, 24)
_NO_RECOVERY_WORDS = frozenset("and are for has have how not the was were will with you".split())


def is_recovery(value: str) -> bool:
    """Return whether the words may be a wallet's recovery phrase: many of BIP-39, which lacks the commonest words."""
    words = value.replace(",", " ").split()
    return len(words) in _RECOVERY_LENGTHS and _NO_RECOVERY_WORDS.isdisjoint(words)
