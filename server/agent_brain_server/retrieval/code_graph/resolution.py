"""Which definition a reference means, told by names, scopes and imports. No types are inferred.

`sure`: scope or import say so. `likely`: nothing else in the project fits. `possible`: several do, and nothing tells
them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from posixpath import dirname

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference, Reference
from agent_brain_server.retrieval.code_graph.guessing import Resolved, guess, is_abbreviation, parent
from agent_brain_server.retrieval.code_graph.modules import joined, local_name, names_file
from agent_brain_server.retrieval.ranking.roles import role_of

_SELF = frozenset(
    {"self", "this", "cls", "Self", "super", "super()", "$this", "static", "parent", "base", "@self", "me"}
)
_FAMILIES = {
    **dict.fromkeys(("javascript", "typescript", "vue", "svelte"), "ecmascript"),
    **dict.fromkeys(("c", "cpp", "objc"), "c"),
    **dict.fromkeys(("java", "kotlin", "scala"), "jvm"),
}
_ABOVE = ("super", "parent", "base")
_LITERALS = ('"', "'", "`", *"0123456789")
# Where a file has no name of another file without an import.
_IMPORTING = frozenset({"python", "javascript", "typescript", "vue", "svelte"})
# Where a method may be called by its name alone from another method of its class.
_IMPLICIT_SELF = frozenset({"java", "kotlin", "scala", "csharp", "cpp", "ruby", "swift"})
# Where files of one folder see each other's names without an import.
_FOLDER_SCOPED = frozenset({"go", "java", "kotlin", "scala", "csharp", "swift", "c", "cpp", "php", "ruby", "bash"})
_MEMBERS = frozenset({"method"})
_NOT_CALLED = frozenset({"section", "key", "cell", "page", "block"})


@dataclass(frozen=True, slots=True)
class FileImports:
    """What is known of the file that a reference stands in: its imports, and the bases of each class by its symbol."""

    imports: Sequence[Reference] = ()
    bases: dict[str, frozenset[str]] = field(default_factory=dict)


NOTHING = Resolved((), "sure")


def file_imports(references: Iterable[Reference]) -> FileImports:
    """What a file's references say of its imports and classes."""
    imports: list[Reference] = []
    bases: dict[str, set[str]] = {}
    for reference in references:
        if reference.kind == "import":
            imports.append(reference)
        elif reference.kind == "inherit":
            bases.setdefault(reference.scope, set()).add(reference.name)
    return FileImports(imports, {scope: frozenset(names) for scope, names in bases.items()})


def family(language: str) -> str:
    """The languages that call each other's definitions have one family."""
    return _FAMILIES.get(language, language)


def asked_names(reference: Reference, context: FileImports) -> set[str]:
    """The names under which the definition of `reference` may be declared: an import may have renamed it."""
    renamed = {found.name for found in context.imports if found.alias == reference.name and found.name != "*"}
    return {reference.name, *renamed}


def resolve(found: LocatedReference, context: FileImports, candidates: Sequence[LocatedDefinition]) -> Resolved:
    """What `found` means among `candidates`, the project's definitions of its names (see `asked_names`)."""
    possible = [
        candidate
        for candidate in candidates
        if family(candidate.language) == family(found.language) and candidate.definition.kind not in _NOT_CALLED
    ]
    site = ReferenceSite(found, context)
    qualifier = found.reference.qualifier
    if found.reference.kind == "import":
        return site.imported(possible)
    if not qualifier:
        return site.bare(possible)
    return site.own_member(possible) if qualifier in _SELF else site.qualified(possible, qualifier)


