"""Filters as people give them: paths as answers print them, and names that no file of the index has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from agent_brain_server.domain.globs import path_matcher
from agent_brain_server.domain.hits import Filters
from agent_brain_server.domain.terms import query_terms
from agent_brain_server.storage.symbols import last_part, symbol_matches, symbol_names
from agent_brain_server.storage.view import SearchView, View

ALL_OF_PROJECT = "**"
_SPECIAL = re.compile(r"[\\*?\[\]]")
_LISTED = 12


def from_root(filters: Filters, root: str) -> Filters:
    """Return `filters` with paths as the index has them: `./src` and `/where/the/project/is/src` mean `/src`."""
    return replace(filters, paths=tuple(_from_root(glob, root) for glob in filters.paths))


def _from_root(glob: str, root: str) -> str:
    negation, path = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    if path in (".", "./", root, f"{root}/"):
        return f"{negation}{ALL_OF_PROJECT}"
    for beginning in (f"{root.rstrip('/')}/", "./"):
        if path.startswith(beginning):
            return f"{negation}/{path.removeprefix(beginning).lstrip('/')}"
    return glob


def with_literal_paths(search: SearchView, filters: Filters) -> Filters:
    """Return `filters` in which a glob that is the path of an indexed file means that file alone.

    Names such as `app/[id]/page.tsx` are globs of something else.
    """
    globs = {glob: glob.removeprefix("!").removeprefix("/") for glob in filters.paths if _SPECIAL.search(glob)}
    if not globs:
        return filters
    known = search.find_files(set(globs.values()))
    return replace(filters, paths=tuple(_literal(glob) if globs.get(glob) in known else glob for glob in filters.paths))


def _literal(glob: str) -> str:
    negation, path = ("!", glob[1:]) if glob.startswith("!") else ("", glob)
    return f"{negation}/{_SPECIAL.sub(lambda sign: chr(92) + sign[0], path.removeprefix('/'))}"


def unmatched(view: View, filters: Filters) -> str:
    """Return a sentence on the filters that nothing in the index can pass, empty if there is none or no index."""
    from agent_brain_server.indexing.chunking.passage import KINDS

    if not (statistics := view.search.statistics()).files:
        return ""
    said = _unknown("language", filters.languages, statistics.languages)
    said += _unknown("kind", filters.kinds, KINDS)
    if filters.paths and not all(glob.startswith("!") for glob in filters.paths):
        matches = path_matcher(filters.paths)
        if not any(matches(path) for path, record in view.search.list_files().items() if record.language):
            said.append(f"No indexed file matches {', '.join(filters.paths)}.")
    if filters.symbols and not any(_is_known(view, symbol) for symbol in filters.symbols):
        said.append(f"The index has no symbol {', '.join(filters.symbols)}.")
    return " ".join(said)


def _is_known(view: View, symbol: str) -> bool:
    """Return whether a passage or a definition has the symbol; a passage holds each word of its name as a term."""
    names = symbol_names((symbol,))
    if view.search.lexical(query_terms(symbol), Filters(symbols=(symbol,)), 1):
        return True
    found = view.graph.definitions({last_part(name) for name in names})
    return any(symbol_matches(one.definition.symbol, names) for one in found)


def _unknown(what: str, asked: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return the names in `asked` that are none, where no other of them is one."""
    names = sorted(known)
    if not asked or any(name in names for name in asked):
        return []
    listed = ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")
    return [f"The index has no {what} {', '.join(asked)}; it has {listed}."]
