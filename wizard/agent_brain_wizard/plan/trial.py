"""Tries the database, the container engine and the endpoint that a person has named, before anything is written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Final

from agent_brain_client.isolation import DIRECTORY, server_command
from agent_brain_contract.consent import COMPOSE_FILE, EMBEDDING, SECRETS, STORAGE
from agent_brain_contract.container import SERVER_VARIABLE
from agent_brain_contract.escaping import one_line
from agent_brain_wizard.answers.answers import Answers
from agent_brain_wizard.answers.questions import Answer, Values
from agent_brain_wizard.asking.questionnaire import Option, Prompter
from agent_brain_wizard.container.composition import PGADMIN, POSTGRES, WITHOUT_IMAGE, images_of
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.probe import COMPOSE, Facts
from agent_brain_wizard.plan.preparation import Prepared

LONGEST_SECONDS = 40.0
AGAIN, CHANGE, INSTEAD, KEEP = "again", "change", "instead", "keep"
WITHOUT: Final[dict[str, tuple[Answer, str]]] = {
    "storage": ("embedded", "Keep the index in a file of the project"),
    "embedding": ("built-in", "Use the built-in embedding"),
    "pgadmin": (False, "Do without pgAdmin"),
}
"""What needs nothing but this program, by question: the answer, and how it is offered."""
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "storage": ("storage_", "pgadmin"),
    "embedding": ("embedding_",),
    "pgadmin": ("pgadmin_",),
}
"""How the questions begin whose answers go with the one that is given up."""
_KEY_VARIABLE = "AGENT_BRAIN_EMBEDDING_API_KEY"
_NO_KEY = "refuses the key"
# The server's sentences speak of settings, which are not written yet.
_LOGIN = "correct POSTGRES_PASSWORD in .env.agent-brain, or the password in the storage URL, then run: "
_AS_ANSWERS = (
    (f"{_LOGIN}agent-brain restart", "correct the password in the database's URL"),
    ("Run: unset POSTGRES_PASSWORD; agent-brain restart", "Run: unset POSTGRES_PASSWORD"),
    ("correct storage.url", "correct the database's URL"),
    ("orrect embedding.base_url", "orrect the endpoint's address"),
    ("orrect embedding.model", "orrect the endpoint's model"),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A service that was named as answer to the question `name` and does not respond; `sentence` says why."""

    name: str
    sentence: str


def try_answers(prepared: Prepared, report: Callable[[str], None], names: Collection[str] = WITHOUT) -> list[Failure]:
    """Return what of the answers to the questions `names` cannot be used now; nothing is changed anywhere.

    What only the project's files say, and the person has not accepted yet, is not tried.
    """
    pending = {one.demand.kind for one in prepared.reviews if not one.accepted}
    given: dict[str, str] = {}
    if "storage" in names and not pending & {STORAGE, SECRETS}:
        given |= _database(prepared)
    if "embedding" in names and not pending & {EMBEDDING, SECRETS}:
        given |= _endpoint(prepared)
    if given:
        report(f"Trying the {' and the '.join(_named(given))} …")
    failures = [Failure(name, _as_answers(said)) for name, said in _ask_server(given).items() if said]
    if prepared.answers.storage == "postgres-docker" and COMPOSE_FILE not in pending:
        failures += _try_docker(prepared, names)
    return failures


def _database(prepared: Prepared) -> dict[str, str]:
    if prepared.answers.storage != "postgres":
        return {}
    password = os.environ.get(SERVER_VARIABLE) or prepared.facts.variables.get(SERVER_VARIABLE, "")
    return {"storage_url": prepared.answers.storage_url, "storage_password": password}


def _endpoint(prepared: Prepared) -> dict[str, str]:
    answers = prepared.answers
    if answers.embedding != "openai-compatible":
        return {}
    return {"base_url": answers.embedding_url, "model": answers.embedding_model, "api_key": _key(prepared)}


def _key(prepared: Prepared) -> str:
    known = prepared.facts.variables.get(_KEY_VARIABLE, "")
    return prepared.answers.embedding_key or os.environ.get(_KEY_VARIABLE) or known


def _named(given: dict[str, str]) -> list[str]:
    return [what for name, what in (("storage_url", "database"), ("base_url", "endpoint")) if name in given]


def _as_answers(sentence: str) -> str:
    for setting, answer in _AS_ANSWERS:
        sentence = sentence.replace(setting, answer)
    return sentence


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


def _try_docker(prepared: Prepared, names: Collection[str]) -> Iterator[Failure]:
    """Ask whether Docker runs, and whether the images are here or can be fetched; none is fetched."""
    from agent_brain_wizard.container.docker import DatabaseError, find_image_fault, missing_image, probe_docker

    docker = probe_docker()
    if docker.state != "ready":
        yield from [Failure("storage", docker.detail)] if "storage" in names else []
        return
    images = images_of(prepared.content_of(COMPOSE))
    for name, service in (("storage", POSTGRES), ("pgadmin", PGADMIN)):
        if name not in names or service not in images:
            continue
        try:
            fault = find_image_fault(images[service])
        except DatabaseError as error:
            yield Failure(name, str(error))
            return
        if fault:
            yield Failure(name, missing_image(images[service], fault, WITHOUT_IMAGE[service]))


def new_answers(facts: Facts, answers: Answers) -> set[str]:
    """Return the questions whose answers name what the files that are there do not."""
    saved, given, new = facts.saved, answers.as_mapping(), set()
    if answers.storage == "postgres" and saved.get("storage_url") != answers.storage_url:
        new.add("storage")
    if answers.storage == "postgres-docker":
        new |= {"storage"} if saved.get("postgres_image") != answers.postgres_image else set()
        new |= {"pgadmin"} if answers.pgadmin and not saved.get("pgadmin") else set()
    if answers.embedding == "openai-compatible":
        changed = any(saved.get(name) != given[name] for name in ("embedding", "embedding_url", "embedding_model"))
        key = answers.embedding_key not in ("", facts.variables.get(_KEY_VARIABLE))
        new |= {"embedding"} if changed or key else set()
    return new


def refuse_unanswered(prepared: Prepared, names: Collection[str], report: Callable[[str], None]) -> None:
    """Raise SetupError for what the answers to the questions `names` name and does not answer."""
    for failure in try_answers(prepared, report, names):
        if failure.name == "embedding" and _NO_KEY in failure.sentence and not _key(prepared):
            continue  # it answers; where the key goes is said once the files are written
        sentence = one_line(failure.sentence).rstrip(".")
        raise SetupError(f"{sentence}. Nothing was written; --no-verify writes it as it is.")


def decide(prompter: Prompter, failure: Failure, asked: Values) -> object:
    """Ask what to do about `failure`: one of AGAIN, CHANGE, INSTEAD, KEEP. What flags have answered stays."""
    prompter.show("", one_line(failure.sentence))
    options = [Option(AGAIN, "Try again")]
    if asked:
        options.append(Option(CHANGE, "Change the answers"))
    if failure.name in asked:
        options.append(Option(INSTEAD, WITHOUT[failure.name][1]))
    options.append(Option(KEEP, "Write it as it is, and go on"))
    return prompter.choose("What now?", "", tuple(options), AGAIN, back=False)


def without(failure: Failure, asked: Values) -> dict[str, Answer | None]:
    """Return the answers with the one that needs nothing else in the place of what failed."""
    kept = {name: value for name, value in asked.items() if not name.startswith(_PARTS[failure.name])}
    return {**kept, failure.name: WITHOUT[failure.name][0]}
