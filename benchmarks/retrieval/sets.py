"""The sets of questions, each with the sources that it is about.

`questions` are the 545 of `questions/`; the others are made at run time: `history` from commits, `places` and
`messages` from the sources themselves, of the packages or, with clones, of their projects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.retrieval.clones import find_clone, read_projects
from benchmarks.retrieval.history import history_questions
from benchmarks.retrieval.messages import messages_questions
from benchmarks.retrieval.packages import Corpus, read_packages, unpacked
from benchmarks.retrieval.places import places_questions
from benchmarks.retrieval.questions import Question, read_questions

FROM_SOURCES: Mapping[str, Callable[[Corpus, Path], list[Question]]] = {
    "places": places_questions,
    "messages": messages_questions,
}
"""The sets that are made from sources alone."""
SETS = ("questions", "history", *FROM_SOURCES)


class MissingClonesError(LookupError):
    """Raised where a set needs clones that are not there."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is searched, where it is, and what is asked of it."""

    corpus: Corpus
    root: Path
    questions: list[Question]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which corpora are wanted: of which half, by which names (all where there are none)."""

    half: str
    names: tuple[str, ...]

    def has(self, corpus: Corpus) -> bool:
        """Return whether the corpus is wanted."""
        return self.half in (corpus.half, "both") and (not self.names or corpus.name in self.names)


def sources_of(name: str, choice: Choice, work: Path, clones: Path | None) -> Iterator[Sources]:
    """Yield the sources of the set called `name` with their questions, fetched or checked out below `work`.

    Raises MissingClonesError before anything is yielded if a project of the choice has no clone.
    """
    if name == "history" and clones is None:
        raise MissingClonesError("the questions of history are made of clones: give their folder with --clones DIR")
    if clones is not None and name != "questions":
        yield from _of_clones(name, choice, work, clones)
        return
    for package in filter(choice.has, read_packages()):
        root = unpacked(package, work).resolve()
        questions = read_questions([package]) if name == "questions" else FROM_SOURCES[name](package, root)
        yield Sources(package, root, questions)


def _of_clones(name: str, choice: Choice, work: Path, clones: Path) -> Iterator[Sources]:
    projects = [project for project in read_projects() if choice.has(project)]
    found = {project.name: find_clone(project, clones) for project in projects}
    missing = [project.repository for project in projects if found[project.name] is None]
    if missing:
        raise MissingClonesError(
            f"{clones} has no clone with the commits that are pinned in history.toml of: {', '.join(missing)}."
            " Clone these there, or leave them out: --package NAME asks only about one"
        )
    for project in projects:
        clone = found[project.name]
        assert clone is not None
        root = work / "trees" / f"{project.name}-{project.tree[:12]}"
        clone.check_out(project.tree, root)
        made = history_questions(project, clone) if name == "history" else FROM_SOURCES[name](project, root.resolve())
        yield Sources(project, root.resolve(), made)
