"""A reference in its file, and the definitions that it may mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import dirname

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference, Reference
from agent_brain_server.retrieval.code_graph.guessing import parent
from agent_brain_server.retrieval.code_graph.modules import joined, local_name, names_file

Definitions = list[LocatedDefinition]

_METHOD = "method"
# Where a method may be called by its name alone from another method of its class.
_IMPLICIT_SELF = frozenset({"java", "kotlin", "scala", "csharp", "cpp", "ruby", "swift"})


@dataclass(frozen=True, slots=True)
class FileImports:
    """The imports of a file, and the names of the base types of each of its types, by the type's symbol."""

    imports: Sequence[Reference] = ()
    bases: dict[str, frozenset[str]] = field(default_factory=dict)


def file_imports(references: Iterable[Reference]) -> FileImports:
    """Return the imports and base types among the references of a file."""
    imports: list[Reference] = []
    bases: dict[str, set[str]] = {}
    for reference in references:
        if reference.kind == "import":
            imports.append(reference)
        elif reference.kind == "inherit":
            bases.setdefault(reference.scope, set()).add(reference.name)
    return FileImports(imports, {scope: frozenset(names) for scope, names in bases.items()})


class ReferenceSite:
    """A reference, the imports of its file, and `candidates`, the definitions of its names in its language family.

    `owners` are the scopes that enclose the reference, as symbols, innermost first. What the rules have in common is
    computed once.
    """

    def __init__(
        self, located: LocatedReference, context: FileImports, candidates: Sequence[LocatedDefinition]
    ) -> None:
        self.path = located.path
        self.language = located.language
        self.reference = located.reference
        self.context = context
        self.candidates = candidates
        self.owners = _enclosing(located.reference.scope)

    @cached_property
    def named(self) -> Definitions:
        """Return the candidates of the reference's own name; an import may have renamed the others."""
        return [one for one in self.candidates if one.definition.name == self.reference.name]

    @cached_property
    def reachable(self) -> Definitions:
        """Return those of `named` that a name without a qualifier can mean."""
        return [one for one in self.named if self._is_reachable(one)]

    @cached_property
    def members(self) -> Definitions:
        """Return the candidates that are members of something."""
        return [one for one in self.candidates if parent(one)]

    @cached_property
    def imports(self) -> list[Reference]:
        """Return the imports that bring the reference's name into the file."""
        name = self.reference.name
        return [one for one in self.context.imports if imported_as(one) == name and one.alias != "_"]

    @cached_property
    def qualifier_imports(self) -> list[Reference]:
        """Return the imports that bring in the qualifier, or the module or type that it begins with."""
        qualifier = self.reference.qualifier
        head = qualifier.partition(".")[0]
        return [
            one
            for one in self.context.imports
            if imported_as(one) == head or qualifier == joined(one.qualifier, one.name)
        ]

    @cached_property
    def receiver(self) -> str:
        """Return the last part of the qualifier, without a call's brackets."""
        return last_part(self.reference.qualifier).removesuffix("()")

    @cached_property
    def bases(self) -> frozenset[str]:
        """Return the names of the base types of the enclosing types."""
        return frozenset().union(*(self.context.bases.get(owner, frozenset()) for owner in self.owners))

    @cached_property
    def owner_names(self) -> frozenset[str]:
        """Return the last parts of `owners`."""
        return frozenset(map(last_part, self.owners))

    def in_file(self, definitions: Iterable[LocatedDefinition]) -> Definitions:
        """Return those of `definitions` that are in the reference's file."""
        return [one for one in definitions if one.path == self.path]

    def in_folder(self, definitions: Iterable[LocatedDefinition]) -> Definitions:
        """Return those of `definitions` whose file is in the same folder."""
        folder = dirname(self.path)
        return [one for one in definitions if dirname(one.path) == folder]

    def is_in(self, module: str, definition: LocatedDefinition) -> bool:
        """Return whether the definition's file may be what this file imports as `module`."""
        return names_file(module, self.path, definition.path)

    def imported_by(self, imports: Sequence[Reference], definitions: Sequence[LocatedDefinition]) -> Definitions:
        """Return those of `definitions` that one of `imports` brings in under the reference's name."""
        return [one for statement in imports for one in definitions if self._brings_in(statement, one)]

    def _brings_in(self, statement: Reference, definition: LocatedDefinition) -> bool:
        name = self.reference.name if statement.name in ("*", "default") else statement.name
        if definition.definition.name != name:
            return False
        return self.is_in(statement.qualifier, definition) or self.is_in(
            joined(statement.qualifier, statement.name), definition
        )

    def _is_reachable(self, candidate: LocatedDefinition) -> bool:
        """Return whether a bare name can mean it: a method within its type, in a language that allows it."""
        if candidate.definition.kind != _METHOD:
            return True
        return self.language in _IMPLICIT_SELF and last_part(parent(candidate)) in self.owner_names | self.bases

    def innermost(self, definitions: Sequence[LocatedDefinition]) -> Definitions:
        """Return those of `definitions`, all of this file, of the innermost scope that encloses the reference.

        A constant of an imported name is what the import made.
        """
        depth = {scope: at for at, scope in enumerate((*self.owners, ""))}
        outside = len(depth)
        visible = [
            (depth.get(parent(one), outside), one)
            for one in definitions
            if (parent(one) in depth or one.definition.kind == _METHOD)
            and not (self.imports and one.definition.kind == "constant")
        ]
        nearest = min((at for at, _ in visible), default=0)
        return [one for at, one in visible if at == nearest]


def last_part(symbol: str) -> str:
    """Return the last part of a qualified name."""
    return symbol.rpartition(".")[2]


def imported_as(statement: Reference) -> str:
    """Return the name that an import has in its file."""
    if statement.alias:
        return statement.alias
    return local_name(statement.qualifier) if statement.name == "*" else statement.name


def _enclosing(scope: str) -> tuple[str, ...]:
    parts = scope.split(".") if scope else []
    return tuple(".".join(parts[:length]) for length in range(len(parts), 0, -1))
