"""`agent-brain doctor`."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from agent_brain_client.discovery import find_root
from agent_brain_client.errors import FAILED, OK
from agent_brain_client.output import one_line, print_json, say, styled
from agent_brain_wizard.checks import Finding, examine

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def configure(parser: argparse.ArgumentParser) -> None:
    """The command has no arguments of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Check everything; exit code 1 if something is broken. Warnings alone are no failure."""
    root = find_root(arguments.project)
    findings = list(examine(root))
    if arguments.json:
        print_json({"project": str(root), "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
    return FAILED if any(finding.state == "fail" for finding in findings) else OK


def _print(finding: Finding) -> None:
    say(f"{styled(f'{finding.state:<4}', _COLOURS[finding.state])}  {one_line(finding.detail)}")
    if finding.fix:
        say(f"      → {one_line(finding.fix)}")
