"""The rules by which a reference gets its definitions. The first rule that answers decides.

A rule returns None where it does not apply, and definitions, perhaps none, where it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_brain_server.domain.code_graph import LocatedDefinition
from agent_brain_server.retrieval.code_graph.guessing import Resolved, guess, is_abbreviation, parent
from agent_brain_server.retrieval.code_graph.modules import joined
from agent_brain_server.retrieval.code_graph.reference_site import ReferenceSite, last_part
from agent_brain_server.retrieval.ranking.roles import role_of

Rule = Callable[[ReferenceSite], Resolved | None]

NOTHING = Resolved((), "sure")
_ABOVE = ("super", "parent", "base")
_LITERALS = ('"', "'", "`", *"0123456789")
# Where a file has no name of another file without an import.
_IMPORTING = frozenset({"python", "javascript", "typescript", "vue", "svelte"})
# Where files of one folder see each other's names without an import.
_FOLDER_SCOPED = frozenset({"go", "java", "kotlin", "scala", "csharp", "swift", "c", "cpp", "php", "ruby", "bash"})


def apply(rules: Sequence[Rule], site: ReferenceSite) -> Resolved:
    """Return what the first rule that applies says, nothing if none does."""
    answers = (rule(site) for rule in rules)
    return next((answer for answer in answers if answer is not None), NOTHING)


def _sure(definitions: Sequence[LocatedDefinition]) -> Resolved:
    return Resolved(tuple(definitions), "sure")


def _sure_if_any(definitions: Sequence[LocatedDefinition]) -> Resolved | None:
    return _sure(definitions) if definitions else None


def _possible(guessed: Resolved) -> Resolved:
    return Resolved(guessed.definitions, "possible")


# An import statement


def imported_module(site: ReferenceSite) -> Resolved | None:
    """Answer with the top-level definitions of the module that the import names."""
    module = site.reference.qualifier
    return _sure([one for one in site.candidates if not parent(one) and site.is_in(module, one)])


# A name without a qualifier


def nearest_scope(site: ReferenceSite) -> Resolved | None:
    """Answer with what the innermost enclosing scope of the file declares."""
    return _sure_if_any(site.innermost(site.in_file(site.reachable)))


def imported_name(site: ReferenceSite) -> Resolved | None:
    """Answer with what an import of this name brings in; with nothing where that is outside of the project."""
    return _sure(site.imported_by(site.imports, site.candidates)) if site.imports else None


def star_import(site: ReferenceSite) -> Resolved | None:
    """Answer with what an import of all names of a module brings in."""
    starred = [one for one in site.context.imports if one.name == "*" and not one.alias]
    return _sure_if_any(site.imported_by(starred, site.reachable))


def same_folder(site: ReferenceSite) -> Resolved | None:
    """Answer with what the folder declares, in a language whose files share the names of their folder."""
    return _sure_if_any(site.in_folder(site.reachable)) if site.language in _FOLDER_SCOPED else None


def any_of_project(site: ReferenceSite) -> Resolved | None:
    """Guess among all of the project; no more than possible where the language needs an import."""
    guessed = guess(site.reachable, "")
    return _possible(guessed) if site.language in _IMPORTING else guessed


# A member of the enclosing type: self.name, super.name


def base_type(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of the base types where the qualifier is `super` or the like."""
    return _sure(_inherited(site)) if site.reference.qualifier.startswith(_ABOVE) else None


