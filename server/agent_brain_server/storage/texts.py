"""Texts as every backend can hold them."""

from __future__ import annotations

from typing import Any

from agent_brain_server.domain.texts import storable


def clean(value: Any) -> Any:
    """Replace NULs and lone surrogates in all texts of the value.

    PostgreSQL has no such text, and what is indexed has none either, so that nothing is missed by it.
    """
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value
