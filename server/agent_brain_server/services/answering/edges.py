"""Edges of the code graph: resolved when they are asked for, so that a changed file leaves no wrong ones behind.

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


def definitions_of(graph: GraphView, symbol: str) -> list[LocatedDefinition]:
    """Return the definitions of a qualified name or of its last parts; by any case only if none has this one."""
    found = graph.definitions([symbol.rpartition(".")[2]])
    exact = [one for one in found if ends_with(one.definition.symbol, symbol)]
    return exact or [one for one in found if ends_with(one.definition.symbol.lower(), symbol.lower())]


def incoming(
    graph: GraphView, targets: Sequence[LocatedDefinition], kinds: Collection[str], most_uses: int = MOST_REFERENCES
) -> tuple[list[Edge], bool]:
    """Return the edges of these kinds that lead to any of `targets`; and whether not all references were looked at.

    A name that is used more than `most_uses` times is passed over.
    """
    names = {target.definition.name for target in targets}
    found = graph.references(names, MOST_REFERENCES)
    if most_uses < MOST_REFERENCES:
        uses = Counter(one.reference.name for one in found)
        found = [one for one in found if uses[one.reference.name] <= most_uses]
    aliases = {one.reference.alias for one in found if one.reference.kind == "import" and one.reference.alias}
    if aliases:
        files = {one.path for one in found if one.reference.alias}
        renamed = graph.references(aliases, MOST_REFERENCES)
        found = [*found, *(one for one in renamed if one.path in files)]
    candidates = graph.definitions(names)
    wanted = [one for one in found if one.reference.kind in kinds]
    context = _file_imports(graph, {one.path for one in wanted})
    scopes = _scopes(graph, wanted)
    edges = list(_resolved(wanted, context, scopes, candidates))
    reached = set(targets)
    return _gathered(edge for edge in edges if edge.target in reached), len(found) >= MOST_REFERENCES


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
    return _gathered(_resolved(calls, context, scopes, candidates))


def overridings(graph: GraphView, methods: Sequence[LocatedDefinition]) -> list[Edge]:
    """Return, for methods, the methods of the same name in what inherits from their types."""
    owners = {one: one.definition.symbol.rpartition(".")[0] for one in methods if one.definition.kind not in _TYPES}
    edges: list[Edge] = []
    for method, owner in owners.items():
        if not owner:
            continue
        types = [one for one in definitions_of(graph, owner) if one.path == method.path]
        inheriting, _ = incoming(graph, types, {"inherit"})
        heirs = {edge.source for edge in inheriting if edge.source}
        places = {(heir.path, f"{heir.definition.symbol}.{method.definition.name}") for heir in heirs}
        same = graph.definitions([method.definition.name])
        edges += [
            Edge("override", one.path, (one.definition.start_line,), one, method, "sure")
            for one in same
            if (one.path, one.definition.symbol) in places
        ]
    return edges


def _file_imports(graph: GraphView, paths: Collection[str]) -> dict[str, FileImports]:
    """Return what resolving needs of these files."""
    references: dict[str, list[LocatedReference]] = {path: [] for path in paths}
    for one in graph.references_in(paths, {"import", "inherit"}):
        references[one.path].append(one)
    return {path: file_imports(one.reference for one in held) for path, held in references.items()}


def _scopes(graph: GraphView, references: Iterable[LocatedReference]) -> dict[tuple[str, str], LocatedDefinition]:
    """Return the definitions that these are in, by path and symbol."""
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
    for found in references:
        reference = found.reference
        names = asked_names(reference, context[found.path])
        resolved = resolve(found, context[found.path], [one for name in names for one in by_name.get(name, ())])
        source = scopes.get((found.path, reference.scope))
        for target in resolved.definitions:
            yield Edge(reference.kind, found.path, (reference.line,), source, target, resolved.certainty)


def _gathered(edges: Iterable[Edge]) -> list[Edge]:
    """Edges that differ in their lines alone are one."""
    lines: dict[Edge, set[int]] = {}
    for edge in edges:
        lines.setdefault(replace(edge, lines=()), set()).update(edge.lines)
    return [replace(edge, lines=tuple(sorted(held))) for edge, held in lines.items()]


def _owners(scope: str) -> list[str]:
    parts = scope.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def ends_with(symbol: str, asked: str) -> bool:
    """Return whether the qualified name is `asked` or ends with it."""
    return symbol == asked or symbol.endswith(f".{asked}")
