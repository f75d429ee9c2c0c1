"""`agent-brain setup`."""

from __future__ import annotations

import argparse
import os
import secrets
from pathlib import Path

from agent_brain_client.discovery import find_root
from agent_brain_client.output import home_relative, note, one_line, print_json, say, styled
from agent_brain_client.wire import ENV_FILE
from agent_brain_wizard.answers import Answers, check_flags, resolve, without_password
from agent_brain_wizard.apply import apply_plan
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.plan import Chosen, Plan, compose_project, make_plan
from agent_brain_wizard.ports import PortChoice, choose_database_port, choose_port, is_serving
from agent_brain_wizard.probe import COMPOSE, Facts, probe_project
from agent_brain_wizard.questions import QUESTIONS, Answer, Question

DATABASE = f"docker compose --env-file {ENV_FILE} -f {COMPOSE}"


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
    answers = resolve(flags, os.environ, facts.saved)
    check_flags(flags, answers)
    ports = _ports(facts, answers)
    plan = make_plan(facts, answers, _chosen(ports))
    if not arguments.dry_run:
        apply_plan(root, plan)
    if arguments.json:
        print_json(_report(facts, answers, plan, ports, arguments.dry_run))
    else:
        _print_summary(facts, answers, plan, ports, arguments.dry_run)
    return 0


def _ports(facts: Facts, answers: Answers) -> dict[str, PortChoice]:
    """The ports to use, by the questions' names."""
    ports = {"port": choose_port(facts.root, answers.port, _saved_port(facts, "port"))}
    if answers.storage == "postgres-docker":
        saved = _saved_port(facts, "postgres_port")
        ports["postgres_port"] = choose_database_port(compose_project(facts.root), answers.postgres_port, saved)
    return ports


def _saved_port(facts: Facts, name: str) -> int | None:
    return saved if isinstance(saved := facts.saved.get(name), int) else None


def _chosen(ports: dict[str, PortChoice]) -> Chosen:
    token = secrets.token_urlsafe(32)
    if "postgres_port" not in ports:
        return Chosen(token, ports["port"].port)
    return Chosen(token, ports["port"].port, secrets.token_urlsafe(32), ports["postgres_port"].port)


def _refuse_home(root: Path, named: str | None) -> None:
    if named is None and root in (Path.home().resolve(), Path(root.anchor)):
        raise SetupError(f"{root} is not a project. Go to one, or name it: agent-brain setup --project PATH")


def _notes(facts: Facts, answers: Answers, plan: Plan, ports: dict[str, PortChoice]) -> list[str]:
    notes = [choice.remark for choice in ports.values() if choice.remark]
    notes += [f"{path}: {reason}" for path, reason in plan.kept.items()]
    if plan.writes and is_serving(facts.root):
        notes.append("the running server keeps its settings until: agent-brain stop, then agent-brain start")
    if plan.writes and answers.embedding == "openai-compatible":
        notes.append(
            "a key for the endpoint, if it wants one, goes into .env.agent-brain: AGENT_BRAIN_EMBEDDING_API_KEY"
        )
    if answers.storage == "postgres-docker" and COMPOSE in facts.files and not facts.variables.get("POSTGRES_PASSWORD"):
        notes.append("the database's password is new; one that has data keeps its old one, see docs/troubleshooting.md")
    if answers.storage == "postgres-docker" and os.environ.get("DATABASE_URL"):
        notes.append("DATABASE_URL is set here: a server started from here uses that database, not the container's")
    if plan.writes and answers.storage != "postgres-docker" and COMPOSE in facts.files:
        notes.append(f"the PostgreSQL container made for this project, and its data, go with: {DATABASE} down -v")
    return notes


def _next(answers: Answers) -> list[str]:
    """The commands that come after setup."""
    database = [f"{DATABASE} up -d --wait"] if answers.storage == "postgres-docker" else []
    return [*database, "agent-brain index --wait", 'agent-brain search "…"']


def _shown(answers: Answers, ports: dict[str, PortChoice]) -> dict[str, Answer | None]:
    """The answers as they are reported, without the password that a URL may have."""
    chosen = {name: choice.port for name, choice in ports.items()}
    url = "" if answers.storage == "postgres-docker" else without_password(answers.storage_url)
    return {**answers.as_mapping(), "storage_url": url, **chosen}


def _report(
    facts: Facts, answers: Answers, plan: Plan, ports: dict[str, PortChoice], dry_run: bool
) -> dict[str, object]:
    return {
        "project": str(facts.root),
        "dry_run": dry_run,
        "changed": bool(plan.writes),
        "answers": _shown(answers, ports),
        "files": [{"path": write.path, "detail": write.detail} for write in plan.writes],
        "kept": plan.kept,
        "notes": _notes(facts, answers, plan, ports),
        "next": _next(answers),
    }


def _print_summary(facts: Facts, answers: Answers, plan: Plan, ports: dict[str, PortChoice], dry_run: bool) -> None:
    git = " (git)" if facts.in_git else ""
    note(f"{styled('Agent Brain', 'bold')} · setting up {home_relative(facts.root)}{git}")
    if not plan.writes:
        say("Nothing to change.")
    else:
        say("Would write" if dry_run else "Wrote")
        for write in plan.writes:
            say(f"  {write.path:<38} {write.detail}")
    for remark in _notes(facts, answers, plan, ports):
        note(one_line(f"Note: {remark}"))
    if plan.writes and not dry_run:
        say("Next: " + "   ·   ".join(_next(answers)))
