"""Edges of the code graph. They are resolved at query time, so that a changed file leaves no wrong edge behind.

Plain functions on the graph of one state of the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference
from agent_brain_server.retrieval.code_graph.guessing import Certainty
from agent_brain_server.retrieval.code_graph.resolution import FileImports, asked_names, file_imports, resolve
from agent_brain_server.storage.view import GraphView

MOST_REFERENCES = 5_000
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "type", "impl", "module"})


@dataclass(frozen=True, slots=True)
class Edge:
    """A reference from `source` (None at a file's top level) in `path` at `lines` to `target`."""

    kind: str
    path: str
    lines: tuple[int, ...]
    source: LocatedDefinition | None
    target: LocatedDefinition
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class EdgeLookup:
    """The edges that were asked for; `truncated`: not all references were read."""

    edges: list[Edge]
    truncated: bool = False


def definitions_of(graph: GraphView, symbol: str) -> list[LocatedDefinition]:
    """Return the definitions of a qualified name or of its last parts, ignoring case only if none has this case."""
    found = graph.definitions([symbol.rpartition(".")[2]])
    exact = [one for one in found if ends_with(one.definition.symbol, symbol)]
    return exact or [one for one in found if ends_with(one.definition.symbol.lower(), symbol.lower())]


def incoming(
    graph: GraphView, targets: Sequence[LocatedDefinition], kinds: Collection[str], most_uses: int = MOST_REFERENCES
) -> EdgeLookup:
    """Return the edges of these kinds that lead to any of `targets`.

    A name that is used more than `most_uses` times is left out.
    """
    names = {target.definition.name for target in targets}
    found = _references_to(graph, names, most_uses)
    wanted = [one for one in found if one.reference.kind in kinds]
    context = _file_imports(graph, {one.path for one in wanted})
    edges = _resolved(wanted, context, _scopes(graph, wanted), graph.definitions(names))
    reached = set(targets)
    return EdgeLookup(_merged(edge for edge in edges if edge.target in reached), len(found) >= MOST_REFERENCES)


def _references_to(graph: GraphView, names: Collection[str], most_uses: int) -> list[LocatedReference]:
    """Return the references to any of `names`, also by the alias that an import gives it in its file."""
    found = graph.references(names, MOST_REFERENCES)
    if most_uses < MOST_REFERENCES:
        uses = Counter(one.reference.name for one in found)
        found = [one for one in found if uses[one.reference.name] <= most_uses]
    aliases = {one.reference.alias for one in found if one.reference.kind == "import" and one.reference.alias}
    if not aliases:
        return found
    files = {one.path for one in found if one.reference.alias}
    return [*found, *(one for one in graph.references(aliases, MOST_REFERENCES) if one.path in files)]


def outgoing(graph: GraphView, sources: Sequence[LocatedDefinition]) -> list[Edge]:
    """Return the calls that `sources` make, with what they mean in this project."""
    context = _file_imports(graph, {source.path for source in sources})
    by_symbol = {(source.path, source.definition.symbol): source for source in sources}
    scopes: dict[tuple[str, str], LocatedDefinition] = {}
    calls = []
    for one in graph.references_in(context.keys(), {"call"}, {symbol for _, symbol in by_symbol}):
        owners = ((one.path, owner) for owner in _owners(one.reference.scope))
        if (owner := next(filter(by_symbol.__contains__, owners), None)) is not None:
            scopes[one.path, one.reference.scope] = by_symbol[owner]
            calls.append(one)
    names = {name for one in calls for name in asked_names(one.reference, context[one.path])}
    candidates = graph.definitions(names) if names else []
    return _merged(_resolved(calls, context, scopes, candidates))


def overridings(graph: GraphView, methods: Sequence[LocatedDefinition]) -> list[Edge]:
    """Return, for methods, the methods of the same name in what inherits from their types."""
    edges: list[Edge] = []
    for method in methods:
        owner = method.definition.symbol.rpartition(".")[0]
        if owner and method.definition.kind not in _TYPES:
            edges += _overridings_of(graph, method, owner)
    return edges


def _overridings_of(graph: GraphView, method: LocatedDefinition, owner: str) -> list[Edge]:
    types = [one for one in definitions_of(graph, owner) if one.path == method.path]
    name = method.definition.name
    heirs = {edge.source for edge in incoming(graph, types, {"inherit"}).edges if edge.source}
    overriding = {(heir.path, f"{heir.definition.symbol}.{name}") for heir in heirs}
    return [
        Edge("override", one.path, (one.definition.start_line,), one, method, "sure")
        for one in graph.definitions([name])
        if (one.path, one.definition.symbol) in overriding
    ]


def _file_imports(graph: GraphView, paths: Collection[str]) -> dict[str, FileImports]:
    """Return the imports and base types of these files."""
    references: dict[str, list[LocatedReference]] = {path: [] for path in paths}
    for one in graph.references_in(paths, {"import", "inherit"}):
        references[one.path].append(one)
    return {path: file_imports(one.reference for one in held) for path, held in references.items()}


def _scopes(graph: GraphView, references: Iterable[LocatedReference]) -> dict[tuple[str, str], LocatedDefinition]:
    """Return the definitions that enclose these references, by path and symbol."""
    scopes = {(one.path, one.reference.scope) for one in references if one.reference.scope}
    paths, symbols = {path for path, _ in scopes}, {symbol for _, symbol in scopes}
    held = graph.definitions_in(paths, symbols) if scopes else []
    return {(one.path, one.definition.symbol): one for one in held}


def _resolved(
    references: Iterable[LocatedReference],
    context: Mapping[str, FileImports],
    scopes: Mapping[tuple[str, str], LocatedDefinition],
    candidates: Sequence[LocatedDefinition],
) -> Iterable[Edge]:
    by_name: dict[str, list[LocatedDefinition]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.definition.name, []).append(candidate)
    for one in references:
        reference, imports = one.reference, context[one.path]
        named = [candidate for name in asked_names(reference, imports) for candidate in by_name.get(name, ())]
        resolved = resolve(one, imports, named)
        source = scopes.get((one.path, reference.scope))
        for target in resolved.definitions:
            yield Edge(reference.kind, one.path, (reference.line,), source, target, resolved.certainty)


def _merged(edges: Iterable[Edge]) -> list[Edge]:
    """Merge the edges that differ in their lines alone."""
    lines: dict[Edge, set[int]] = {}
    for edge in edges:
        lines.setdefault(replace(edge, lines=()), set()).update(edge.lines)
    return [replace(edge, lines=tuple(sorted(merged))) for edge, merged in lines.items()]


def _owners(scope: str) -> list[str]:
    parts = scope.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def ends_with(symbol: str, asked: str) -> bool:
    """Return whether the qualified name is `asked` or ends with its parts."""
    return symbol == asked or symbol.endswith(f".{asked}")
