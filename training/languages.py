"""Find documented definitions in source text, one small heuristic a language family.

A definition is what a person would call one function, method, class or type: its name, the
comment or docstring that explains it, and its code without that comment. Python is parsed;
every other language is read line by line, which needs no grammar and is right often enough to
teach word meanings.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 80

LANGUAGES: dict[str, str] = {
    "py": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "javascript", "tsx": "javascript", "mts": "javascript", "go": "go", "rs": "rust",
    "c": "c", "h": "c", "cc": "c", "cpp": "c", "cxx": "c", "hpp": "c", "hh": "c", "m": "c", "mm": "c",
    "java": "java", "cs": "java", "kt": "kotlin", "kts": "kotlin", "swift": "kotlin",
    "scala": "kotlin", "groovy": "java", "php": "php", "rb": "ruby", "ex": "elixir", "exs": "elixir",
    "lua": "lua", "hs": "haskell", "sh": "shell", "bash": "shell", "zsh": "shell", "bats": "shell",
}  # fmt: skip

_MODIFIERS = (
    "public|private|protected|internal|static|final|abstract|override|virtual|sealed|async|export|"
    "synchronized|default|native|unsafe|partial|readonly|extern|open|data|inline|suspend|lazy|"
    "implicit|case|fileprivate|mutating|operator|infix|tailrec|inner|declare|const|get|set|func"
)
_DEFINITIONS: dict[str, str] = {
    "javascript": rf"""
        \s*(?:(?:{_MODIFIERS})\s+)*(?:function\s*\*?|class|interface|enum|type|namespace)\s+(\w+)
        |\s*(?:export\s+)?(?:const|let|var)\s+(\w+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function|\([^)]*\)\s*(?::[^=]+)?=>|\w+\s*=>|class\b|\($)
        |\s*[\w.]+\.(\w+)\s*=\s*(?:async\s*)?(?:function|\([^)]*\)\s*=>|\w+\s*=>)
        |\s*(\w+)\s*:\s*(?:async\s*)?function
        |\s+(?:(?:{_MODIFIERS})\s+)*\*?(?!if\b|for\b|while\b|switch\b|catch\b|return\b|function\b)(\w+)\s*(?:<[^>]*>)?\([^;]*\)\s*(?::[^{{;]+)?\{{\s*$""",
    "go": r"func\s+(?:\([^)]*\)\s*)?(\w+)|type\s+(\w+)\s+(?:struct|interface|func|map)",
    "rust": r"""\s*(?:pub(?:\([^)]*\))?\s+)?(?:default\s+)?(?:async\s+|const\s+|unsafe\s+|extern\s+"C"\s+)*
        (?:fn|struct|enum|trait|type|union|macro_rules!)\s+(\w+)""",
    "c": r"""(?!static_assert|typedef\s+\w+\s+\w+;|using\b|return\b|else\b|if\b|for\b|while\b|switch\b
            |namespace\b|template\b|friend\b|extern\s+"C")
        (?:[A-Za-z_][\w\s\*&:<>,~\[\]]*?[\s\*&:])?~?([A-Za-z_]\w*)\s*\((?!\*)[^;]*$
        |\s{0,8}(?:typedef\s+)?(?:class|struct|enum(?:\s+class)?|union)\s+(?:[A-Z_]+\s+)?(\w+)[^;()]*$
        |[-+]\s*\([^)]*\)\s*(\w+)
        |\#\s*define\s+(\w+)\(""",
    "java": rf"""\s*(?:(?:{_MODIFIERS})\s+)*(?:class|interface|enum|record|struct|trait|delegate)\s+(\w+)
        |\s*(?:(?:{_MODIFIERS})\s+)+(?:<[^>]+>\s*)?[\w<>\[\],.?&\s]*?\b(\w+)\s*(?:<[^>]*>)?\(
        |\s*(?:(?:public|internal|protected)\s+)(?:(?:{_MODIFIERS})\s+)*[\w<>\[\],.?]+\s+(\w+)\s*(?:\{{|$)
        |\s+(?!return\b|new\b|else\b|throw\b|await\b|yield\b|case\b|if\b|for\b|while\b)(?:<[^>]+>\s*)?[\w<>\[\],.?]+\s+(\w+)\s*\([^;=]*(?:\{{|,|\)|;)\s*$""",
    "kotlin": rf"""\s*(?:@\w+\s+)*(?:(?:{_MODIFIERS})\s+)*(?:fun|func|def)\s*(?:<[^>]+>\s*)?(?:[\w<>?]+\.)?`?(\w+)
        |\s*(?:@\w+\s+)*(?:(?:{_MODIFIERS})\s+)*(?:class|object|interface|struct|enum|protocol|trait|extension|actor)\s+(\w+)""",
    "php": rf"\s*(?:(?:{_MODIFIERS})\s+)*(?:function\s+&?|class\s+|interface\s+|trait\s+|enum\s+)(\w+)",
    "ruby": r"\s*(?:private\s+)?def\s+(?:self\.)?(\w+)|\s*(?:class|module)\s+(?:\w+::)*(\w+)",
    "elixir": r"\s*(?:defp?|defmacrop?|defguard|defdelegate)\s+(\w+)|\s*(?:defmodule|defprotocol)\s+(?:\w+\.)*(\w+)",
    "lua": r"\s*(?:local\s+)?function\s+(?:\w+[.:])*(\w+)|\s*(?:local\s+)?(?:\w+\.)*(\w+)\s*=\s*function",
    "haskell": r"([a-z]\w*'*)\s*(?:,\s*\w+\s*)*::|\s*(?:data|newtype|class|type)\s+(?:\(?[^=>()]*\)?\s*=>\s*)?(\w+)",
    "shell": r"\s*(?:function\s+)?([\w:.-]+)\s*\(\)|\s*function\s+([\w:.-]+)",
}
_PATTERNS = {name: re.compile(text, re.VERBOSE) for name, text in _DEFINITIONS.items()}

_LINE_COMMENT = {"ruby": "#", "elixir": "#", "shell": "#", "lua": "--", "haskell": "--"}
_END_WORD = {"ruby", "elixir", "lua"}
_ANNOTATION = re.compile(r"\s*(?:@\w|#\[|\[\w|template\s*<|__attribute__|@spec|@impl)")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'|//.*$|`[^`]*`')


@dataclass(frozen=True)
class Definition:
    """One definition; `doc` is raw comment text (may be empty), `code` has no doc in it."""

    name: str
    doc: str
    code: str


def definitions(text: str, language: str) -> Iterator[Definition]:
    """Yield the definitions of one file in the order of their first lines."""
    if language == "python":
        yield from _python(text)
        return
    lines = text.split("\n")
    pattern = _PATTERNS[language]
    for number, line in enumerate(lines):
        if not line.strip() or len(line) > 300:
            continue
        match = pattern.match(line)
        if match is None:
            continue
        end = _end(lines, number, language)
        code = "\n".join(lines[number:end])
        if end - number >= 2 or len(code) >= 60:
            yield Definition(match[match.lastindex or 0], _doc_above(lines, number, language), code)


def module_doc(text: str, language: str) -> tuple[str, str]:
    """Return the comment or docstring that opens a file, and the code after it ("" and "" if none)."""
    if language == "python":
        return _python_module_doc(text)
    lines = text.split("\n")
    start = 0
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith(("#!", "<?php", "'use"))):
        start += 1
    end = start
    while end < len(lines) and _is_comment(lines[end], language, end > start):
        end += 1
    if end == start or end == len(lines):
        return "", ""
    return "\n".join(lines[start:end]), "\n".join(lines[end : end + MAX_LINES])


