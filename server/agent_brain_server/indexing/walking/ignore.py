"""Ignore rules as git reads them: `.gitignore`, `.git/info/exclude`, the person's own ignore file, and
`.agent-brainignore`, which wins over all.

Follows gitignore(5) and git's `dir.c` and `wildmatch.c`: rules match octets, the last matching rule of the innermost
file decides, and nothing beneath an ignored directory is looked at (to re-include a file, re-include its directory).
An expression for whole paths would lose the difference between `!dir/` and what lies in it; here every name is
judged at its own level, so each pattern becomes a regular expression for exactly one path.

Every entry of a directory is matched with every rule in force there, so what is in force together is bounded.
"""

# ruff: noqa: PTH113, PTH118, PTH120
# Paths are strings here: as Path objects they would double the time of a walk.

from __future__ import annotations

import errno
import os
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from agent_brain_contract.regular_files import read_regular_file
from agent_brain_server.domain.wildmatch import SPECIAL, InvalidPatternError, octets, translate
from agent_brain_server.indexing.walking.personal_ignore import personal_ignore_file

GIT_IGNORE = ".gitignore"
OWN_IGNORE = ".agent-brainignore"
IGNORE_FILES = frozenset({GIT_IGNORE, OWN_IGNORE})
REPOSITORY = ".git"
EXCLUDE_DIRECTORY = ".git/info"
# What may be in force at one place. The largest of public repositories have a tenth of it.
LARGEST_RULES = 1_000_000  # bytes of ignore files
LARGEST_WILDCARDS = 32_768  # octets of patterns with wildcards
LONGEST_LINE = 4_096  # octets, as many as a path has at most; a longer line matches nothing
LARGEST_POINTER = 8_192  # bytes of a `.git` file
_MOST_REMEMBERED = 1_000_000  # bytes of ignore files whose rules are kept for the next walk

_DIRECTORY = "\0"  # follows the path of a directory while it is matched; no path holds it


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    negated: bool
    directory_only: bool
    by_path: bool

    @property
    def literal(self) -> bool:
        return not SPECIAL.search(self.pattern)

    @property
    def extension(self) -> str:
        """Return `.ext` for the rule `*.ext`, else empty."""
        rest = self.pattern[1:]
        plain = rest.startswith(".") and "." not in rest[1:] and not SPECIAL.search(rest)
        return rest if plain and self.pattern[0] == "*" and not self.by_path and not self.directory_only else ""


class TooManyRulesError(Exception):
    """An ignore file that, with those above it, is more than may be in force.

    `str()` is a clause for people, about what `pronoun` is then said of.
    """

    def __init__(self, clause: str, pronoun: str = "it") -> None:
        super().__init__(clause)
        self.pronoun = pronoun


