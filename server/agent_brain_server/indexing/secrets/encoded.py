"""Tokens and passwords that are written in a code: as escapes, in hex, in base64. What is in the code decides.

In code, hex and base64 are only looked at where the text says that it has to do with them.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator

from agent_brain_server.indexing.secrets.tokens import Span, shows_token
from agent_brain_server.indexing.secrets.values import CODE, is_password

KIND = "encoded secret"
SHORTEST = 20

_ESCAPED = re.compile(r"(?:\\(?:x|u00)[2-7][0-9a-fA-F][\w.-]{0,80}){1,600}")
_ESCAPE = re.compile(r"\\(?:x|u00)([2-7][0-9a-fA-F])")
_LONG = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{28,20000}={0,2}")
_WORDS = ("b64", "ase64", "hex")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){20,}")
_NAMED = re.compile(r"(?i)(?:token|secret|passw(?:or)?d|pwd|api_?key)[\"']?[=:][ ]?[\"']?([^\s\"'&;,]{6,200})")


def find_encoded(text: str, language: str) -> Iterator[Span]:
    """The places in `text` that are a token or an assignment of a secret once they are decoded."""
    if "\\x" in text or "\\u00" in text:
        for match in _ESCAPED.finditer(text):
            start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 12)
            if shows_token(_unescaped(text[start : match.end()])):
                yield Span(match.start(), match.end(), KIND)
    if language not in CODE or any(word in text for word in _WORDS):
        for match in _LONG.finditer(text):
            if _shows_secret(_decoded(match[0])):
                yield Span(match.start(), match.end(), KIND)


def _unescaped(escaped: str) -> str:
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), escaped)
    return plain if len(plain) >= SHORTEST else ""


def _decoded(code: str) -> str:
    """The ASCII text that hex or base64 stands for, empty where it stands for none."""
    if _HEX.fullmatch(code):
        data = bytes.fromhex(code)
    else:
        bare = code.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
        try:
            data = b64decode(bare + "=" * (-len(bare) % 4))
        except (Error, ValueError):
            return ""
    return data.decode("ascii") if data.isascii() else ""


def _shows_secret(plain: str) -> bool:
    if len(plain) < SHORTEST:
        return False
    return shows_token(plain) or any(map(is_password, _NAMED.findall(plain)))
