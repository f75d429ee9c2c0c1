"""What a question asks of the code graph: a relation and a symbol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agent_brain_server.retrieval.ranking.query import understand

Relation = Literal["definitions", "callers", "callees", "implementations", "references", "impact"]

_KIND = r"(?:the )?(?:class |function |method |struct |interface |trait |type |symbol |module )?"
_NAME = _KIND + r"[`'\"]?(?P<name>[\w$@.:#/>-]*\w)"
_PHRASES: tuple[tuple[Relation, str], ...] = (
    ("callees", r"(?:what|which)(?: \w+)? (?:does|do) NAME(?:\(\))?[`'\"]? (?:call|use|invoke)\b"),
    ("callees", r"(?:callees of|calls (?:made by|in|from)) NAME"),
    ("callers", r"(?:who|(?:what|which)(?: \w+)?) (?:calls?|invokes?) NAME"),
    ("callers", r"where (?:is|are) NAME(?:\(\))?[`'\"]? (?:called|invoked)"),
    ("callers", r"(?:callers of|calls (?:of|to)) NAME"),
    ("implementations", r"(?:implementations?|implementers|subclasses|subtypes|overrides) of NAME"),
    (
        "implementations",
        r"(?:who|(?:what|which)(?: \w+)?) (?:implements?|extends?|inherits? from|subclass(?:es)?|overrides?) NAME",
    ),
    ("impact", r"(?:impact|effects?|consequences) of (?:changing |a change (?:of|to|in) )?NAME"),
    ("impact", r"(?:what|who) (?:is|are) (?:affected|impacted) (?:by|if|when) (?:(?:I|we|you) change |changing )?NAME"),
    ("impact", r"(?:what|who) (?:breaks|depends on)(?: (?:if|when) (?:I|we|you) change)? NAME"),
    ("references", r"(?:references?|usages?|uses) (?:of|to) NAME"),
    ("references", r"(?:who|(?:what|which)(?: \w+)?) (?:references?|uses?|imports?|mentions?) NAME"),
    ("references", r"where (?:is|are) NAME(?:\(\))?[`'\"]? (?:used|imported|referenced|mentioned)"),
    ("definitions", r"where (?:is|are) NAME(?:\(\))?[`'\"]? (?:defined|declared|implemented)"),
    ("definitions", r"(?:definitions?|declarations?) of NAME"),
)
_PATTERNS = tuple((relation, re.compile(phrase.replace("NAME", _NAME), re.IGNORECASE)) for relation, phrase in _PHRASES)


@dataclass(frozen=True, slots=True)
class GraphQuestion:
    """A relation and the symbol that it is asked of, with `.` between its parts."""

    relation: Relation
    symbol: str


def read_question(text: str) -> GraphQuestion | None:
    """Return what `text` asks of the graph, or None where it names no symbol. A bare name asks where it is defined."""
    asked = text.strip().rstrip("?!. ")
    for relation, pattern in _PATTERNS:
        if (match := pattern.search(asked)) is not None:
            return GraphQuestion(relation, plain_symbol(match["name"]))
    names = {name[-1] for name in understand(asked).names}
    for word in map(plain_symbol, asked.replace("->", ".").split()):
        if "".join(filter(str.isalnum, word.rpartition(".")[2])).lower() in names:
            return GraphQuestion("definitions", word)
    return None


def plain_symbol(name: str) -> str:
    """Return a qualified name with `.` between its parts, without quotes and a call's brackets."""
    bare = name.lstrip("(").partition("(")[0].strip("`'\",;:.?!()[]{}")
    return ".".join(part for part in re.split(r"::|->|[.#/]+", bare) if part)
