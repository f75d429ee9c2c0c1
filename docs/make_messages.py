"""Writes docs/messages.md from the sources: `python docs/make_messages.py`.

Nothing has to be registered. A text counts as a message by where it is (raised as an error of ours, printed, a help
text), or else by what it looks like: two words or more, and neither documentation, SQL, a pattern nor a key.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

PAGE = Path(__file__).with_name("messages.md")
ROOT = Path(__file__).parents[1]
HEAD = """\
# Messages

Every text that the wizard, the command line, the server and the plugin can show, by the file that it is in. What is in
braces is filled in; `{a | b}` is one of the two. `make messages` writes this page, and a test compares it with the
code: a review sees each text that changes.

A message is one sentence that says what happened, to what, and, where there is one, the command that helps. It can be
read by someone who does not know the code.
"""
ROOMS = (
    ("Command line", ("server_client/agent_brain_client",)),
    ("Setup, doctor, db and uninstall", ("wizard", "templates")),
    ("Server", ("server/agent_brain_server",)),
    ("All of them", ("server_client/agent_brain_contract",)),
    ("Plugin", (".claude-plugin", "plugin")),
    ("make", ("Makefile",)),
)
# Tables of words and of patterns, of other programs' languages.
TABLES = (
    "server/agent_brain_server/domain/stemming.py",
    "server/agent_brain_server/domain/terms.py",
    "server/agent_brain_server/embedding/static.py",
    "server/agent_brain_server/indexing/chunking/",
    "server/agent_brain_server/indexing/walking/exclusions.py",
    "server/agent_brain_server/indexing/reading/languages.py",
    "server/agent_brain_server/indexing/secrets/",
    "server/agent_brain_server/retrieval/code_graph/guessing.py",
    "server/agent_brain_server/retrieval/ranking/query.py",
    "server/agent_brain_server/retrieval/ranking/roles.py",
    "server/agent_brain_server/services/metrics.py",
)
PRINTING = ("say", "note", "print", "prompt", "confirm", "replace_line", "error", "warning", "info", "exception")
KEYWORDS = ("help", "description", "epilog", "title", "detail", "fix")
PRINTED_BY_SHELL = re.compile(r"(?:echo|printf) (?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')")
WORDS = re.compile(r"[^\W\d_]{2,}[,;:.…!?)}`'\"]* [({`'\"]*[^\W\d_]{2,}")
NO_MESSAGE = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|SET|PRAGMA|BEGIN|COPY|LOCK|VACUUM|WITH|DO|SHOW) [$A-Za-z_]"
    r"|.*(\(\?[:P=!<]|\\[bsdw]|\[\^)|import \w+|def \w+\("
)
INNER = 2  # spaces before the second and later lines of one text


def page(root: Path = ROOT) -> str:
    """Return the whole page."""
    parts = [HEAD]
    for room, places in ROOMS:
        found = [(file, texts) for file in _files(root, places) if (texts := sorted(set(messages(root, file))))]
        parts += [f"## {room}\n", *(f"### {file}\n\n```text\n{_lines(texts)}\n```\n" for file, texts in found)]
    return "\n".join(parts)


def messages(root: Path, file: str) -> Iterator[str]:
    """Yield every text of a file that people see, with the names of what is filled in."""
    path = root / file
    if any(file.startswith(table) for table in TABLES):
        return
    content = path.read_text("utf-8")
    if path.suffix == ".py":
        yield from _in_python(ast.parse(content))
    elif path.suffix == ".j2":
        yield from (line.strip().removeprefix("# ") for line in content.splitlines() if line.strip().startswith("# "))
    elif path.name == "SKILL.md":
        yield from re.findall(r"^(?:description|argument-hint): (.*)$", content, re.MULTILINE)
    elif path.suffix == ".json":
        yield from re.findall(r'"(?:description|statusMessage|title)": "(.*)"', content)
    else:
        yield from (one or other for one, other in PRINTED_BY_SHELL.findall(content) if WORDS.search(one or other))


def _files(root: Path, places: Iterable[str], suffix: str = "") -> list[str]:
    found = [
        path for place in places for path in ([root / place] if (root / place).is_file() else _below(root / place))
    ]
    return [path.relative_to(root).as_posix() for path in found if path.name.endswith(suffix)]


def _below(folder: Path) -> list[Path]:
    names = ("*.py", "*.j2", "*.json", "SKILL.md", "agent-brain")
    return sorted(path for name in names for path in folder.rglob(name) if path.is_file())


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(textwrap.indent(text.strip(), " " * INNER).strip() for text in texts)


def _in_python(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in the order of the file; one that is part of another is not given again."""
    for node, certain in _nodes(tree, False):
        text = shown(node)
        if text is not None and (certain or WORDS.search(text)) and not NO_MESSAGE.match(text) and _has_words(text):
            yield text


