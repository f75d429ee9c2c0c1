"""Writes out the characters that are not seen, or that make a line read as what it is not.

An escape sequence acts on the terminal, a change of direction shows a line's end as its beginning, a newline in a name
makes a line that was never said. Everything foreign that is printed or logged goes through one of these functions.
"""

from __future__ import annotations

import json
import re

# In a text: controls, changes of direction, other ends of a line, marks of no width that no script needs, tags.
_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff"
)
# In a name also the letters and marks that print nothing; str.isprintable knows the rest.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
_IN_TEXT = re.compile(f"[{_UNSEEN}]")
_IN_NAME = re.compile(f"[{_UNSEEN}{_BLANK}]")
_LATER_SPACES = re.compile("(?<= ) +")


def plain(text: str) -> str:
    """Return `text` with every unseen character but tab and newline written out, as `\\x1b` or `\\u202e`."""
    return _IN_TEXT.sub(lambda match: _escape(match[0]), text.replace("\r\n", "\n"))


def line(text: str) -> str:
    """Return `text` as `plain` does, but on one line: newlines are written out too."""
    return plain(text).replace("\n", "\\x0a")


def one_line(text: str) -> str:
    """Return a sentence on one line, with every unseen character written out."""
    return _seen(" ".join(text.split()))


def name(text: object) -> str:
    """Return a name on one line: every unseen character is written out, and every space that follows another."""
    shown = _seen(str(text))
    return _LATER_SPACES.sub(lambda match: "\\x20" * len(match[0]), shown) if "  " in shown else shown


def json_text(value: object, indent: int | None = None) -> str:
    """Return `value` as JSON, equal to what json.dumps gives, in characters that a terminal only shows."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return _IN_NAME.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if match[0] > "\x7f" else f"\\u{ord(match[0]):04x}"


def is_seen(text: str) -> bool:
    """Return whether every character of `text` is shown as itself."""
    return text.isprintable() and not _IN_NAME.search(text)


def _seen(text: str) -> str:
    if is_seen(text):
        return text
    return "".join(one if one.isprintable() and not _IN_NAME.match(one) else _escape(one) for one in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
