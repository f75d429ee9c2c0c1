"""Which definition a reference means, by names, scopes and imports. No types are inferred.

`sure`: scope or import say so. `likely`: nothing else in the project fits. `possible`: several definitions fit alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent_brain_server.domain.code_graph import LocatedDefinition, LocatedReference, Reference
from agent_brain_server.retrieval.code_graph.guessing import Resolved
from agent_brain_server.retrieval.code_graph.reference_site import FileImports, ReferenceSite, file_imports
from agent_brain_server.retrieval.code_graph.rules import (
    BARE_RULES,
    IMPORT_RULES,
    OWN_MEMBER_RULES,
    QUALIFIED_RULES,
    Rule,
    apply,
)

__all__ = ["FileImports", "asked_names", "family", "file_imports", "resolve"]

_SELF = frozenset(
    {"self", "this", "cls", "Self", "super", "super()", "$this", "static", "parent", "base", "@self", "me"}
)
_FAMILIES = {
    **dict.fromkeys(("javascript", "typescript", "vue", "svelte"), "ecmascript"),
    **dict.fromkeys(("c", "cpp", "objc"), "c"),
    **dict.fromkeys(("java", "kotlin", "scala"), "jvm"),
}
_NOT_CALLED = frozenset({"section", "key", "cell", "page", "block"})


def family(language: str) -> str:
    """Return the family of languages that call each other's definitions."""
    return _FAMILIES.get(language, language)


def asked_names(reference: Reference, context: FileImports) -> set[str]:
    """Return the names under which the definition may be declared: an import may have renamed it."""
    renamed = {found.name for found in context.imports if found.alias == reference.name and found.name != "*"}
    return {reference.name, *renamed}


def resolve(located: LocatedReference, context: FileImports, candidates: Sequence[LocatedDefinition]) -> Resolved:
    """Return what `located` means among `candidates`, the project's definitions of its names (see `asked_names`)."""
    possible = [
        candidate
        for candidate in candidates
        if family(candidate.language) == family(located.language) and candidate.definition.kind not in _NOT_CALLED
    ]
    return apply(_rules_for(located.reference), ReferenceSite(located, context, possible))


def _rules_for(reference: Reference) -> Sequence[Rule]:
    if reference.kind == "import":
        return IMPORT_RULES
    if not reference.qualifier:
        return BARE_RULES
    return OWN_MEMBER_RULES if reference.qualifier in _SELF else QUALIFIED_RULES
