"""Questions made of commit messages: what was to be done, without what only the commit knows."""

from __future__ import annotations

import re
from collections.abc import Iterable

FEWEST_WORDS = 4
LONGEST = 400

_PREFIX = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]\s*|:[a-z_]+:\s*|(?P<type>[a-z]+)(?:\([^)]{1,60}\))?!?:\s+)", re.IGNORECASE
)
_TYPES = "feat feature fix bugfix hotfix perf refactor chore build ci docs doc style test tests release deps revert wip"
_NO_SOURCE = frozenset("chore build ci docs doc style test tests release deps revert wip".split())
_SKIPPED = re.compile(
    r"^\W*(?:merge\b|revert|reapply|back(?:ed)? out|bump|release|prepare|version\b|v?\d+\.\d+|cut\b|changelog|wip\b"
    r"|(?:update|upgrade|pin|downgrade)\b.*\b(?:deps|dependenc\w+|version|from|to)\s+v?\d"
    r"|(?:update|upgrade)\b.*\b(?:dependenc|submodule|lock\s?file|changelog|copyright|licen[cs]e|readme|translations?)"
    r"|(?:add|fix|improve|update|more|type|move|remove)\b.{0,30}\b(?:tests?|benchmarks?|coverage|examples?)\b"
    r"|next development|start(?:ing)? .{0,20}\bversion|initial commit"
    r"|(?:re-?)?format\b|(?:fix(?:ed)?|correct)? ?(?:typos?|spelling|lint\w*|whitespace|formatting|indentation)\b"
    r"|(?:run|apply|appease|satisfy)\b.*(?:fmt|prettier|black|lint|clippy|rubocop|format)|rustfmt|gofmt|clang-format"
    r"|(?:code )?clean-?ups?\W*$|.*\b(?:typos?|changelog|pre-commit|lint(?:er|s|ing)?)\b)",
    re.IGNORECASE,
)
_BOT = re.compile(r"\[bot\]|dependabot|renovate|greenkeeper|pyup|snyk|\bbot\b|scala-steward|weblate", re.IGNORECASE)
_TRAILER = re.compile(
    r"^[A-Z][A-Za-z]+(?:-[A-Za-z]+)*(?:: |:$)|^(?:closes?|fix(?:es)?|resolves?|refs?|see|issue|pr|bug):?\s+\S+$",
    re.IGNORECASE,
)
_DROPPED = (
    re.compile(r"https?://\S+"),
    re.compile(
        r"\((?:\s*(?:(?:closes?|fix(?:es)?|resolves?|refs?|see|pr|issue|gh)?[\s#-]*\d{2,}[\s,]*)+)\)", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:closes?|closed|fix(?:es|ed)?|resolves?|refs?|see|part of)[:\s]+[\w./-]*#\d+"
        r"|\b(?:github )?(?:issues?|prs?|pull requests?)[:\s]+(?:[\w./-]*#)?\d+",
        re.IGNORECASE,
    ),
    re.compile(r"[\w./-]*#\d+|\bGH-\d+|\b[A-Z][A-Z0-9]+-\d+\b"),
    re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b"),
    re.compile(
        r"(?<![\w/.])(?:\.{0,2}/)?(?:[\w.@-]+/)*[\w@-]+(?:\.[\w-]+)*\.(?:py|pyi|jsx?|mjs|cjs|tsx?|go|rs|java|kts?|scala"
        r"|cc?|h|hh|cpp|cxx|hpp|cs|rb|php|swift|lua|exs?|hs|zig|sh|bash|md|rst|txt|json|ya?ml|toml|html|css)\b(?!\()"
    ),
)
_MARKS = re.compile(r"^[^\w`'\"(<$@\[:-]+|^[\s*•>#-]+(?=\s)")
_EMPTY = re.compile(r"\(\s*[,;]?\s*\)|\[\s*\]|``|''|\"\"|(?<=\s)[.,;:]+(?=\s|$)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,}")
_COMMON = frozenset(
    "the and for with from into that this not when are was were has have had but can its all also any add adds added"
    " fix fixes fixed use uses used using make makes made remove removes removed update updates updated change changes"
    " changed some more only now new set get via out off too get gets does don should would could instead".split()
)


def question_of(author: str, subject: str, body: str, changed: Iterable[str]) -> str | None:
    """Return a commit's message as a question, None where it does not say what of the code was to be changed.

    `changed` are the paths of the commit: these, and parts of them, leave the text.
    """
    kind, subject = _unprefixed(subject)
    if kind in _NO_SOURCE or _BOT.search(author) or _SKIPPED.match(subject):
        return None
    title, more = _cleaned(subject, changed), _cleaned(_first_line(body, subject), changed)
    text = f"{title.rstrip('.')}. {more}" if len(more.split()) >= FEWEST_WORDS and more != title else title
    words = {word.lower() for word in _WORD.findall(text)} - _COMMON
    return text[:LONGEST] if len(words) >= FEWEST_WORDS else None


def _unprefixed(subject: str) -> tuple[str, str]:
    kind, subject = "", _MARKS.sub("", subject)
    while match := _PREFIX.match(subject):
        found = (match["type"] or "").lower()
        if found and found not in _TYPES.split():
            break
        kind, subject = kind or found, subject[match.end() :]
    return kind, subject


def _first_line(body: str, subject: str) -> str:
    """Return the first line that says something new: no trailer, no other commit's subject in a list of several."""
    for line in body.splitlines():
        kind, text = _unprefixed(_MARKS.sub("", line).strip())
        is_plain = text and not _TRAILER.match(text) and not text.startswith(("```", "<!--", "|"))
        if is_plain and kind not in _NO_SOURCE and not _SKIPPED.match(text) and text[:30] != subject[:30]:
            return text
    return ""


def _cleaned(text: str, changed: Iterable[str]) -> str:
    for pattern in _DROPPED:
        text = pattern.sub(" ", text)
    folded = [path.lower() for path in changed]
    words = [word for word in text.split() if not _is_of_path(word, folded)]
    while (shorter := _EMPTY.sub(" ", " ".join(words))) != " ".join(words):
        words = shorter.split()
    return " ".join(words).strip(" ,;:-")


def _is_of_path(word: str, folded: Iterable[str]) -> bool:
    bare = word.strip("`'\"()[]:,;.").lower()
    return "/" in bare and any(bare.strip("/") in path for path in folded)
