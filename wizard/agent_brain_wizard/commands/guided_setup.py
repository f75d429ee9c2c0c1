"""Setup with a person at a terminal: questions, a look at the plan, the writing, the first index, a first question."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from agent_brain_client.errors import ClientError
from agent_brain_client.output import listing_lines, note, page, say, styled
from agent_brain_contract.escaping import one_line
from agent_brain_wizard.answers.answers import Answers, check_flags, own_answers, preset_of, resolve, storage_of
from agent_brain_wizard.answers.questions import QUESTIONS, Answer, Values
from agent_brain_wizard.asking.prompting import make_prompter
from agent_brain_wizard.asking.questionnaire import BACK, Option, Prompter, Questionnaire, check_folders
from agent_brain_wizard.asking.saved_answers import drop_answers, load_answers, save_answers
from agent_brain_wizard.commands.first_run import FirstRun, ask_first, run_first
from agent_brain_wizard.commands.setup_report import consequence_lines, headline, styled_headline, text_reporter
from agent_brain_wizard.errors import EditedFileError, SetupError
from agent_brain_wizard.facts.machine import MachineProbe
from agent_brain_wizard.facts.probe import Facts, probe_project
from agent_brain_wizard.plan.preparation import Prepared, apply_agreed, prepare
from agent_brain_wizard.plan.review import coloured, diff_lines, file_lines
from agent_brain_wizard.plan.trial import CHANGE, INSTEAD, KEEP, Failure, decide, try_answers, without

GO, SHOW, LEAVE = "go", "show", "leave"
_REVIEW = (
    Option(GO, "Yes"),
    Option(SHOW, "Show what changes"),
    Option(LEAVE, "No, leave everything as it is"),
)
_ADDRESSES = ("storage_url", "embedding_preset", "embedding_url", "folders")
_DECISIVE = ("storage", "embedding", *_ADDRESSES)


def guide(root: Path, flags: Values) -> int:
    """Ask, show, write, index. Raise KeyboardInterrupt where the person leaves, after saying what has become of it."""
    machine = MachineProbe()
    facts = probe_project(root)
    note(styled_headline(headline(facts)))
    note(styled("Enter takes the default, Ctrl-B goes back, Ctrl-C leaves.", "dim", sys.stderr))
    try:
        prepared = _agreed(facts, flags, make_prompter(), machine)
    except KeyboardInterrupt:
        note("", "Nothing was written. Your answers, except secrets, are kept for the next: agent-brain setup")
        raise
    if prepared is None:
        note("Nothing was written.")
        return 0
    if not prepared.plan.writes and prepared.answers.index is False:
        say("Nothing to change.")
        return 0
    written = apply_agreed(prepared)
    drop_answers(root)
    _report_written(prepared, written)
    if written.answers.index is False:
        say("Next: " + "   ·   ".join(written.commands()))
        return 0
    return _first_steps(written)


def _agreed(facts: Facts, flags: Values, prompter: Prompter, machine: MachineProbe) -> Prepared | None:
    """Return the plan that the person wants; None if none."""
    unfinished = load_answers(facts.root)
    if unfinished:
        note("Setup was not finished last time; your answers from then are the defaults.")
    questionnaire = Questionnaire(
        root=facts.root,
        prompter=prompter,
        machine=machine.answer,
        flags=flags,
        environment=os.environ,
        saved=_defaults(facts, unfinished),
        keep=lambda answers: save_answers(facts.root, answers),
        unaccepted=_unaccepted(facts),
    )
    asked: dict[str, Answer | None] = {}
    again, why = False, ""
    while True:
        asked = questionnaire.ask(asked, again, why)
        again, why = True, ""
        try:
            prepared = _prepared(facts, flags, asked)
        except EditedFileError:
            raise
        except SetupError as error:
            if not asked:
                raise
            why = one_line(str(error))
            continue
        agreed = all(one.accepted for one in prepared.reviews)
        if agreed and not prepared.plan.writes and prepared.answers.index is False:
            return prepared
        tried = _tried(prepared, flags, asked, prompter)
        if tried is None:
            again = False
            continue
        decision = _review(tried, prompter, bool(asked))
        if decision is not BACK:
            return tried if decision == GO else None


def _prepared(facts: Facts, flags: Values, asked: Values) -> Prepared:
    answers = _resolved(facts, flags, asked)
    return prepare(facts, answers, own=own_answers(flags, os.environ, facts.accepted, _without_taken(facts, asked)))


def _unaccepted(facts: Facts) -> dict[str, Answer]:
    """Return what only the project's files say of where text goes and comes from, by the questions' names."""
    if facts.accepted:
        return {}
    saved = {**facts.saved, "storage": storage_of(facts.saved), "embedding_preset": preset_of(facts.saved)}
    usual = {question.name: question.default for question in QUESTIONS}
    return {name: value for name in _DECISIVE if (value := saved.get(name)) not in (None, "", usual[name])}


def _without_taken(facts: Facts, asked: Values) -> Values:
    """Return `asked` without the addresses that Enter took from the project's files; the plan accepts them."""
    taken = {name: value for name, value in _unaccepted(facts).items() if name in _ADDRESSES}
    return {name: value for name, value in asked.items() if name not in taken or value != taken[name]}


