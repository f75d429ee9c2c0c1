"""docs/messages.md lists every text that people see, and none of them needs knowledge of the code."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE = runpy.run_path(str(ROOT / "docs" / "make_messages.py"))
PAGE = (ROOT / "docs" / "messages.md").read_text("utf-8")
SOURCES = sorted(
    path for place in ("server", "server_client", "wizard", "plugin/scripts") for path in (ROOT / place).rglob("*.py")
)
# Words with a meaning of their own in this code, and what only who writes Python knows.
UNKNOWN = re.compile(
    r"\b(beside|told|nobody|settl\w+|mend\w*|anew|stands? for|lapse\w*"
    r"|NoneType|Input should be|[Tt]raceback|[Ee]rrno|\w*OSError|pydantic)\b"
)
CHARACTERS = 24  # of a text's longest part without gaps: so long a part is in no other text


def raised(tree: ast.AST, errors: set[str]) -> Iterator[str]:
    """The longest part without gaps of each sentence that is raised as one of `errors`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) in errors:
            for argument in node.exc.args:
                parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
                texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                yield max((line for text in texts for line in text.splitlines()), key=len, default="")


def test_the_page_is_as_the_sources_say() -> None:
    assert MADE["page"]() == PAGE, "run: make messages"


def test_every_sentence_that_is_raised_is_on_the_page() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in SOURCES]
    ours = {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    }
    found = [part for tree in trees for part in raised(tree, ours) if len(part) >= CHARACTERS]
    assert len(found) > 100
    assert [part for part in found if part.strip() not in PAGE] == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "raise MoonError(f'the moon is {phase}. Wait for: {count(days, \"day\")}')",
            "the moon is {phase}. Wait for: ",
        ),
        ("raise MoonError('waning')", "waning"),
        ("say('ready')", "ready"),
        ("tell_in_some_new_way(x or 'the tide is ' + height)", "the tide is {height}"),
        ("parser.add_argument('--moon', help='phase')", "phase"),
        ("Finding('moon', 'warn', 'the moon is new' if new else 'the moon is full', 'look up')", "the moon is new"),
        ("MESSAGES = {'moon': 'no moon tonight'}", "no moon tonight"),
        ("print(f'{left} days left' if left else 'no days left')", "no days left"),
    ],
)
def test_a_new_place_is_found(tmp_path: Path, statement: str, message: str) -> None:
    path = tmp_path / "wizard" / "agent_brain_wizard" / "moon.py"
    path.parent.mkdir(parents=True)
    path.write_text(f'"""What is said of the moon."""\n{statement}\n', "utf-8")
    page = MADE["page"](tmp_path)
    assert message in page
    assert "### wizard/agent_brain_wizard/moon.py" in page
    assert "What is said of the moon" not in page


def test_no_message_needs_knowledge_of_the_code() -> None:
    assert [line for line in PAGE.splitlines() if UNKNOWN.search(line)] == []
