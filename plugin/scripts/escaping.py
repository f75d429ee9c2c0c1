"""Writes out the characters that are not seen, or that make a line read as what it is not.

The rules are those of `agent_brain_client.escaping`, which these scripts cannot import; a test compares the two.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# In a text: controls, changes of direction, other ends of a line, marks of no width that no script needs, tags.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff"
)
# In a name also the letters and marks that print nothing; str.isprintable knows the rest.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
_IN_TEXT = re.compile(f"[{_UNSEEN}]")
_IN_NAME = re.compile(f"[{_UNSEEN}{_BLANK}]")
_FULL_WORD = r'(?:[^\s"\\:]|:(?!\d))+'
_PART = r'[^\s"\\:\[\](){}<>]+'
_BARE_WORD = re.compile(rf"(?![\d\[(<]){_FULL_WORD}")
_BARE_PATH = re.compile(rf"(?![\[(<]){_FULL_WORD}|(?!\d+\. ){_PART}(?: {_PART})*")
_BARE_PHRASE = re.compile(r'[^\s"\\()\[\]]+(?: [^\s"\\()\[\]]+)*')


def plain(text: str) -> str:
    """Return `text` with every unseen character but tab and newline written out, as `\\x1b` or `\\u202e`."""
    return _IN_TEXT.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n"))


def one_line(text: str, longest: int = 2000) -> str:
    """Return a sentence on one line, no longer than `longest`, with every unseen character written out."""
    shown = _seen(" ".join(text.split()), _escape)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def word(text: str) -> str:
    """Return a symbol or a kind: as it is where it cannot be taken for anything else, else as a JSON string."""
    return _bare_or_quoted(text, _BARE_WORD)


def path(text: str) -> str:
    """Return a path: as it is where it cannot be taken for anything else, else as a JSON string."""
    return _bare_or_quoted(text, _BARE_PATH)


def read_path(shown: str) -> str:
    """Return the path that `path` shows so; other text as it is."""
    try:
        found = json.loads(shown) if shown.startswith('"') else shown
    except (ValueError, RecursionError):
        return shown
    return found if isinstance(found, str) else shown


def phrase(text: str) -> str:
    """Return words to be shown in parentheses: as they are where they hold none, else as a JSON string."""
    return _bare_or_quoted(text, _BARE_PHRASE)


def _bare_or_quoted(text: str, bare: re.Pattern[str]) -> str:
    if bare.fullmatch(text) and _seen(text, _escape) == text:
        return text
    return _seen(json.dumps(text, ensure_ascii=False), _json_escape)


def _seen(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable() and not _IN_NAME.search(text):
        return text
    return "".join(one if one.isprintable() and not _IN_NAME.match(one) else escape(one) for one in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else f"\\u{ord(character):04x}"
