"""Texts that every database can hold and every network can send."""

from __future__ import annotations


def is_storable(text: str) -> bool:
    """Return whether the text has neither a NUL nor a lone surrogate, which PostgreSQL and UTF-8 do not have."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """Return the text with each NUL and lone surrogate replaced by U+FFFD; two halves that meet become their pair."""
    if is_storable(text):
        return text
    return text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
