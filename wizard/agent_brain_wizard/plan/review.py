"""Shows a plan before it is carried out: the files, and what changes in them, without a secret."""

from __future__ import annotations

import difflib
import re

from agent_brain_client.output import styled
from agent_brain_client.wire import ENV_FILE
from agent_brain_contract.escaping import name, one_line, plain
from agent_brain_wizard.facts.probe import Facts
from agent_brain_wizard.plan.plan import Plan

MASK = "…"
_OPEN_NAMES = ("AGENT_BRAIN_PORT",)
_ASSIGNMENT = re.compile(r"^([+ -]?\s*#?\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*)(\S.*)$")
_IN_URL = re.compile(r"(://[^\s/@:'\"]*:)[^\s/'\"]*(@)")
_NAMED = re.compile(r"(?i)((?:password|passwd|secret|token|api_?key)['\"]?\s*[:=]\s*)(?!\"?\$\{)(\S.*)$")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def file_lines(plan: Plan) -> list[str]:
    """Return a line a file: its path and what happens to it."""
    return [f"  {name(write.path):<38} {one_line(write.detail)}" for write in plan.writes]


def diff_lines(facts: Facts, plan: Plan) -> list[str]:
    """Return what the plan changes as a unified diff, then the edits by hand that stay, against setup's text."""
    lines: list[str] = []
    for write in plan.writes:
        lines += _diff(write.path, _content(facts, write.path), write.content, f"a/{write.path}", f"b/{write.path}")
    for path, wanted in plan.rendered.items():
        lines += _diff(path, wanted, _content(facts, path), f"{path} as setup would write it", f"{path} as it is, kept")
    return lines


def _content(facts: Facts, path: str) -> bytes | None:
    found = facts.files.get(path)
    return None if found is None else found.content


def _diff(path: str, old: bytes | None, new: bytes | None, old_name: str, new_name: str) -> list[str]:
    found = difflib.unified_diff(
        _lines(old), _lines(new), "/dev/null" if old is None else old_name, new_name, n=2, lineterm=""
    )
    return [line if line.startswith(("--- ", "+++ ")) else masked(path, line) for line in found]


def _lines(content: bytes | None) -> list[str]:
    return plain((content or b"").decode("utf-8", "replace")).splitlines()


def masked(path: str, line: str) -> str:
    """Return `line` of the file at `path` without its secrets: nothing but names is left of .env.agent-brain."""
    if path == ENV_FILE:
        match = _ASSIGNMENT.match(line)
        if match:
            return line if match[2] in _OPEN_NAMES else match[1] + MASK
        open_line = line.startswith("@@") or not line[1:].strip() or line[1:].lstrip().startswith("#") or "=" in line
        return line if open_line else line[:1] + MASK
    return _NAMED.sub(rf"\1{MASK}", _IN_URL.sub(rf"\1{MASK}\2", line))


def coloured(line: str) -> str:
    """Return `line` of a diff in the colour that its kind has."""
    return styled(line, _COLOURS[line[0]]) if line[:1] in _COLOURS else line