def _tried(prepared: Prepared, flags: Values, asked: dict[str, Answer | None], prompter: Prompter) -> Prepared | None:
    """Return the plan once what it names answers, or the person goes on without; None to ask the questions again."""
    kept: set[str] = set()
    while failure := next((one for one in _failures(prepared, prompter) if one.name not in kept), None):
        decision = decide(prompter, failure, asked)
        if decision == CHANGE:
            return None
        if decision == KEEP:
            kept.add(failure.name)
        elif decision == INSTEAD:
            others = without(failure, asked)
            asked.clear()
            asked.update(others)
            prepared = _prepared(prepared.facts, flags, asked)
    return prepared


def _failures(prepared: Prepared, prompter: Prompter) -> list[Failure]:
    def show(text: str) -> None:
        prompter.show(styled(text, "dim", sys.stderr))

    return try_answers(prepared, show) if prepared.answers.verify else []


def _defaults(facts: Facts, unfinished: Values) -> Values:
    """Return what was answered the last time, finished or not."""
    saved = dict(facts.saved)
    if unfinished.get("storage") not in (None, storage_of(saved)):
        saved.pop("storage_url", None)
    return {**saved, **unfinished}


def _resolved(facts: Facts, flags: Values, asked: Values) -> Answers:
    answers = resolve(flags, os.environ, facts.saved, asked)
    check_flags(flags, answers)
    if flags.get("folders"):
        check_folders(facts.root, answers.folders)
    return answers


def _review(prepared: Prepared, prompter: Prompter, back: bool) -> object:
    """Return GO, LEAVE or BACK, after a look at everything."""
    prompter.show(*_plan_lines(prepared))
    while True:
        decision = prompter.choose("Go ahead?", "", _REVIEW, GO, back)
        if decision != SHOW:
            return decision
        lines = [coloured(line) for line in diff_lines(prepared.facts, prepared.plan) or ["No file changes."]]
        if not page(lines):
            prompter.show(*lines)


def _plan_lines(prepared: Prepared) -> list[str]:
    files = file_lines(prepared.plan)
    lines = ["", *(["Will write", *files] if files else ["Nothing to change."]), *consequence_lines(prepared)]
    lines += [one_line(f"Note: {remark}") for remark in prepared.notes()]
    if prepared.answers.index is not False:
        commands = [*prepared.database_commands(), "agent-brain start", "agent-brain index --wait"]
        lines += ["Will run", f"  {', '.join(commands)}"]
    return lines


def _report_written(shown: Prepared, written: Prepared) -> None:
    text_reporter().done("Files written" if written.plan.writes else "Nothing to change")
    for name, choice in written.ports.items():
        if choice.port != shown.ports[name].port:
            note(one_line(f"Note: {choice.remark or f'{name} is {choice.port} now'}"))


def _first_steps(written: Prepared) -> int:
    try:
        first = run_first(written, text_reporter())
    except KeyboardInterrupt:
        note("", "The files are written. Go on with: agent-brain index --wait")
        raise
    if first.chunks:
        _first_question(written, first)
    say('Next: agent-brain search "…"   ·   in Claude Code: /agent-brain:search …   ·   undo: agent-brain uninstall')
    return 0


def _first_question(written: Prepared, first: FirstRun) -> None:
    """Ask one question and print its answer; an empty line asks nothing."""
    question = make_prompter().write("Ask it something:", "", "", lambda _: "", back=False)
    if not isinstance(question, str) or not question.strip():
        return
    try:
        answer = ask_first(written.facts.root, first.server, question.strip())
    except ClientError as error:
        note(one_line(str(error)))
        return
    lines = listing_lines(answer["results"], shutil.get_terminal_size().columns)
    say(*(lines or ["No passages found."]))
