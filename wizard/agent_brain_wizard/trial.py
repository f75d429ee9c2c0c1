"""Tries the database, the container engine and the endpoint that a person has named, before anything is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_client.output import note, styled
from agent_brain_contract.container import SERVER_VARIABLE
from agent_brain_contract.escaping import one_line
from agent_brain_wizard.preparation import Prepared
from agent_brain_wizard.questionnaire import Option, Prompter
from agent_brain_wizard.questions import Answer, Values

LONGEST_SECONDS = 40.0
AGAIN, CHANGE, INSTEAD, KEEP = "again", "change", "instead", "keep"
WITHOUT: Final[dict[str, tuple[str, str]]] = {
    "storage": ("embedded", "Keep the index in a file of the project"),
    "embedding": ("built-in", "Use the built-in embedding"),
}
"""What needs nothing but this program, by question: the answer, and how it is offered."""
_KEY_VARIABLE = "AGENT_BRAIN_EMBEDDING_API_KEY"


@dataclass(frozen=True, slots=True)
class Failure:
    """What was named in answer to the question `name` does not answer; `sentence` says what is wrong."""

    name: str
    sentence: str


def try_answers(prepared: Prepared) -> list[Failure]:
    """Return what of the answers cannot be used now; nothing is changed anywhere."""
    answers, variables = prepared.answers, prepared.facts.variables
    given: dict[str, str] = {}
    if answers.storage == "postgres":
        given["storage_url"] = answers.storage_url
        given["storage_password"] = os.environ.get(SERVER_VARIABLE) or variables.get(SERVER_VARIABLE, "")
    if answers.embedding == "openai-compatible":
        key = answers.embedding_key or os.environ.get(_KEY_VARIABLE) or variables.get(_KEY_VARIABLE, "")
        given |= {"base_url": answers.embedding_url, "model": answers.embedding_model, "api_key": key}
    if given:
        note(styled(f"Trying the {' and the '.join(_named(given))} …", "dim", sys.stderr))
    failures = [Failure(name, sentence) for name, sentence in _ask_server(given).items() if sentence]
    if answers.storage == "postgres-docker" and (sentence := _ask_docker()):
        failures.append(Failure("storage", sentence))
    return failures


def _named(given: dict[str, str]) -> list[str]:
    return [what for name, what in (("storage_url", "database"), ("base_url", "endpoint")) if name in given]


def _ask_server(given: dict[str, str]) -> dict[str, str]:
    """Let the server's own code connect, in a process of its own; what could not be tried is not named."""
    if not given:
        return {}
    try:
        done = subprocess.run(
            server_command("try"),
            check=False,
            cwd=DIRECTORY,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
        tried: dict[str, str] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return {}
    return tried


def _ask_docker() -> str:
    from agent_brain_wizard.docker import probe_docker

    facts = probe_docker()
    return "" if facts.state == "ready" else facts.detail


def decide(prompter: Prompter, failure: Failure, asked: Values) -> object:
    """Ask what to do about `failure`: one of AGAIN, CHANGE, INSTEAD, KEEP. What flags have answered stays."""
    note("", one_line(failure.sentence))
    options = [Option(AGAIN, "Try again")]
    if asked:
        options.append(Option(CHANGE, "Change the answers"))
    if failure.name in asked:
        options.append(Option(INSTEAD, WITHOUT[failure.name][1]))
    options.append(Option(KEEP, "Write it as it is, and go on"))
    return prompter.choose("What now?", "", tuple(options), AGAIN, back=False)


def without(failure: Failure, asked: Values) -> dict[str, Answer | None]:
    """Return the answers with the one that needs nothing else in the place of what failed."""
    kept = {name: value for name, value in asked.items() if not name.startswith(("pgadmin", f"{failure.name}_"))}
    return {**kept, failure.name: WITHOUT[failure.name][0]}