class RuleSet:
    """The rules of one ignore file of `size` bytes; `wildcards` are the octets of those that are no plain names.

    Making one raises TooManyRulesError where those are too many.
    """

    __slots__ = (
        "_directories", "_extensions", "_names", "_negated", "_paths", "name_globs", "path_globs", "size", "wildcards",
    )  # fmt: skip

    def __init__(self, content: bytes) -> None:
        rules = list(_rules(content))
        self.size = len(content)
        self._negated = [rule.negated for rule in rules]
        self._names: dict[str, int] = {}
        self._directories: dict[str, int] = {}
        self._extensions: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        name_globs: dict[int, _Rule] = {}
        path_globs: dict[int, _Rule] = {}
        for index, rule in enumerate(rules):
            if rule.extension:
                self._extensions[rule.extension] = index
            elif not rule.literal:
                (path_globs if rule.by_path else name_globs)[index] = rule
            elif rule.by_path:
                self._paths[rule.pattern + _DIRECTORY] = index
                if not rule.directory_only:
                    self._paths[rule.pattern] = index
            else:
                (self._directories if rule.directory_only else self._names)[rule.pattern] = index
        self.wildcards = sum(len(rule.pattern) for globs in (name_globs, path_globs) for rule in globs.values())
        if self.wildcards > LARGEST_WILDCARDS:
            raise TooManyRulesError(f"has more than {LARGEST_WILDCARDS:,} characters of patterns with wildcards")
        self.name_globs = _Globs(name_globs)
        self.path_globs = _Globs(path_globs)

    def __bool__(self) -> bool:
        return bool(self._negated)

    def verdict(self, path: str, start: int, name: str, directory: bool) -> bool | None:
        """Return whether `path[start:]`, whose last part is `name`, is ignored; None where no rule speaks of it."""
        best = self._names.get(name, -1)
        if self._extensions and (dot := name.rfind(".")) >= 0:
            best = max(best, self._extensions.get(name[dot:], -1))
        if directory:
            best = max(best, self._directories.get(name, -1))
        if self.name_globs:
            best = max(best, self.name_globs.last(name + _DIRECTORY if directory else name))
        if self._paths or self.path_globs:
            relative = path[start:] + _DIRECTORY if directory else path[start:]
            best = max(best, self._paths.get(relative, -1), self.path_globs.last(relative))
        return None if best < 0 else not self._negated[best]


class _Globs:
    """Several patterns as one regular expression, of which the last that matches counts."""

    __slots__ = ("_indices", "_match")

    def __init__(self, rules: dict[int, _Rule]) -> None:
        branches: list[str] = []
        self._indices: list[int] = [-1]
        for index, rule in reversed(rules.items()):
            try:
                branch = translate(rule.pattern)
            except InvalidPatternError:
                continue
            branches.append(f"({branch}{_DIRECTORY}{'' if rule.directory_only else '?'})")
            self._indices.append(index)
        self._match = re.compile("|".join(branches)).fullmatch

    def __bool__(self) -> bool:
        return len(self._indices) > 1

    def last(self, text: str) -> int:
        if len(self._indices) == 1:
            return -1
        match = self._match(text)
        return self._indices[match.lastindex or 0] if match else -1


def _rules(content: bytes) -> Iterator[_Rule]:
    for line in content.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n"):
        if len(line) > LONGEST_LINE or line.startswith("#"):
            continue
        text = _without_trailing_spaces(line.removesuffix("\r"))
        negated = text.startswith("!")
        text = text[negated:]
        directory_only = text.endswith("/")
        pattern = text.removesuffix("/")
        if by_path := "/" in pattern:
            pattern = pattern.removeprefix("/")
        if pattern:
            yield _Rule(pattern, negated, directory_only, by_path)


def _without_trailing_spaces(line: str) -> str:
    if not line.endswith(" "):
        return line
    kept = position = 0
    while position < len(line):
        escaped = line[position] == "\\"
        position += 2 if escaped else 1
        if escaped or line[position - 1] != " ":
            kept = position
    return line[:kept]


class _Remembered(dict[bytes, RuleSet]):
    """The rules by their file's content, emptied when they come from more than `_MOST_REMEMBERED` bytes."""

    size = 0

    def __missing__(self, content: bytes) -> RuleSet:
        rules = RuleSet(content)
        if self.size + len(content) > _MOST_REMEMBERED:
            self.clear()
            self.size = 0
        self.size += len(content)
        self[content] = rules
        return rules


_remembered = _Remembered()


