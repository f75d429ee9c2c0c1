"""`agent-brain setup`."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from agent_brain_client.discovery import find_root
from agent_brain_client.output import home_relative, note, one_line, print_json, say, styled
from agent_brain_wizard.answers import Answers, given_endpoint_needlessly, resolve
from agent_brain_wizard.apply import apply_plan
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan import Plan, make_plan
from agent_brain_wizard.probe import Facts, PortChoice, choose_port, is_serving, probe_project
from agent_brain_wizard.questions import QUESTIONS, Answer, Question


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: a flag for every question."""
    parser.add_argument("--yes", action="store_true", help="take the default wherever no answer is given")
    parser.add_argument("--dry-run", action="store_true", help="show what would be written, and write nothing")
    for question in QUESTIONS:
        _add_flag(parser, question)


def _add_flag(parser: argparse.ArgumentParser, question: Question) -> None:
    if isinstance(question.default, bool):
        parser.add_argument(question.flag, action=argparse.BooleanOptionalAction, help=question.text)
    elif question.choices:
        parser.add_argument(question.flag, dest=question.name, choices=question.choices, help=question.text)
    else:
        metavar = question.name.rpartition("_")[2].upper()
        parser.add_argument(question.flag, dest=question.name, metavar=metavar, help=question.text)


def run(arguments: argparse.Namespace) -> int:
    """Write what is missing; a second run finds nothing to do."""
    if not (arguments.yes or arguments.dry_run):
        raise SetupError("setup needs --yes, which takes the defaults; flags give other answers. See: setup --help")
    root = find_root(arguments.project)
    _refuse_home(root, arguments.project)
    facts = probe_project(root)
    flags: dict[str, Answer | None] = {question.name: getattr(arguments, question.name) for question in QUESTIONS}
    answers = _answers(flags, facts)
    saved = facts.saved.get("port")
    choice = choose_port(root, answers.port, saved if isinstance(saved, int) else None)
    plan = make_plan(facts, answers, secrets.token_urlsafe(32), choice.port)
    if not arguments.dry_run:
        apply_plan(root, plan)
    if arguments.json:
        print_json(_report(facts, answers, plan, choice, arguments.dry_run))
    else:
        _print_summary(facts, answers, plan, choice, arguments.dry_run)
    return 0


def _answers(flags: dict[str, Answer | None], facts: Facts) -> Answers:
    answers = resolve(flags, os.environ, facts.saved)
    needless = given_endpoint_needlessly(flags, answers)
    if needless:
        raise SetupError(f"{needless} goes with --embedding openai-compatible (it is {answers.embedding}).")
    return answers


def _refuse_home(root: Path, named: str | None) -> None:
    if named is None and root in (Path.home().resolve(), Path(root.anchor)):
        raise SetupError(f"{root} is not a project. Go to one, or name it: agent-brain setup --project PATH")


def _notes(facts: Facts, answers: Answers, plan: Plan, choice: PortChoice) -> list[str]:
    notes = [choice.remark] if choice.remark else []
    notes += [f"{path}: {reason}" for path, reason in plan.kept.items()]
    if plan.writes and is_serving(facts.root):
        notes.append("the running server keeps its settings until: agent-brain stop, then agent-brain start")
    if plan.writes and answers.embedding == "openai-compatible":
        notes.append(
            "a key for the endpoint, if it wants one, goes into .env.agent-brain: AGENT_BRAIN_EMBEDDING_API_KEY"
        )
    return notes


def _report(facts: Facts, answers: Answers, plan: Plan, choice: PortChoice, dry_run: bool) -> dict[str, object]:
    return {
        "project": str(facts.root),
        "dry_run": dry_run,
        "changed": bool(plan.writes),
        "answers": {**answers.as_mapping(), "port": choice.port},
        "files": [{"path": write.path, "detail": write.detail} for write in plan.writes],
        "kept": plan.kept,
        "notes": _notes(facts, answers, plan, choice),
    }


def _print_summary(facts: Facts, answers: Answers, plan: Plan, choice: PortChoice, dry_run: bool) -> None:
    git = " (git)" if facts.in_git else ""
    note(f"{styled('Agent Brain', 'bold')} · setting up {home_relative(facts.root)}{git}")
    if not plan.writes:
        say("Nothing to change.")
    else:
        say("Would write" if dry_run else "Wrote")
        for write in plan.writes:
            say(f"  {write.path:<38} {write.detail}")
    for remark in _notes(facts, answers, plan, choice):
        note(one_line(f"Note: {remark}"))
    if plan.writes and not dry_run:
        say('Next: agent-brain index --wait   ·   agent-brain search "…"')
