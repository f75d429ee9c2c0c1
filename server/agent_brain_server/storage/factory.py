"""The one switch: the URL of the settings decides which backend holds the index."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from agent_brain_server.domain.content import EmbeddingModel
from agent_brain_server.errors import SettingsError
from agent_brain_server.storage.protocol import Store

ACCEPTED = "sqlite:///relative/or/absolute/path and memory://"


def create_store(
    url: str, project_root: Path, model: EmbeddingModel, tokenizer_version: str, *, discard: bool = False
) -> Store:
    """The store that `url` names, not opened yet. Raises SettingsError for a URL that no backend answers to.

    With `discard`, `open` empties an index made by another model or tokenizer (its folders stay) instead of refusing.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise SettingsError(f"The storage URL {url!r} is not a URL; accepted are {ACCEPTED}.")
    if scheme == "memory":
        return _memory(rest, model, tokenizer_version)
    if scheme == "sqlite":
        return _sqlite(rest, project_root, model, tokenizer_version, discard)
    if scheme in ("postgresql", "postgres"):
        raise SettingsError(f"This version has no PostgreSQL backend yet; accepted storage URLs are {ACCEPTED}.")
    raise SettingsError(f"The storage scheme {scheme}:// is not known; accepted are {ACCEPTED}.")


def _memory(rest: str, model: EmbeddingModel, tokenizer_version: str) -> Store:
    from agent_brain_server.storage.memory.store import MemoryStore

    if rest:
        raise SettingsError("The storage URL memory:// takes nothing behind it.")
    return MemoryStore(model, tokenizer_version)


def _sqlite(rest: str, project_root: Path, model: EmbeddingModel, tokenizer_version: str, discard: bool) -> Store:
    from agent_brain_server.storage.sqlite.store import SqliteStore

    if not rest.startswith("/"):
        raise SettingsError(f"A SQLite storage URL has three slashes before its path; accepted are {ACCEPTED}.")
    path = unquote(rest[1:])
    if not path or path.endswith("/") or "?" in rest or "\0" in path or path == ":memory:":
        raise SettingsError(f"The storage URL sqlite://{rest} names no file; accepted are {ACCEPTED}.")
    return SqliteStore(project_root / path, model, tokenizer_version, discard=discard)
