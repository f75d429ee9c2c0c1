"""`agent-brain doctor`."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from agent_brain_client.discovery import find_root
from agent_brain_client.errors import FAILED, OK
from agent_brain_client.isolation import restrict_search_path
from agent_brain_client.output import print_json, say_rows, styled
from agent_brain_contract.escaping import one_line
from agent_brain_wizard.checks import examine
from agent_brain_wizard.checks.finding import FIX, Finding

MOST_FIXES = 100
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--fix",
        action="store_true",
        help="repair what can be repaired safely (file modes, .gitignore, files of an ended server), then check again",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check everything; exit code 1 if something is broken. Warnings alone are no failure."""
    root = find_root(arguments.project)
    restrict_search_path(root)
    findings = list(examine(root))
    fixed: list[str] = []
    # What is put right lets more be looked at, and that may be put right too.
    while arguments.fix and (more := _fix(root, findings)) and len(fixed) < MOST_FIXES:
        fixed += more
        findings = list(examine(root))
    if arguments.json:
        report = {"project": str(root), "findings": [asdict(finding) for finding in findings]}
        print_json({**report, "fixed": fixed} if arguments.fix else report)
    else:
        for sentence in fixed:
            say_rows(f"{styled('fixed', 'cyan')} {one_line(sentence)}", indent=6)
        for finding in findings:
            _print(finding)
    return FAILED if any(finding.state == "fail" for finding in findings) else OK


def _fix(root: Path, findings: list[Finding]) -> list[str]:
    """Fix the findings whose fix this is, and say what was done."""
    from agent_brain_wizard.commands.fixes import FIXES

    return [sentence for finding in findings if finding.fix == FIX for sentence in FIXES[finding.id](root)]


def _print(finding: Finding) -> None:
    rows = [f"{styled(f'{finding.state:<4}', _COLOURS[finding.state])}  {one_line(finding.detail)}"]
    say_rows(*rows, *([f"      → {one_line(finding.fix)}"] if finding.fix else []), indent=6)
