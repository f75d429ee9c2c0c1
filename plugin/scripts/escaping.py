"""Shows names of a repository so that they cannot be taken for anything else, by the rules that all programs share."""

from __future__ import annotations

import json
import re

import shared_path  # noqa: F401  where the next one is found
from agent_brain_contract.escaping import is_seen, json_text
from agent_brain_contract.escaping import one_line as whole_line
from agent_brain_contract.escaping import plain as plain  # noqa: PLC0414  one of these

_FULL_WORD = r'(?:[^\s"\\:]|:(?!\d))+'
_PART = r'[^\s"\\:\[\](){}<>]+'
_BARE_WORD = re.compile(rf"(?![\d\[(<]){_FULL_WORD}")
_BARE_PATH = re.compile(rf"(?![\[(<]){_FULL_WORD}|(?!\d+\. ){_PART}(?: {_PART})*")
_BARE_PHRASE = re.compile(r'[^\s"\\()\[\]]+(?: [^\s"\\()\[\]]+)*')


def one_line(text: str, longest: int = 2000) -> str:
    """Return a sentence on one line, no longer than `longest`, with every unseen character written out."""
    shown = whole_line(text)
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
    if bare.fullmatch(text) and is_seen(text):
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in json_text(text))
