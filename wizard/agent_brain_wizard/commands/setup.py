"""`agent-brain setup`."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path

from agent_brain_client.discovery import find_root
from agent_brain_client.errors import ClientError
from agent_brain_client.isolation import restrict_search_path
from agent_brain_client.output import note
from agent_brain_wizard.answers.answer_file import STDIN
from agent_brain_wizard.answers.answers import (
    Answers,
    check_flags,
    check_variables,
    own_answers,
    resolve,
    without_password,
)
from agent_brain_wizard.answers.questions import QUESTIONS, Answer, Question
from agent_brain_wizard.asking.prompting import can_ask
from agent_brain_wizard.asking.questionnaire import check_folders
from agent_brain_wizard.commands.setup_report import JsonReport, Report, TextReport
from agent_brain_wizard.errors import MissingAnswerError, SetupError
from agent_brain_wizard.facts.probe import Facts, misplaced, probe_project, unnameable
from agent_brain_wizard.plan.preparation import Prepared, apply_agreed, prepare, prepare_accepted, prepare_and_apply
from agent_brain_wizard.plan.trial import new_answers, refuse_unanswered

EPILOG = """Without --yes, --answers or --dry-run the questions are asked in the terminal. Every question also has a
variable in the environment; docs/setup.md lists them. A flag goes before --answers, that before the environment, that
before what an earlier setup saved. Secrets belong into --answers -, the environment or .env.agent-brain: other users of
this machine can see a password in an argument."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: a flag for every question."""
    parser.epilog = EPILOG
    parser.add_argument("--yes", action="store_true", help="take the default wherever no answer is given")
    parser.add_argument("--answers", metavar="FILE", help="take answers from this YAML or JSON mapping; - is stdin")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="VALUE",
        help="accept this value from the project's files (address, outside folder, container), as setup shows it",
    )
    for question in QUESTIONS:
        if question.flag:
            _add_flag(parser, question)


def _add_flag(parser: argparse.ArgumentParser, question: Question) -> None:
    if question.kind == "yes-no":
        parser.add_argument(
            question.flag, dest=question.name, action=argparse.BooleanOptionalAction, help=question.text
        )
    elif question.choices:
        parser.add_argument(question.flag, dest=question.name, choices=question.choices, help=question.text)
    else:
        metavar = question.name.rpartition("_")[2].upper()
        parser.add_argument(question.flag, dest=question.name, metavar=metavar, help=question.text)


def run(arguments: argparse.Namespace) -> int:
    """Ask, or take the answers that are given, and write what is missing; a second run finds nothing to do."""
    root = find_root(arguments.project)
    restrict_search_path(root)
    _refuse_other_places(root, arguments.project)
    check_variables(os.environ)
    flags = _flags(arguments)
    if _is_unattended(arguments):
        return _unattended(arguments, root, flags)
    from agent_brain_wizard.commands.guided_setup import guide

    return guide(root, flags)


def _is_unattended(arguments: argparse.Namespace) -> bool:
    """Return whether no question is asked. Raise SetupError where one would be, without a terminal."""
    if arguments.yes or arguments.dry_run or arguments.answers is not None:
        return True
    if arguments.json or not can_ask():
        why = "--json asks nothing" if arguments.json else "no terminal to ask on"
        raise SetupError(
            f"setup needs --yes (take the defaults) or --answers FILE: {why}. See: agent-brain setup --help"
        )
    return False


def _flags(arguments: argparse.Namespace) -> dict[str, Answer | None]:
    """Return the answers that this call gives: flags, then --answers."""
    flags: dict[str, Answer | None] = {question.name: getattr(arguments, question.name, None) for question in QUESTIONS}
    if arguments.answers is None:
        return flags
    from agent_brain_wizard.answers.answer_file import read_answers

    given = {name: value for name, value in flags.items() if value is not None}
    return read_answers(arguments.answers) | given


def _unattended(arguments: argparse.Namespace, root: Path, flags: dict[str, Answer | None]) -> int:
    report: Report = JsonReport(arguments.dry_run) if arguments.json else TextReport(arguments.dry_run)
    facts = probe_project(root)
    own = own_answers(_own_flags(arguments, root, flags), os.environ, facts.accepted)
    prepared = _prepared(facts, flags, own, arguments)
    report.plan(prepared)
    if prepared.answers.index and not arguments.dry_run:
        from agent_brain_wizard.commands.first_run import run_first

        try:
            report.indexed(run_first(prepared, report.reporter()))
        except ClientError as error:
            report.failed(error)
            raise
    report.end()
    return 0


def _own_flags(arguments: argparse.Namespace, root: Path, flags: dict[str, Answer | None]) -> dict[str, Answer | None]:
    """Return the answers that the person gives: those of a file in the project are the repository's."""
    named = arguments.answers
    if named in (None, STDIN) or not Path(named).expanduser().resolve().is_relative_to(root):
        return flags
    return {question.name: getattr(arguments, question.name, None) for question in QUESTIONS}


def _prepared(
    facts: Facts, flags: dict[str, Answer | None], own: Answers | None, arguments: argparse.Namespace
) -> Prepared:
    try:
        answers = resolve(flags, os.environ, facts.saved)
    except MissingAnswerError as error:
        raise SetupError(str(error) if can_ask() else f"{error} No terminal to ask on.") from error
    check_flags(flags, answers)
    if flags.get("folders"):
        check_folders(facts.root, answers.folders)
    if arguments.dry_run:
        return prepare(facts, answers, own=own)
    command = _same_command(arguments)
    new = new_answers(facts, answers) if answers.verify else set()
    if not new:
        return prepare_and_apply(facts, answers, own, arguments.accept, command)
    looked = prepare_accepted(facts, answers, own, arguments.accept, command)
    refuse_unanswered(looked, new, note)
    return apply_agreed(looked, own)


def _same_command(arguments: argparse.Namespace) -> str:
    """Return the command with the flags that it was given, for a shell; of a URL nothing that may be secret."""
    words = ["agent-brain", "setup", "--yes"]
    for flag in ("--project", "--answers"):
        words += [flag, named] if (named := getattr(arguments, flag[2:])) is not None else []
    for question in QUESTIONS:
        value = getattr(arguments, question.name, None)
        if isinstance(value, bool):
            words.append(question.flag if value else f"--no-{question.flag[2:]}")
        elif value is not None:
            words += [question.flag, without_password(str(value))]
    return shlex.join(words)


def _refuse_other_places(root: Path, named: str | None) -> None:
    problem, fix = unnameable(root) if named else misplaced(root)
    if problem:
        raise SetupError(f"{problem}. To go on: {fix}")
