"""Questions made of a project's history: a commit's message asks for the code that the commit changed.

One tree of each project is searched, the one before the commits that are asked about, because an index of each commit's
parent would take as many indexings as there are questions. What matters is that no answer is in the tree yet, and that
what it replaces is. So a commit is taken only if

- it is not an ancestor of the tree: it came later;
- every source file that it changes is in the tree under the same path;
- at least half of the places that it changes are in the tree line by line as in the commit's parent, where they may
  have moved: if the change had been made there already, or its code did not exist, they would differ.

The answers are these places in the tree's own line numbers. The rest of the tree may be older than the commit's parent;
that is the same for all that search it. Asking only for files that no commit has touched between would be stricter, but
leaves out the files that most changes are made in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.retrieval.clones import Clone, Project
from benchmarks.retrieval.commit_messages import question_of
from benchmarks.retrieval.hunks import joined, mapped, read_hunks
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.source_files import is_source

MOST_QUESTIONS = 30
"""Of a project, so that a large one does not count for more."""
MOST_FILES = 10
"""Source files that a commit may change, tests not counted; a commit with more is rarely about one thing."""
LEAST_FOUND = 0.5
GAP = 5
"""Lines: places in a file that are nearer to one another are one place."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with what its message asks for; `changed` has by path the blobs before and after, as git names them."""

    name: str
    text: str
    changed: dict[str, tuple[str, str]]


def history_questions(project: Project, clone: Clone) -> list[Question]:
    """Return the questions that the project's commits after its tree give, at most MOST_QUESTIONS.

    Which of them does not depend on their number: they are drawn by the commits' names, which are as good as random.
    """
    tree = clone.blobs(project.tree)
    questions: dict[str, Question] = {}
    for commit in sorted(_commits(clone, project), key=lambda commit: commit.name):
        if commit.text in questions or not set(commit.changed) <= tree.keys():
            continue
        if answers := _answers(clone, commit, tree):
            questions[commit.text] = Question(project, "commit", commit.text, tuple(answers))
        if len(questions) == MOST_QUESTIONS:
            break
    return list(questions.values())


def _commits(clone: Clone, project: Project) -> Iterator[Commit]:
    written = clone.git("log", "--no-merges", "--format=%H%x00%an%x00%s%x00%b%x00", f"{project.tree}..{project.last}")
    fields = written.split("\0")
    messages = {name.strip(): rest for name, *rest in zip(*[iter(fields)] * 4, strict=False)}
    for name, changed in _changes(clone, list(messages)).items():
        sources = {path: blobs for path, blobs in changed.items() if is_source(path) and blobs[0].strip("0")}
        if not 1 <= len(sources) <= MOST_FILES:
            continue
        if text := question_of(*messages[name], changed=list(changed)):
            yield Commit(name, text, sources)


def _changes(clone: Clone, commits: list[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Return by commit and path the blobs before and after; the one of no file is all zeros."""
    options = ("-r", "--raw", "--no-abbrev", "--no-renames")
    changes: dict[str, dict[str, tuple[str, str]]] = {}
    current: dict[str, tuple[str, str]] = {}
    for line in clone.git("diff-tree", *options, "--stdin", given="\n".join(commits) + "\n").splitlines():
        if not line.startswith(":"):
            current = changes[line.strip()] = {}
            continue
        fields, _, path = line.partition("\t")
        _, _, before, after, _ = fields.split(" ")
        current[path] = before, after
    return changes


def _answers(clone: Clone, commit: Commit, tree: dict[str, str]) -> list[Span]:
    """Return the places in the tree that the commit changes, none where too few of them are there."""
    places, answers = 0, []
    for path, (before, after) in sorted(commit.changed.items()):
        ranges = _changed_lines(clone, before, after)
        moved = read_hunks(_diff(clone, tree[path], before)) if tree[path] != before else []
        found = [place for first, last in ranges if (place := mapped(first, last, moved))]
        places += len(ranges)
        answers += [Span(path, *lines) for lines in joined(found, GAP)]
    return answers if len(answers) and _found(answers, places) else []


def _changed_lines(clone: Clone, before: str, after: str) -> list[tuple[int, int]]:
    last = clone.git("cat-file", "blob", before).count("\n") + 1
    if not after.strip("0"):
        return [(1, last)]
    return list(joined([hunk.lines(last) for hunk in read_hunks(_diff(clone, before, after))], GAP))


def _diff(clone: Clone, before: str, after: str) -> str:
    return clone.git("diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", before, after)


def _found(answers: list[Span], places: int) -> bool:
    return len(answers) >= LEAST_FOUND * places