def _python(text: str) -> Iterator[Definition]:
    tree = _parse(text)
    if tree is None:
        return
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            doc, skipped = _docstring(node)
            end = min(node.end_lineno or node.lineno, node.lineno + MAX_LINES)
            code = [lines[i] for i in range(node.lineno - 1, end) if i not in skipped]
            if len(code) >= 2:
                yield Definition(node.name, doc, "\n".join(code))


def _python_module_doc(text: str) -> tuple[str, str]:
    tree = _parse(text)
    if tree is None or ast.get_docstring(tree) is None:
        return "", ""
    end = tree.body[0].end_lineno or 0
    return ast.get_docstring(tree) or "", "\n".join(text.split("\n")[end : end + MAX_LINES])


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[str, range]:
    doc = ast.get_docstring(node)
    if doc is None:
        return "", range(0)
    first = node.body[0]
    return doc, range(first.lineno - 1, first.end_lineno or first.lineno)


def _doc_above(lines: list[str], number: int, language: str) -> str:
    top = number
    while top > 0 and _ANNOTATION.match(lines[top - 1]):
        top -= 1
    if language == "elixir":
        return _elixir_doc(lines, top)
    first = top
    inside = first > 0 and lines[first - 1].rstrip().endswith("*/")
    while first > 0 and top - first < MAX_LINES:
        above = lines[first - 1].strip()
        if not (inside or _is_comment(above, language, False)):
            break
        first -= 1
        if above.startswith("/*"):
            break
    return "\n".join(lines[first:top])


def _elixir_doc(lines: list[str], top: int) -> str:
    if top == 0 or lines[top - 1].strip() != '"""':
        return ""
    for first in range(top - 2, max(top - MAX_LINES, -1), -1):
        if re.match(r"\s*@(?:module|type)?doc\s+(?:~S)?\"\"\"", lines[first]):
            return "\n".join(lines[first + 1 : top - 1])
    return ""


def _is_comment(line: str, language: str, continued: bool) -> bool:
    line = line.strip()
    marker = _LINE_COMMENT.get(language)
    if marker:
        return line.startswith(marker)
    if language == "php" and line.startswith("#") and not line.startswith("#["):
        return True
    return line.startswith(("//", "/*", "*/", "* ")) or line == "*" or (continued and line.startswith("*"))


def _end(lines: list[str], start: int, language: str) -> int:
    last = min(len(lines), start + MAX_LINES)
    if language in _END_WORD:
        return _end_by_word(lines, start, last)
    if language == "haskell":
        return _end_by_blank(lines, start, last)
    return _end_by_brace(lines, start, last)


def _end_by_word(lines: list[str], start: int, last: int) -> int:
    indent = len(lines[start]) - len(lines[start].lstrip())
    for number in range(start + 1, last):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            return number + 1 if line.strip().startswith("end") else number
    return last


def _end_by_blank(lines: list[str], start: int, last: int) -> int:
    for number in range(start + 1, last):
        if not lines[number].strip() or lines[number].startswith("--"):
            return number
    return last


def _end_by_brace(lines: list[str], start: int, last: int) -> int:
    depth, opened = 0, False
    for number in range(start, last):
        line = _STRINGS.sub("", lines[number])
        opened = opened or "{" in line
        depth += line.count("{") - line.count("}")
        if opened and depth <= 0:
            return number + 1
        if not opened and (line.rstrip().endswith(";") or not line.strip()):
            return number + 1
    return last
