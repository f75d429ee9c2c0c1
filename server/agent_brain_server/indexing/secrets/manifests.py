"""Kubernetes secrets: every value under `data` and `stringData` of a manifest that says `kind: Secret`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent_brain_server.indexing.secrets.tokens import Span
from agent_brain_server.indexing.secrets.values import is_placeholder

_KIND = re.compile(r"^kind:[ \t]*[\"']?Secret[\"']?[ \t]*$", re.MULTILINE)
_DATA = re.compile(r"^(?:data|stringData):[ \t]*$", re.MULTILINE)
_ENTRY = re.compile(r"[ \t]+[\"']?[\w.-]{1,200}[\"']?:[ \t]*(?:[|>][+-]?[ \t]*)?[\"']?([^\s\"'|>][^\n\"']*)?")
_LINE = re.compile(r"[ \t]+([^\s#][^\n]*)")


def find_manifest_values(text: str) -> Iterator[Span]:
    """Find the values of every Kubernetes secret in `text`."""
    if "Secret" not in text or _KIND.search(text) is None:
        return
    for data in _DATA.finditer(text):
        start = data.end() + 1
        while (match := _ENTRY.match(text, start) or _LINE.match(text, start)) is not None:
            if match[1] and not is_placeholder(match[1]):
                yield Span(match.start(1), match.end(1), "Kubernetes secret")
            end = text.find("\n", match.end())
            start = len(text) if end < 0 else end + 1
