"""What a reference means in a project as small as it can be.

A project is written as its files and what they declare: `run()` is a function, or a method where it is in a type,
`Pool` a type, `=POOL` a constant. An import is `module:name>alias`, a base `Heir<Base`, a place `file:scope`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent_brain_server.domain.code_graph import (
    Definition,
    LocatedDefinition,
    LocatedReference,
    Reference,
    ReferenceKind,
)
from agent_brain_server.retrieval.code_graph.resolution import asked_names, file_imports, resolve

LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "c": "c",
    "h": "c",
    "cpp": "cpp",
    "java": "java",
    "kt": "kotlin",
    "rs": "rust",
    "go": "go",
    "rb": "ruby",
    "php": "php",
    "md": "markdown",
}
NOTHING = "nothing"
Project = Mapping[str, str]


def language(path: str) -> str:
    """Return the language of a file by its suffix."""
    return LANGUAGES[path.rpartition(".")[2]]


def declared(project: Project) -> Iterator[LocatedDefinition]:
    """Yield what the files of the project declare."""
    for path, symbols in project.items():
        for word in symbols.split():
            symbol = word.strip("=").removesuffix("()")
            owner = symbol.rpartition(".")[0]
            in_type = bool(owner) and f"{owner}()" not in symbols.split()
            kind = "constant" if word[0] == "=" else "class" if word == symbol else "method" if in_type else "function"
            yield LocatedDefinition(path, language(path), Definition(symbol, kind, 1, 2, ""))


def imports_and_bases(imports: str, bases: str) -> Iterable[Reference]:
    """Yield the imports and bases of a file."""
    for word in imports.split():
        module, _, named = word.rpartition(":")
        name, _, alias = named.partition(">")
        yield Reference("import", name, module, alias, "", 1)
    for word in bases.split():
        heir, _, base = word.partition("<")
        yield Reference("inherit", base, "", "", heir, 1)


def meant(
    project: Project, place: str, written: str, imports: str = "", bases: str = "", kind: ReferenceKind = "call"
) -> str:
    """Return how sure, then the places of what is meant."""
    path, _, scope = place.partition(":")
    qualifier, _, name = written.rpartition("." if kind != "import" else ":")
    context = file_imports(imports_and_bases(imports, bases))
    reference = Reference(kind, name, qualifier, "", scope, 1)
    names = asked_names(reference, context)
    candidates = [one for one in declared(project) if one.definition.name in names]
    resolved = resolve(LocatedReference(path, language(path), reference), context, candidates)
    places = [f"{one.path}:{one.definition.symbol}" for one in resolved.definitions]
    return " ".join([resolved.certainty, *sorted(places)]) if places else NOTHING
