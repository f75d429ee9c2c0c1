"""Texts as every backend can hold them."""

from __future__ import annotations

from typing import Any


def clean(value: Any) -> Any:
    """The value with NULs and halves of surrogate pairs replaced in all its texts.

    PostgreSQL has no such text, and what is indexed has none either, so that nothing is missed by it.
    """
    if isinstance(value, str):
        return value if _storable(value) else value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def _storable(value: str) -> bool:
    return "\0" not in value and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))