def _read_rules(file: str) -> RuleSet | None:
    """Return the rules in a regular file, None for none; like git, do not follow a link."""
    try:
        content = read_regular_file(file, LARGEST_RULES, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        return _remembered[content] or None
    except TooManyRulesError as error:
        raise TooManyRulesError(f"{file} {error}") from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise TooManyRulesError(f"{file} is larger than {LARGEST_RULES:,} bytes") from error
        return None
    except ValueError:  # a NUL in the name: a `.git` file can hold any
        return None


_Level = tuple[RuleSet, int]


@dataclass(frozen=True, slots=True)
class Scope:
    """The rules in one directory, the strongest first; a level's number is where paths relative to it begin."""

    own: tuple[_Level, ...] = ()
    git: tuple[_Level, ...] = ()
    levels: tuple[_Level, ...] = ()

    def enter(self, directory: str, names: Container[str] | None = None) -> Scope:
        """Return the scope inside of `directory` (absolute), with the entries `names`; a git repository begins afresh.

        Raise TooManyRulesError.
        """
        own, git = self.own, self.git
        start = len(octets(directory).rstrip("/")) + 1
        if (names is None or REPOSITORY in names) and (exclude := exclude_file(directory)) is not None:
            git = _above(_above((), personal_ignore_file(), start), exclude, start)
        if names is None or GIT_IGNORE in names:
            git = _above(git, f"{directory}/{GIT_IGNORE}", start)
        if names is None or OWN_IGNORE in names:
            own = _above(own, f"{directory}/{OWN_IGNORE}", start)
        if own is self.own and git is self.git:
            return self
        _require_few(directory, own + git)
        return Scope(own, git, own + git)

    def ignores(self, path: str, name: str, directory: bool) -> bool:
        """Return whether the entry of this scope's directory at absolute `path` is ignored; `name` is its last part."""
        if not self.levels:
            return False
        if not path.isascii():
            path, name = octets(path), octets(name)
        for rules, start in self.levels:
            verdict = rules.verdict(path, start, name, directory)
            if verdict is not None:
                return verdict
        return False


def _above(levels: tuple[_Level, ...], file: str, start: int) -> tuple[_Level, ...]:
    rules = _read_rules(file)
    return levels if rules is None else ((rules, start), *levels)


def _require_few(directory: str, levels: tuple[_Level, ...]) -> None:
    if sum(rules.size for rules, _ in levels) > LARGEST_RULES:
        clause = f"The ignore files of {directory} and above are larger than {LARGEST_RULES:,} bytes"
        raise TooManyRulesError(clause, "them")
    if sum(rules.wildcards for rules, _ in levels) > LARGEST_WILDCARDS:
        raise TooManyRulesError(
            f"The ignore files of {directory} and above have more than {LARGEST_WILDCARDS:,} characters of patterns "
            "with wildcards",
            "them",
        )


def exclude_file(directory: str) -> str | None:
    """Return where the git repository that begins at `directory` keeps `info/exclude`; None if none begins there."""
    marker = f"{directory}/{REPOSITORY}"
    if os.path.isfile(f"{marker}/HEAD"):
        return f"{marker}/info/exclude"
    if (target := _first_line(marker)) is None:
        return None
    git_directory = os.path.join(directory, target.removeprefix("gitdir:").strip())
    git_directory = os.path.join(git_directory, _first_line(f"{git_directory}/commondir") or "")
    return f"{git_directory}/info/exclude"


def _first_line(file: str) -> str | None:
    """Return the text of a file that names a directory, None if there is none."""
    try:
        return os.fsdecode(read_regular_file(file, LARGEST_POINTER)).strip()
    except (OSError, ValueError):
        return None


def scope_above(directory: str, root: str) -> Scope:
    """Return the rules for `directory` (absolute) from the directories above it: down from the top of its git
    repository or from the project's `root`, whichever is higher."""
    ancestors = _ancestors(directory)
    tops = [index for index, path in enumerate(ancestors) if path == root]
    if not os.path.lexists(f"{directory}/.git"):
        tops += [index for index, path in enumerate(ancestors) if exclude_file(path) is not None][:1]
    scope = Scope()
    for path in reversed(ancestors[: max(tops, default=-1) + 1]):
        scope = scope.enter(path)
    return scope


def _ancestors(directory: str) -> list[str]:
    """Return the directories above, the nearest first, without the root of the file system."""
    found: list[str] = []
    while len(directory := os.path.dirname(directory)) > 1:
        found.append(directory)
    return found