def _has_words(text: str) -> bool:
    """Return whether there is anything to read besides what is filled in."""
    return re.search(r"[^\W\d_]{2,}", re.sub(r"\{[^{}]*\}", "", text)) is not None


def _nodes(node: ast.AST, certain: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield the outermost nodes that are texts, and whether they are messages by where they are."""
    if shown(node) is not None:
        yield node, certain
        for field in _fields(node):
            yield from _nodes(field, False)
        return
    for child, is_certain in _children(node):
        yield from _nodes(child, is_certain or (certain and isinstance(node, ast.IfExp | ast.BoolOp)))


def _children(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # documentation
    if isinstance(node, ast.Compare | ast.Subscript):
        yield from ((part, False) for part in ast.iter_child_nodes(node) if shown(part) is None)
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        certain = name in PRINTING or name.endswith("Error")
        yield node.func, False
        yield from ((argument, certain) for argument in node.args)
        yield from ((keyword.value, keyword.arg in KEYWORDS) for keyword in node.keywords)
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield value, isinstance(key, ast.Constant) and key.value in KEYWORDS
        return
    yield from ((child, False) for child in ast.iter_child_nodes(node))


def shown(node: ast.AST) -> str | None:
    """Return the text that the expression makes, with `{name}` for what it fills in; None for any other expression."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = shown(node.left), shown(node.right)
        if left is None and right is None:
            return None
        return (_filled(node.left) if left is None else left) + (_filled(node.right) if right is None else right)
    return None


def _part(node: ast.expr) -> str:
    return shown(node) or "" if not isinstance(node, ast.FormattedValue) else _filled(node.value)


def _filled(node: ast.expr) -> str:
    if isinstance(node, ast.IfExp) and None not in (sides := (shown(node.body), shown(node.orelse))):
        return "{" + " | ".join(f"{side}" for side in sides) + "}"
    return "{" + _name(node) + "}"


def _name(node: ast.expr) -> str:
    """Return what is filled in, by its last name; for a call, by what it is made of."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower()
    if isinstance(node, ast.Attribute):
        return "reason" if node.attr == "strerror" else node.attr.strip("_").lower()
    if isinstance(node, ast.Subscript):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else _name(node.value)
    if isinstance(node, ast.Call):
        return _called(node)
    if isinstance(node, ast.BinOp | ast.BoolOp):
        return _name(node.left if isinstance(node, ast.BinOp) else node.values[0])
    return "…"


def _called(node: ast.Call) -> str:
    function = ast.unparse(node.func).rpartition(".")[2]
    if function == "count" and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
        return f"number of {node.args[1].value}s"
    if isinstance(node.func, ast.Attribute) and function in ("join", "strip", "removeprefix", "removesuffix", "decode"):
        return _name(node.args[0] if function == "join" and node.args else node.func.value)
    return _name(node.args[0]) if node.args else function.lower()


def _fields(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a text fills in by code of more than a name: that code may hold texts of its own."""
    if isinstance(node, ast.JoinedStr):
        values = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    elif isinstance(node, ast.BinOp):
        sides = (node.left, node.right)
        values = [side for side in sides if shown(side) is None]
        yield from (field for side in sides if shown(side) is not None for field in _fields(side))
    else:
        return
    for value in values:
        if not (isinstance(value, ast.IfExp) and shown(value.body) is not None and shown(value.orelse) is not None):
            yield value


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
