"""Questions that are messages a program prints: what its `raise`, `throw`, log and print statements say, filled in.

A message is drawn once for all statements that say it, which all answer it. They are drawn at random, by a seed of the
corpus's name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from random import Random

from tree_sitter import Node

from benchmarks.retrieval.packages import Corpus
from benchmarks.retrieval.placeholders import filled, words_of
from benchmarks.retrieval.questions import Question, Span
from benchmarks.retrieval.syntax_trees import STRINGS, Parsed, ancestors, parsed_files

MOST_QUESTIONS = 15
"""Of a corpus."""
FEWEST_WORDS = 4
LONGEST = 300
MOST_STATEMENTS = 5
"""That say the same; a message of more is too common to be looked for."""
LONGEST_STATEMENT = 15
"""Lines; a longer statement holds more than the message."""

_THROWS = frozenset(("raise_statement", "throw_statement", "throw_expression"))
_CALLS = frozenset(
    "call call_expression method_invocation invocation_expression function_call macro_invocation command apply"
    " function_call_expression member_call_expression scoped_call_expression object_creation_expression"
    " builtin_function new_expression echo_statement".split()
)
_PRINTS = re.compile(
    r"(?:^|[^A-Za-z0-9]|(?<=[a-z]))(?:"
    r"errorf?|err|warnf?|warning|warn|infof?|debugf?|fatalf?|fatalerror|panicf?|panic|exception|critical|trace|tracef"
    r"|log|logf|notice|printf|fprintf|sprintf|snprintf|print|println|eprintln|echo|puts|abort|bail|fail|failf|die"
    r"|anyhow|ensure|expect|unreachable|raise|throw|require|check|assert|precondition|errx?|warnx|perror|syslog"
    r"|format_err|with_context|context|wrapf?|newerror|report|add_error|usage|message|msg"
    r")$",
    re.IGNORECASE,
)
_JOINING = frozenset(
    "binary_operator binary_expression concatenated_string infix infix_expression additive_expression"
    " chained_string".split()
)
_OPERAND = re.compile(r"[\w)\]]\s*(?:\+\+?|\.\.?|<>|&|,)?\s*\Z")
_ADDED = re.compile(r"\s*(?:\+\+?|\.\.?|<>|&)\s*\S")
_CALLEE = re.compile(r"\s*(?:new\s+|@)?((?:[\w$]|\.|::|->|\?\.|!(?=[\s(\[{\"]))+)")
_LITERAL = re.compile(
    r"^\s*(?:[A-Za-z$@]{0,3}(?:#*))(\"\"\"|'''|\"|'|`|\[\[)(.*?)(?:\"\"\"|'''|\"|'|`|\]\])#*\s*$", re.DOTALL
)
_LOG_LINES = ("{0}", "{0}", "Error: {0}", "2026-03-01 12:00:01 ERROR [main] {0}", "[WARN] {0}")


def messages_questions(corpus: Corpus, root: Path) -> list[Question]:
    """Return the questions about the sources at `root`."""
    said: defaultdict[str, set[Span]] = defaultdict(set)
    for file in parsed_files(root):
        for literal, span in _said(file):
            said[literal].add(span)
    random = Random(f"{corpus.name} messages")
    asked: dict[str, Question] = {}
    for literal in random.sample(sorted(said), len(said)):
        text = filled(literal, random)
        if text is None or len(said[literal]) > MOST_STATEMENTS or words_of(text) < FEWEST_WORDS:
            continue
        answers = tuple(sorted(said[literal], key=lambda span: (span.path, span.first)))
        line = random.choice(_LOG_LINES).format(text[:LONGEST])
        asked.setdefault(line, Question(corpus, "message", line, answers))
        if len(asked) == MOST_QUESTIONS:
            break
    return list(asked.values())


def _said(file: Parsed) -> list[tuple[str, Span]]:
    groups: dict[tuple[int, int], tuple[Node, list[Node]]] = {}
    for node in file.nodes(STRINGS[file.language]):
        whole = _whole(node)
        groups.setdefault((whole.start_byte, whole.end_byte), (whole, []))[1].append(node)
    found = []
    for whole, nodes in groups.values():
        literal = _joined(file, whole, nodes)
        if words_of(literal) >= FEWEST_WORDS and (statement := _statement(file, whole)) is not None:
            found.append((literal, Span(file.path, statement.start_point[0] + 1, statement.end_point[0] + 1)))
    return found


def _whole(node: Node) -> Node:
    """Return what the string is joined in with others, itself where it is alone."""
    for outer in ancestors(node, 12):
        if outer.type not in _JOINING:
            break
        node = outer
    return node


def _joined(file: Parsed, whole: Node, nodes: list[Node]) -> str:
    """Return the text of strings that are joined, with `{}` for what is between and next to them; empty if unknown."""
    text, end = "", whole.start_byte
    for node in nodes:
        if node.start_byte < end:  # in the interpolation of another
            continue
        if (match := _LITERAL.match(file.text(node))) is None:
            return ""
        between = file.data[end : node.start_byte].decode("utf-8", "replace")
        text += ("{}" if _OPERAND.search(between) else "") + match[2]
        end = node.end_byte
    rest = file.data[end : whole.end_byte].decode("utf-8", "replace")
    return text + ("{}" if _ADDED.match(rest) else "")


def _statement(file: Parsed, node: Node) -> Node | None:
    """Return the statement that prints or throws the literal, None if none does."""
    for outer in ancestors(node, 8):
        if outer.end_point[0] - outer.start_point[0] >= LONGEST_STATEMENT:
            return None
        if outer.type in _THROWS or (outer.type in _CALLS and _is_printing(file, outer)):
            return outer
    return None


def _is_printing(file: Parsed, call: Node) -> bool:
    callee = _CALLEE.match(file.text(call)[:200])
    return bool(callee and _PRINTS.search(callee[1].rstrip("!")))