def own_type(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of the enclosing types in this file."""
    return _sure_if_any([one for one in site.in_file(site.members) if parent(one) in site.owners])


def inherited_member(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of the base types."""
    return _sure_if_any(_inherited(site))


def own_type_elsewhere(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of types of the same name in other files: parts of one type, or its declaration."""
    return _sure_if_any([one for one in site.members if last_part(parent(one)) in site.owner_names])


def any_member(site: ReferenceSite) -> Resolved | None:
    """Guess among all members; no more than possible where the type inherits from something unknown."""
    guessed = guess(site.members, "")
    return _possible(guessed) if site.bases else guessed


def _inherited(site: ReferenceSite) -> list[LocatedDefinition]:
    return [one for one in site.members if last_part(parent(one)) in site.bases]


# A member of something else: qualifier.name


def member_of_literal(site: ReferenceSite) -> Resolved | None:
    """Answer with nothing for the member of a string or a number."""
    return NOTHING if site.receiver[:1] in _LITERALS else None


def member_of_imported_module(site: ReferenceSite) -> Resolved | None:
    """Answer with the definitions of an imported module, those at its top level first."""
    modules = [joined(one.qualifier, one.name) for one in site.qualifier_imports]
    found = [one for one in site.named if any(site.is_in(module, one) for module in modules)]
    return _sure_if_any([one for one in found if not parent(one)] or found)


def member_of_imported_type(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of an imported type, those in the imported module first."""
    imports = site.qualifier_imports
    if not imports:
        return None
    types = {last_part(site.reference.qualifier), *(one.name for one in imports)}
    found = [one for one in site.named if last_part(parent(one)) in types]
    near = [one for one in found if any(site.is_in(statement.qualifier, one) for statement in imports)]
    return _sure_if_any(near or found)


def member_of_external_import(site: ReferenceSite) -> Resolved | None:
    """Answer with nothing where the qualifier is a module or a type from outside of the project, and no value."""
    imports = site.qualifier_imports
    modules_only = all(one.name == "*" or not one.qualifier for one in imports)
    types_only = all(one.name[:1].isupper() for one in imports)
    return NOTHING if imports and (modules_only or types_only) else None


def member_of_named_type(site: ReferenceSite) -> Resolved | None:
    """Answer with the members of types of the qualifier's name, those in this file first."""
    found = [one for one in site.named if last_part(parent(one)) == site.receiver]
    return _sure_if_any(site.in_file(found) or found)


def member_of_go_receiver(site: ReferenceSite) -> Resolved | None:
    """Answer with the methods of the enclosing type in Go, where the receiver abbreviates its name."""
    own = [one for one in site.in_folder(_members_outside_tests(site)) if parent(one) in site.owners]
    if not own or site.language != "go" or not is_abbreviation(site.receiver, last_part(parent(own[0]))):
        return None
    return _sure(own)


def member_of_built_type(site: ReferenceSite) -> Resolved | None:
    """Answer with the likely members of a type that a chain of calls begins with: `Builder.new().name`."""
    qualifier = site.reference.qualifier
    if not qualifier.endswith("()"):
        return None
    types = {part for part in qualifier.split(".")[:-1] if part[:1].isupper()}
    built = [one for one in _members_outside_tests(site) if last_part(parent(one)) in types]
    return Resolved(tuple(built), "likely") if built else None


def member_by_receiver_name(site: ReferenceSite) -> Resolved | None:
    """Guess by the receiver's name."""
    return guess(_members_outside_tests(site), site.receiver)


def _members_outside_tests(site: ReferenceSite) -> list[LocatedDefinition]:
    """Return the members of the reference's name; those in tests for references in tests only."""
    in_test = role_of(site.path) == "test"
    return [one for one in site.named if parent(one) and (in_test or role_of(one.path) != "test")]


IMPORT_RULES: tuple[Rule, ...] = (imported_module,)
BARE_RULES: tuple[Rule, ...] = (nearest_scope, imported_name, star_import, same_folder, any_of_project)
OWN_MEMBER_RULES: tuple[Rule, ...] = (base_type, own_type, inherited_member, own_type_elsewhere, any_member)
QUALIFIED_RULES: tuple[Rule, ...] = (
    member_of_literal,
    member_of_imported_module,
    member_of_imported_type,
    member_of_external_import,
    member_of_named_type,
    member_of_go_receiver,
    member_of_built_type,
    member_by_receiver_name,
)