class ReferenceSite:
    """A reference at its place."""

    def __init__(self, found: LocatedReference, context: FileImports) -> None:
        self.path = found.path
        self.language = found.language
        self.reference = found.reference
        self.context = context
        self.owners = _owners(found.reference.scope)

    def imported(self, candidates: Sequence[LocatedDefinition]) -> Resolved:
        """What an import names."""
        module = self.reference.qualifier
        return _sure([c for c in candidates if not parent(c) and names_file(module, self.path, c.path)])

    def bare(self, candidates: Sequence[LocatedDefinition]) -> Resolved:
        """A name without anything before it: the nearest scope, then imports, then the folder, then the project."""
        name = self.reference.name
        reachable = [c for c in candidates if c.definition.name == name and self._reaches(c)]
        imports = [found for found in self.context.imports if _local(found) == name and found.alias != "_"]
        if nearest := self._nearest([c for c in reachable if c.path == self.path], bool(imports)):
            return _sure(nearest)
        if imports:
            return _sure(self._held(candidates, imports))
        if starred := self._held(reachable, [f for f in self.context.imports if f.name == "*" and not f.alias]):
            return _sure(starred)
        folder = [c for c in reachable if dirname(c.path) == dirname(self.path)]
        if folder and self.language in _FOLDER_SCOPED:
            return _sure(folder)
        guessed = guess(reachable, "")
        return Resolved(guessed.definitions, "possible") if self.language in _IMPORTING else guessed

    def own_member(self, candidates: Sequence[LocatedDefinition]) -> Resolved:
        """A member of the class context, or of a class that it inherits from."""
        members = [candidate for candidate in candidates if parent(candidate)]
        inherited = [c for c in members if _last(parent(c)) in self._bases()]
        if self.reference.qualifier.startswith(_ABOVE):
            return _sure(inherited)
        own = [c for c in members if c.path == self.path and parent(c) in self.owners]
        same = [c for c in members if _last(parent(c)) in {_last(owner) for owner in self.owners}]
        found = own or inherited or same
        if found:
            return _sure(found)
        guessed = guess(members, "")
        return Resolved(guessed.definitions, "possible") if self._bases() else guessed

    def qualified(self, candidates: Sequence[LocatedDefinition], qualifier: str) -> Resolved:
        """A member of what the qualifier is: a module, a type, the class context, else something of a telling name."""
        named = [candidate for candidate in candidates if candidate.definition.name == self.reference.name]
        last = qualifier.rpartition(".")[2].removesuffix("()")
        if last[:1] in _LITERALS:
            return NOTHING
        if (found := self._of_import(named, qualifier)) is not None:
            return found
        if of_type := [c for c in named if _last(parent(c)) == last]:
            own = [c for c in of_type if c.path == self.path]
            return _sure(own or of_type)
        members = [c for c in named if parent(c) and (role_of(c.path) != "test" or role_of(self.path) == "test")]
        own = [c for c in members if parent(c) in self.owners and dirname(c.path) == dirname(self.path)]
        if own and self.language == "go" and is_abbreviation(last, _last(parent(own[0]))):
            return _sure(own)
        chained = (
            {part for part in qualifier.split(".")[:-1] if part[:1].isupper()} if qualifier.endswith("()") else set()
        )
        if built := [c for c in members if _last(parent(c)) in chained]:
            return Resolved(tuple(built), "likely")
        return guess(members, last)

    def _of_import(self, named: Sequence[LocatedDefinition], qualifier: str) -> Resolved | None:
        """A member of an imported module or type; None where the qualifier is no import's name, or may be a value."""
        head = qualifier.partition(".")[0]
        imports = [f for f in self.context.imports if _local(f) == head or qualifier == joined(f.qualifier, f.name)]
        if not imports:
            return None
        modules = [joined(found.qualifier, found.name) for found in imports]
        if held := [c for c in named if any(names_file(module, self.path, c.path) for module in modules)]:
            return _sure([c for c in held if not parent(c)] or held)
        of_type = [c for c in named if _last(parent(c)) in {qualifier.rpartition(".")[2], *(f.name for f in imports)}]
        if of_type:
            near = [c for c in of_type if any(names_file(f.qualifier, self.path, c.path) for f in imports)]
            return _sure(near or of_type)
        modules_only = all(found.name == "*" or not found.qualifier for found in imports)
        types_only = all(found.name[:1].isupper() for found in imports)
        return NOTHING if modules_only or types_only else None

    def _reaches(self, candidate: LocatedDefinition) -> bool:
        """Whether a bare name can mean it: a method needs its class context, and a language that allows it."""
        if candidate.definition.kind not in _MEMBERS:
            return True
        if self.language not in _IMPLICIT_SELF:
            return False
        return _last(parent(candidate)) in {_last(owner) for owner in self.owners} | self._bases()

    def _bases(self) -> frozenset[str]:
        """The names of what the classes around inherit from."""
        return frozenset().union(*(self.context.bases.get(owner, frozenset()) for owner in self.owners))

    def _nearest(self, own: Sequence[LocatedDefinition], imported: bool) -> list[LocatedDefinition]:
        """Of this file's definitions those of the innermost scope that the reference stands in.

        A constant of an imported name is what the import made.
        """
        depth = {scope: at for at, scope in enumerate((*self.owners, ""))}
        visible = [
            c
            for c in own
            if (parent(c) in depth or c.definition.kind in _MEMBERS)
            and not (imported and c.definition.kind == "constant")
        ]
        best = min((depth.get(parent(c), len(depth)) for c in visible), default=0)
        return [c for c in visible if depth.get(parent(c), len(depth)) == best]

    def _held(self, candidates: Sequence[LocatedDefinition], imports: Sequence[Reference]) -> list[LocatedDefinition]:
        """Those of `candidates` that one of the imports brings in, by whatever name."""
        name = self.reference.name
        return [
            c
            for found in imports
            for c in candidates
            if c.definition.name == (name if found.name in ("*", "default") else found.name)
            and (
                names_file(found.qualifier, self.path, c.path)
                or names_file(joined(found.qualifier, found.name), self.path, c.path)
            )
        ]


def _owners(scope: str) -> tuple[str, ...]:
    """The scope and what is around it, innermost first."""
    parts = scope.split(".") if scope else []
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))


def _last(symbol: str) -> str:
    return symbol.rpartition(".")[2]


def _local(found: Reference) -> str:
    if found.alias:
        return found.alias
    return local_name(found.qualifier) if found.name == "*" else found.name


def _sure(definitions: Sequence[LocatedDefinition]) -> Resolved:
    return Resolved(tuple(definitions), "sure")
