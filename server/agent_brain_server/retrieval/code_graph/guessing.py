"""Which of several definitions a name means where neither scope nor import says so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent_brain_server.domain.code_graph import LocatedDefinition
from agent_brain_server.retrieval.ranking.query import ordered_words

Certainty = Literal["sure", "likely", "possible"]

MOST_POSSIBLE = 8
_INTERFACE = re.compile(r"^I(?=[A-Z][a-z])|^(?:Abstract|Base|Default)(?=[A-Z])|(?:Impl|Base|Interface)\Z")
# Names that containers, strings, streams and promises of every language have: they say little of what is meant.
_COMMON = frozenset(
    """
    add addall all any append apply at bind build call catch clear clone close collect compare concat connect contains
    copy count create delete done each emit encode end equals error execute exists extend fill filter find finish first
    flush foreach format get has hash head id index indexof info insert is isempty items iter join key keys last len
    length line list load lock log map match merge name new next notify of on open parse path peek pop print push put
    read remove replace reset resolve result resume reverse run save search seek select send set shift size skip slice
    sort split start state status stop sub submit substring sum swap take test then toarray tostring trim type unlock
    unwrap update upper value values wait warn with write appendchild schedule cancel debug default from into context
    """.split()
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The definitions that a reference may mean. Several are overloads or overridings, unless they are `possible`."""

    definitions: tuple[LocatedDefinition, ...]
    certainty: Certainty


def guess(candidates: Sequence[LocatedDefinition], receiver: str) -> Resolved:
    """Return one method as `likely`, as a receiver called `retryPolicy` names its type; several as `possible`.

    A name that everything has needs a receiver that names a type. More than MOST_POSSIBLE are none.
    """
    alike = _alike(candidates, receiver)
    left = alike or list(candidates)
    selective = bool(alike) or (bool(left) and left[0].definition.name.lower() not in _COMMON)
    if left and selective and len({_method(candidate) for candidate in left}) == 1:
        return Resolved(tuple(left), "likely")
    return Resolved(tuple(left) if len(left) <= MOST_POSSIBLE else (), "possible")


def parent(candidate: LocatedDefinition) -> str:
    """Return the qualified name of what a definition is a member of, empty for none."""
    return candidate.definition.symbol.rpartition(".")[0]


def is_abbreviation(short: str, name: str) -> bool:
    """Return whether `short` may be a variable's name for a `name`: its start, or the initials of its words."""
    words = ordered_words(name)
    initials = "".join(word[0] for word in words)
    folded = short.lstrip("_").lower()
    return bool(folded) and (name.lower().startswith(folded) or folded == initials)


def _alike(candidates: Sequence[LocatedDefinition], receiver: str) -> list[LocatedDefinition]:
    """Return those whose type has the receiver's name: all of its words, the last of them, or an abbreviation."""
    said = ordered_words(receiver)
    if not said:
        return []
    types = [(candidate, parent(candidate).rpartition(".")[2]) for candidate in candidates]
    words = [(candidate, ordered_words(_INTERFACE.sub("", name))) for candidate, name in types]
    return (
        [candidate for candidate, held in words if held == said]
        or [candidate for candidate, held in words if held[-len(said) :] == said]
        or [candidate for candidate, held in words if held and held == said[-len(held) :]]
        or [candidate for candidate, name in types if is_abbreviation(receiver, name)]
    )


def _method(candidate: LocatedDefinition) -> str:
    """Return a key: the same for overloads, and for a method of an interface and of a class that is named after it."""
    owner = parent(candidate).rpartition(".")[2]
    return _INTERFACE.sub("", owner).lower() if owner else f"/{candidate.path}"
