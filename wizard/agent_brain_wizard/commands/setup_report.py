"""What setup says when it asks nothing: text for people, one JSON object a line for programs."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

from agent_brain_client.errors import ClientError
from agent_brain_client.output import home_relative, note, print_json, say, styled
from agent_brain_contract.escaping import one_line, plain
from agent_brain_wizard.commands.first_run import FirstRun, Reporter
from agent_brain_wizard.facts.probe import Facts
from agent_brain_wizard.facts.project_stats import count_project
from agent_brain_wizard.plan.preparation import Prepared
from agent_brain_wizard.plan.review import coloured, diff_lines, file_lines

if TYPE_CHECKING:
    from agent_brain_client.answers import JobResponse


class Report(Protocol):
    """The report of a setup, in this order; `failed` in the place of `indexed`, both only where it was asked for."""

    def plan(self, prepared: Prepared) -> None:
        """Report the plan, carried out but in a dry run."""

    def reporter(self) -> Reporter:
        """Return what shows how far the first index is."""

    def indexed(self, first: FirstRun) -> None:
        """Report that the first index is built."""

    def failed(self, error: ClientError) -> None:
        """Report that the first index is not built; `error` says why."""

    def end(self) -> None:
        """Report that all is done."""


def headline(facts: Facts) -> str:
    """Return what is set up: the project, its files and what they will cost."""
    inside = ["git"] if facts.in_git else []
    described = ", ".join([*inside, count_project(facts.root).sentence()])
    return f"Agent Brain · setting up {home_relative(facts.root)} ({described})"


class TextReport:
    """A report for a person: answers on stdout, the rest on stderr."""

    def __init__(self, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._next = ""

    def plan(self, prepared: Prepared) -> None:
        """Print the files; in a dry run also what changes in them."""
        note(styled_headline(headline(prepared.facts)))
        lines = file_lines(prepared.plan)
        say(*(["Would write" if self._dry_run else "Wrote", *lines] if lines else ["Nothing to change."]))
        if self._dry_run:
            for line in diff_lines(prepared.facts, prepared.plan):
                say(coloured(line))
        note(*consequence_lines(prepared))
        for remark in prepared.notes():
            note(one_line(f"Note: {remark}"))
        if lines and not self._dry_run:
            self._next = "Next: " + "   ·   ".join(prepared.commands())

    def reporter(self) -> Reporter:
        """Return a reporter of lines and a bar on stderr."""
        return text_reporter()

    def indexed(self, first: FirstRun) -> None:
        """Print how to ask, which is all that is left to do."""
        self._next = 'Next: agent-brain search "…"'

    def failed(self, error: ClientError) -> None:
        """Print nothing: the error is reported by the command."""

    def end(self) -> None:
        """Print what to do next."""
        if self._next:
            say(self._next)


def consequence_lines(prepared: Prepared) -> list[str]:
    """Return lines on what leaves the project, and what else the person accepts; none where there is nothing."""
    lines = [f"  {one_line(sentence)}" for sentence in prepared.consequences()]
    return ["From now on", *lines] if lines else []


def styled_headline(line: str) -> str:
    """Return `line` with the name in bold, where stderr takes it."""
    name = "Agent Brain"
    return plain(line).replace(name, styled(name, "bold", sys.stderr), 1)


def text_reporter() -> Reporter:
    """Return the reporter for a person, on stderr."""

    def done(text: str) -> None:
        note(f"{styled('✔', 'green', sys.stderr)} {one_line(text)}")

    return Reporter(lambda text: note(f"  {one_line(text)}"), done)


class JsonReport:
    """One object a line on stdout, the last one being the whole report. Events come only where there is a wait."""

    def __init__(self, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._summary: dict[str, Any] = {}

    def plan(self, prepared: Prepared) -> None:
        """Print the plan's event; where no index follows, the summary says the same."""
        self._summary = summary(prepared, self._dry_run)
        if prepared.answers.index and not self._dry_run:
            _event("plan", project=self._summary["project"], answers=self._summary["answers"])
            for file in self._summary["files"]:
                _event("file", **file)

    def reporter(self) -> Reporter:
        """Return a reporter that writes an event for each line."""

        def job(state: JobResponse) -> None:
            _event("progress", text="Indexing", job=state)

        def report(text: str) -> None:
            _event("progress", text=text)

        return Reporter(report, report, job)

    def indexed(self, first: FirstRun) -> None:
        """Keep it for the summary."""
        self._summary["index"] = first.as_mapping()
        self._summary["next"] = self._summary["next"][-1:]

    def failed(self, error: ClientError) -> None:
        """Print the summary: the files are written all the same."""
        error.done_before = {**self._summary, "event": "failed"}

    def end(self) -> None:
        """Print the summary."""
        print_json(self._summary)


def _event(name: str, **more: object) -> None:
    print_json({"event": name, **more})
    sys.stdout.flush()


def summary(prepared: Prepared, dry_run: bool) -> dict[str, Any]:
    """Return the whole report, without a secret."""
    facts, plan = prepared.facts, prepared.plan
    report: dict[str, Any] = {
        "event": "done",
        "project": str(facts.root),
        "dry_run": dry_run,
        "changed": bool(plan.writes),
        "answers": prepared.shown_answers(),
        "files": [{"path": write.path, "detail": write.detail} for write in plan.writes],
        "kept": plan.kept,
        "consent": [{**asdict(one.demand), "accepted": one.accepted} for one in prepared.reviews],
        "notes": prepared.notes(),
        "next": prepared.commands(),
    }
    return report | ({"diff": "\n".join(diff_lines(facts, plan))} if dry_run else {})
