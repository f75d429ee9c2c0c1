"""Questions that say a place: a path with a line, a stack frame, or a name that is nearly right.

They are drawn at random from the sources, by a seed of the corpus's name: the same sources give the same questions.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from random import Random
from typing import TypeVar

from benchmarks.retrieval.frames import frame
from benchmarks.retrieval.packages import Corpus
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.source_files import source_files
from benchmarks.retrieval.spellings import cased, folded, mistyped, parts_of, qualified
from benchmarks.retrieval.syntax_trees import Defined, definitions, parsed_files

NUMBERS = {"path:line": 8, "frame": 8, "typo": 6, "case": 4, "qualified": 4}
"""How many of each kind a corpus gives, if it has as many."""
SHORTEST_NAME = 8
MOST_OF_A_NAME = 3
"""Definitions; a name with more is no place."""
T = TypeVar("T")
_WORD = re.compile(r"\w{3,}")
_FORMS = (
    "{path}:{line}",
    "{path}:{line}:5",
    "{path}#L{line}",
    "{path} line {line}",
    "{path}({line},5)",
    "{end}:{line}",
)


class _Sources:
    """What the questions of one corpus are drawn from."""

    def __init__(self, root: Path) -> None:
        self.texts = dict(source_files(root))
        self.defined = [one for file in parsed_files(root) for one in definitions(file)]
        self.named: defaultdict[str, list[Defined]] = defaultdict(list)
        for one in self.defined:
            self.named[folded(one.name)].append(one)
        self.words = {word.lower() for text in self.texts.values() for word in re.findall(r"\w+", text)}
        self.ends = Counter(PurePosixPath(path).name for path in self.texts)

    def spans(self, name: str) -> tuple[Span, ...]:
        """Return every place where a name of these words is defined, in any case."""
        return tuple(Span(one.path, one.first, one.last) for one in self.named[folded(name)])

    def names(self) -> list[Defined]:
        """Return what has a name long enough to be recognised, and defined at few places."""
        return [
            one
            for one in self.defined
            if len(folded(one.name)) >= SHORTEST_NAME and len(self.named[folded(one.name)]) <= MOST_OF_A_NAME
        ]


def places_questions(corpus: Corpus, root: Path) -> list[Question]:
    """Return the questions about the sources at `root`."""
    sources = _Sources(root)
    drawn: list[Question] = []
    for kind, make in _KINDS.items():
        random = Random(f"{corpus.name} {kind}")
        asked: dict[str, tuple[Span, ...]] = {}
        for text, answers in make(sources, random):
            asked.setdefault(text, answers)
            if len(asked) == NUMBERS[kind]:
                break
        drawn += [Question(corpus, kind, text, answers) for text, answers in asked.items()]
    return drawn


Drawn = Iterator[tuple[str, tuple[Span, ...]]]


def _lines(sources: _Sources, random: Random) -> Drawn:
    for number, path in enumerate(_shuffled(list(sources.texts), random)):
        lines = [n for n, line in enumerate(sources.texts[path].splitlines(), 1) if _WORD.search(line)]
        form = _FORMS[number % len(_FORMS)]
        end = PurePosixPath(path).name
        if lines and ("{end}" not in form or sources.ends[end] == 1):
            line = random.choice(lines)
            yield form.format(path=path, line=line, end=end), (Span(path, line, line),)


def _frames(sources: _Sources, random: Random) -> Drawn:
    for number, one in enumerate(_shuffled(sources.defined, random)):
        if one.is_function and one.last - one.first >= 2:
            line = random.randint(one.first + 1, one.last - 1)
            if _WORD.search(sources.texts[one.path].split("\n")[line - 1]):
                yield frame(one, line, surrounded=number % 2 == 1), (Span(one.path, line, line),)


def _typos(sources: _Sources, random: Random) -> Drawn:
    for number, one in enumerate(_shuffled(sources.names(), random)):
        typo = mistyped(one.name, random)
        if folded(typo) not in sources.named and typo.lower() not in sources.words:
            yield (f"where is {typo} defined" if number % 3 == 2 else typo), sources.spans(one.name)


def _cases(sources: _Sources, random: Random) -> Drawn:
    for one in _shuffled(sources.names(), random):
        if len(parts_of(one.name)) > 1:
            yield cased(one.name, random), sources.spans(one.name)


def _qualified(sources: _Sources, random: Random) -> Drawn:
    for one in _shuffled(sources.defined, random):
        same = [other for other in sources.named[folded(one.name)] if qualified(other) == qualified(one)]
        if len(one.name) >= SHORTEST_NAME // 2 and qualified(one) != one.name:
            yield qualified(one), tuple(Span(other.path, other.first, other.last) for other in same)


_KINDS: dict[str, Callable[[_Sources, Random], Drawn]] = {
    "path:line": _lines,
    "frame": _frames,
    "typo": _typos,
    "case": _cases,
    "qualified": _qualified,
}


def _shuffled(items: Sequence[T], random: Random) -> list[T]:
    return random.sample(items, len(items))
