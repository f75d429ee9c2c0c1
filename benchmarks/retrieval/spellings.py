"""A name as people write it who do not have it in front of them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from random import Random

from benchmarks.retrieval.frames import package_of
from benchmarks.retrieval.syntax_trees import Defined

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_COLONS = frozenset(("rust", "cpp", "c", "ruby"))
_LETTERS = "etaoinsrhldcumfpgwybvk"


def parts_of(name: str) -> list[str]:
    """Return the words of a name in lower case."""
    return [part.lower() for part in _PARTS.findall(name)]


def folded(name: str) -> str:
    """Return what all spellings of a name have in common."""
    return "".join(parts_of(name))


def mistyped(name: str, random: Random) -> str:
    """Return the name with one edit after its first letter: one left out, doubled, swapped or replaced."""
    place = random.randrange(1, len(name) - 1)
    before, letter, after = name[:place], name[place], name[place + 1 :]
    edits = (
        before + after,
        before + letter * 2 + after,
        before + after[0] + letter + after[1:],
        before + random.choice(_LETTERS) + after,
    )
    return random.choice(edits)


def cased(name: str, random: Random) -> str:
    """Return the name in another language's convention."""
    parts = parts_of(name)
    capitals = [part.capitalize() for part in parts]
    spellings = ("_".join(parts), "-".join(parts), "".join(capitals), parts[0] + "".join(capitals[1:]), "".join(parts))
    return random.choice([spelling for spelling in spellings if spelling != name])


def qualified(defined: Defined) -> str:
    """Return the definition's name behind its module's, joined as its language does."""
    path = PurePosixPath(defined.path)
    folders = [folder for folder in path.parent.parts if folder not in ("src", "lib", ".")]
    if defined.language == "python":
        module = folders if path.stem == "__init__" else [*folders, path.stem]
        return ".".join((*module, *defined.names))
    if defined.language in ("java", "kotlin", "scala"):
        return ".".join(filter(None, (package_of(defined.path), *defined.names)))
    if defined.language == "go":
        return ".".join((folders[-1] if folders else "main", *defined.names))
    if defined.language == "elixir" or (len(defined.names) > 1 and defined.language in ("csharp", "swift", "ruby")):
        return ("::" if defined.language == "ruby" else ".").join(defined.names)
    if defined.language == "php":
        return "::".join(("\\".join((*folders, defined.names[0])), *defined.names[1:]))
    module = () if path.stem.lower() == defined.names[0].lower() else (path.stem,)
    return ("::" if defined.language in _COLONS else ".").join((*folders[-1:], *module, *defined.names))
