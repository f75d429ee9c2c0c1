"""Answers questions about the code graph: what defines, calls, uses, inherits, and what a change would reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.graph import LocatedDefinition, LocatedReference
from agent_brain_server.retrieval.graph_question import Relation
from agent_brain_server.retrieval.guessing import Certainty
from agent_brain_server.retrieval.resolution import Surroundings, asked_names, resolve, surroundings
from agent_brain_server.services.off_loop import off_loop
from agent_brain_server.storage.protocol import ReadStore

MOST_REFERENCES = 5_000
MOST_NODES = 500
DEEPEST = 5
_TYPES = frozenset({"class", "interface", "struct", "enum", "trait", "type", "impl", "module"})
_KINDS: Mapping[Relation, frozenset[str]] = {
    "callers": frozenset({"call"}),
    "callees": frozenset({"call"}),
    "implementations": frozenset({"inherit"}),
    "references": frozenset({"call", "use", "inherit", "import"}),
    "impact": frozenset({"call", "use", "inherit", "import"}),
}
_ORDER: Mapping[Certainty, int] = {"sure": 0, "likely": 1, "possible": 2}


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
class Node:
    """What was found: `edge` leads to it, in `depth` steps from the symbol that was asked over all those in `via`."""

    edge: Edge
    depth: int
    via: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """`definitions` are what the symbol means, `nodes` what was found of it, nearest and surest first.

    `note` says in a sentence why there is nothing, empty otherwise; `truncated`: there is more.
    """

    definitions: tuple[LocatedDefinition, ...]
    nodes: tuple[Node, ...] = ()
    note: str = ""
    truncated: bool = False


class GraphService:
    """Reads only. Edges are resolved when they are asked for: a changed file leaves no wrong ones behind."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store

    async def ask(self, relation: Relation, symbol: str, depth: int = 1) -> GraphAnswer:
        """What stands in `relation` to `symbol`, a qualified name or its last parts, up to `depth` steps away."""
        return await self._store.beside(lambda: self._ask(relation, symbol, depth))

    async def _ask(self, relation: Relation, symbol: str, depth: int) -> GraphAnswer:
        definitions = await self.definitions(symbol)
        if not definitions:
            return GraphAnswer((), note=f"No symbol {symbol} is in the index.")
        if relation == "definitions":
            return GraphAnswer(tuple(definitions))
        nodes, truncated = await self._spread(relation, definitions, min(depth, DEEPEST))
        note = "" if nodes else f"{symbol} is in the index, but has no {relation} there."
        return GraphAnswer(tuple(definitions), tuple(nodes), note, truncated)

    async def definitions(self, symbol: str) -> list[LocatedDefinition]:
        """The definitions of a qualified name or of its last parts; by any case only if none has this one."""
        found = await self._store.find_definitions([symbol.rpartition(".")[2]])
        exact = [one for one in found if _ends_with(one.definition.symbol, symbol)]
        return exact or [one for one in found if _ends_with(one.definition.symbol.lower(), symbol.lower())]

    async def definitions_at(self, chunks: Sequence[Chunk]) -> list[list[LocatedDefinition]]:
        """For each chunk the definitions that begin in it, those of its symbol where it has one."""
        held = await self._store.definitions_in({chunk.path for chunk in chunks})
        return [[one for one in held if _begins_in(one, chunk)] for chunk in chunks]

    async def _spread(
        self, relation: Relation, start: Sequence[LocatedDefinition], depth: int
    ) -> tuple[list[Node], bool]:
        """Breadth first from `start`, each node once, the surest edge first."""
        nodes: list[Node] = []
        truncated = False
        via: dict[LocatedDefinition, tuple[str, ...]] = dict.fromkeys(start, ())
        level: list[LocatedDefinition] = list(start)
        for step in range(1, depth + 1):
            edges, cut = await self._edges(relation, level)
            truncated = truncated or cut
            level = []
            for edge in sorted(edges, key=lambda edge: (_ORDER[edge.certainty], edge.path, edge.lines)):
                known, new = (edge.source, edge.target) if relation == "callees" else (edge.target, edge.source)
                trail = (*via.get(known, ()), known.definition.symbol) if known else ()
                nodes.append(Node(edge, step, trail))
                if new is not None and new not in via and edge.certainty != "possible":
                    via[new] = trail
                    level.append(new)
                if len(nodes) >= MOST_NODES:
                    return nodes, True
            if not level:
                break
        return nodes, truncated

    async def _edges(self, relation: Relation, level: Sequence[LocatedDefinition]) -> tuple[list[Edge], bool]:
        if relation == "callees":
            return await self.outgoing(level), False
        edges, cut = await self.incoming(level, _KINDS[relation])
        return (edges if relation != "implementations" else edges + await self._overridings(level)), cut

    async def incoming(
        self, targets: Sequence[LocatedDefinition], kinds: Collection[str], most_uses: int = MOST_REFERENCES
    ) -> tuple[list[Edge], bool]:
        """The edges of these kinds that lead to any of `targets`; and whether not all references were looked at.

        A name that is used more than `most_uses` times is passed over.
        """
        names = {target.definition.name for target in targets}
        found = await self._store.find_references(names, MOST_REFERENCES)
        if most_uses < MOST_REFERENCES:
            uses = Counter(one.reference.name for one in found)
            found = [one for one in found if uses[one.reference.name] <= most_uses]
        aliases = {one.reference.alias for one in found if one.reference.kind == "import" and one.reference.alias}
        if aliases:
            files = {one.path for one in found if one.reference.alias}
            renamed = await self._store.find_references(aliases, MOST_REFERENCES)
            found = [*found, *(one for one in renamed if one.path in files)]
        candidates = await self._store.find_definitions(names)
        wanted = [one for one in found if one.reference.kind in kinds]
        around = await self._around({one.path for one in wanted})
        scopes = await self._scopes(wanted)
        edges = await off_loop(lambda: list(_resolved(wanted, around, scopes, candidates)))
        reached = set(targets)
        return _gathered(edge for edge in edges if edge.target in reached), len(found) >= MOST_REFERENCES

    async def outgoing(self, sources: Sequence[LocatedDefinition]) -> list[Edge]:
        """The calls that `sources` make, with what they mean in this project."""
        around = await self._around({source.path for source in sources})
        by_symbol = {(source.path, source.definition.symbol): source for source in sources}
        scopes: dict[tuple[str, str], LocatedDefinition] = {}
        calls = []
        for one in await self._store.references_in(around.keys(), {"call"}, {symbol for _, symbol in by_symbol}):
            owners = ((one.path, owner) for owner in _owners(one.reference.scope))
            if (owner := next(filter(by_symbol.__contains__, owners), None)) is not None:
                scopes[one.path, one.reference.scope] = by_symbol[owner]
                calls.append(one)
        names = {name for one in calls for name in asked_names(one.reference, around[one.path])}
        candidates = await self._store.find_definitions(names) if names else []
        return _gathered(_resolved(calls, around, scopes, candidates))

    async def _overridings(self, methods: Sequence[LocatedDefinition]) -> list[Edge]:
        """For methods, the methods of the same name in what inherits from their types."""
        owners = {one: one.definition.symbol.rpartition(".")[0] for one in methods if one.definition.kind not in _TYPES}
        edges: list[Edge] = []
        for method, owner in owners.items():
            if not owner:
                continue
            types = [one for one in await self.definitions(owner) if one.path == method.path]
            inheriting, _ = await self.incoming(types, {"inherit"})
            heirs = {edge.source for edge in inheriting if edge.source}
            places = {(heir.path, f"{heir.definition.symbol}.{method.definition.name}") for heir in heirs}
            same = await self._store.find_definitions([method.definition.name])
            edges += [
                Edge("override", one.path, (one.definition.start_line,), one, method, "sure")
                for one in same
                if (one.path, one.definition.symbol) in places
            ]
        return edges

    async def _around(self, paths: Collection[str]) -> dict[str, Surroundings]:
        """What resolving needs of these files."""
        references: dict[str, list[LocatedReference]] = {path: [] for path in paths}
        for one in await self._store.references_in(paths, {"import", "inherit"}):
            references[one.path].append(one)
        return {path: surroundings(one.reference for one in held) for path, held in references.items()}

    async def _scopes(self, references: Iterable[LocatedReference]) -> dict[tuple[str, str], LocatedDefinition]:
        """The definitions that these stand in, by path and symbol."""
        scopes = {(one.path, one.reference.scope) for one in references if one.reference.scope}
        paths, symbols = {path for path, _ in scopes}, {symbol for _, symbol in scopes}
        held = await self._store.definitions_in(paths, symbols) if scopes else []
        return {(one.path, one.definition.symbol): one for one in held}


def _resolved(
    references: Iterable[LocatedReference],
    around: Mapping[str, Surroundings],
    scopes: Mapping[tuple[str, str], LocatedDefinition],
    candidates: Sequence[LocatedDefinition],
) -> Iterable[Edge]:
    by_name: dict[str, list[LocatedDefinition]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.definition.name, []).append(candidate)
    for found in references:
        reference = found.reference
        names = asked_names(reference, around[found.path])
        resolved = resolve(found, around[found.path], [one for name in names for one in by_name.get(name, ())])
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


def _begins_in(one: LocatedDefinition, chunk: Chunk) -> bool:
    if one.path != chunk.path or not chunk.start_line <= one.definition.start_line <= chunk.end_line:
        return False
    return not chunk.symbol or chunk.kind == "block" or _ends_with(one.definition.symbol, chunk.symbol)


def _ends_with(symbol: str, asked: str) -> bool:
    return symbol == asked or symbol.endswith(f".{asked}")
