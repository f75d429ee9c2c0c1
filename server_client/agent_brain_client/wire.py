"""The HTTP interface's requests, shared by the server and its clients: frozen dataclasses with defaults and limits.

An unknown field is refused. Only light imports belong here: every command-line call pays for them. `answers` has the
answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from agent_brain_client.limits import Length, Range
from agent_brain_contract.paths import ENV_FILE as ENV_FILE  # noqa: PLC0414  part of the wire
from agent_brain_contract.paths import STATE_DIRECTORY as STATE_DIRECTORY  # noqa: PLC0414  part of the wire
from agent_brain_contract.paths import location_id as location_id  # noqa: PLC0414  part of the wire

VERSION = "0.1.0"
PROBLEM_JSON = "application/problem+json"
MOST_TOP_K = 200
MOST_TOKENS = 1_000_000

Mode = Literal["bm25", "vector", "hybrid", "graph", "multi"]
Relation = Literal["definitions", "callers", "callees", "implementations", "references", "impact"]
Word = Annotated[str, Length(1, 512)]
Glob = Annotated[str, Length(1, 512)]
PathText = Annotated[str, Length(1, 4096)]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryFilters:
    """Restrictions inside the search: values of one field are alternatives, the fields must all hold.

    `paths` are globs as in `.gitignore` (`*.py`, `src/`, `!tests/`); `symbols` match a qualified name or its end.
    """

    paths: Annotated[tuple[Glob, ...], Length(0, 64)] = ()
    languages: Annotated[tuple[Word, ...], Length(0, 64)] = ()
    kinds: Annotated[tuple[Word, ...], Length(0, 64)] = ()
    symbols: Annotated[tuple[Word, ...], Length(0, 64)] = ()

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryRequest:
    """`POST /query`. `max_tokens` bounds the passages' text together, at four characters a token; None: no bound.

    With `outline` a passage's text is its signature and what its documentation says first.
    """

    query: Annotated[str, Length(1, 8192)]
    mode: Annotated[str, Length(1, 32)] = "hybrid"
    top_k: Annotated[int, Range(1, MOST_TOP_K)] = 10
    filters: QueryFilters = QueryFilters()
    max_tokens: Annotated[int, Range(1, MOST_TOKENS)] | None = None
    outline: bool = False
    explain: bool = False

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexRequest:
    """`POST /index`. `paths`: files or directories in indexed folders, empty for all; `force` reads all files again."""

    paths: Annotated[tuple[PathText, ...], Length(0, 1024)] = ()
    force: bool = False

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderRequest:
    """`POST /index/folders`. `include` and `exclude` are globs relative to the folder; no `include` takes all."""

    path: PathText
    include: Annotated[tuple[Glob, ...], Length(0, 64)] = ()
    exclude: Annotated[tuple[Glob, ...], Length(0, 64)] = ()

    __pydantic_config__: ClassVar = {"extra": "forbid"}
