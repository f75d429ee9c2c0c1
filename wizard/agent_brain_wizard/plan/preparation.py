"""From answers to a plan: picks the ports and the secrets, so that the plan itself stays a pure function."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from agent_brain_contract.container import SERVER_VARIABLE, SUPERUSER_VARIABLE
from agent_brain_contract.identity import new_id
from agent_brain_contract.paths import IDENTITY, location_id
from agent_brain_wizard.answers.answers import Answers, without_password
from agent_brain_wizard.answers.questions import Answer
from agent_brain_wizard.container.composition import PGADMIN, PGADMIN_VARIABLE, POSTGRES
from agent_brain_wizard.container.docker import find_volumes
from agent_brain_wizard.facts.probe import COMPOSE, MANIFEST, Facts
from agent_brain_wizard.plan.apply import apply_plan
from agent_brain_wizard.plan.consent import Review, keep_record, refuse_pending, review
from agent_brain_wizard.plan.leftovers import find_leftovers, remove_leftovers
from agent_brain_wizard.plan.logins import has_one_password
from agent_brain_wizard.plan.plan import Chosen, Plan, compose_project_of, make_plan
from agent_brain_wizard.ports import (
    PortChoice,
    choose_database_port,
    choose_pgadmin_port,
    choose_port,
    is_serving,
    reserving,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a person is shown before anything is written; `ports` are by their questions' names.

    `leftovers` are removed: files that a server would use, in a project that was not set up here. `volumes` are what
    Docker keeps of an earlier setup whose passwords are lost, by the services that they belong to; None where Docker
    does not say.
    """

    facts: Facts
    answers: Answers
    ports: dict[str, PortChoice]
    chosen: Chosen
    plan: Plan
    reviews: tuple[Review, ...] = ()
    leftovers: tuple[str, ...] = ()
    volumes: dict[str, str] | None = field(default_factory=dict)

    def shown_answers(self) -> dict[str, Answer | None]:
        """Return the answers as they are reported, without the secrets among them."""
        ports = {name: choice.port for name, choice in self.ports.items()}
        answers = {**self.answers.as_mapping(), **ports}
        in_docker = self.answers.storage == "postgres-docker"
        answers["storage_url"] = "" if in_docker else without_password(self.answers.storage_url)
        answers["embedding_url"] = without_password(self.answers.embedding_url)
        return {name: value for name, value in answers.items() if name != "embedding_key"}

    def content_of(self, path: str) -> bytes:
        """Return what the file holds once the plan is carried out."""
        written = next((write.content for write in self.plan.writes if write.path == path), None)
        found = self.facts.files.get(path)
        return written if written is not None else found.content if found is not None else b""

    def consequences(self) -> list[str]:
        """Return what is sent where, kept where and run, a sentence each; empty where nothing leaves the project."""
        return [one.sentence() for one in self.reviews]

    def notes(self) -> list[str]:
        """Return what is to be said about the plan, a sentence each."""
        notes = [choice.remark for choice in self.ports.values() if choice.remark]
        notes += [f"{path}: {reason}" for path, reason in self.plan.kept.items()]
        notes += [f"{path}: removed, since this project was not set up on this machine" for path in self.leftovers]
        if self.plan.writes:
            notes += self._notes_on_change()
        if self.answers.storage == "postgres-docker":
            notes += self._notes_on_container()
        return notes

    def _notes_on_change(self) -> list[str]:
        facts, answers = self.facts, self.answers
        notes = []
        if is_serving(facts.root):
            notes.append("the running server uses the old settings until you run: agent-brain restart")
        has_key = answers.embedding_key or facts.variables.get("AGENT_BRAIN_EMBEDDING_API_KEY")
        if answers.embedding == "openai-compatible" and not has_key:
            notes.append("if the endpoint needs a key, put it into .env.agent-brain as AGENT_BRAIN_EMBEDDING_API_KEY")
        if answers.storage != "postgres-docker" and COMPOSE in facts.files:
            notes.append(
                "the PostgreSQL container of this project and its data are kept. To delete them: "
                "agent-brain db down --purge"
            )
        return notes

    def _notes_on_container(self) -> list[str]:
        notes = self._notes_on_volumes()
        if self.facts.saved.get("pgadmin") and not self.answers.pgadmin:
            notes.append(
                "pgAdmin's container and data are kept. To delete them: agent-brain db down && "
                f"docker volume rm --force {self.chosen.compose_project}_{PGADMIN}-data"
            )
        if os.environ.get("DATABASE_URL"):
            notes.append(
                "DATABASE_URL is set in this terminal: a server started here uses that database, not the container's"
            )
        return notes

    def _notes_on_volumes(self) -> list[str]:
        """Return what becomes of data that were made with a password that is lost: a new one does not open them."""
        if self.volumes is None:
            known = COMPOSE not in self.facts.files or self.facts.variables.get(SUPERUSER_VARIABLE)
            sentence = "the database's password is new. To set it in a database that exists already: agent-brain db up"
            return [] if known else [sentence]
        notes = []
        if volume := self.volumes.get(POSTGRES):
            notes.append(
                f"the Docker volume {volume} holds a database of this project, whose password is lost: agent-brain"
                " db up keeps its data and gives it the new password; agent-brain db down --purge --yes removes it"
            )
        if volume := self.volumes.get(PGADMIN):
            notes.append(
                f"the Docker volume {volume} holds a pgAdmin of this project, whose password is lost, and which does"
                f" not take the new one. To begin it again: agent-brain db down && docker volume rm {volume}"
            )
        return notes

    def commands(self) -> list[str]:
        """Return the commands that come after setup, up to the first question."""
        return [*self.database_commands(), "agent-brain index --wait", 'agent-brain search "…"']

    def database_commands(self) -> list[str]:
        """Return the command that starts the container, if there is one."""
        if self.answers.storage != "postgres-docker":
            return []
        return ["agent-brain db up --pgadmin" if self.answers.pgadmin else "agent-brain db up"]


def prepare(facts: Facts, answers: Answers, earlier: Prepared | None = None, own: Answers | None = None) -> Prepared:
    """Return the plan for `answers`, writing nothing.

    What an `earlier` look at it picked is picked again if it still can be.

    `own` are the answers that the person gives without the project's files: what follows from them is accepted. Raise
    SetupError for a port that is taken and for an answer that belongs into an edited file.
    """
    ports = _ports(facts, answers, earlier)
    chosen = _chosen(facts, answers, ports) if earlier is None else _with_ports(earlier.chosen, ports)
    plan = make_plan(facts, answers, chosen)
    reviews = review(facts, answers, chosen, plan, own)
    volumes = _old_volumes(facts, answers, chosen) if earlier is None else earlier.volumes
    return Prepared(facts, answers, ports, chosen, plan, reviews, tuple(find_leftovers(facts)), volumes)


def _old_volumes(facts: Facts, answers: Answers, chosen: Chosen) -> dict[str, str] | None:
    """Return the volumes of the container that were made with another password than .env.agent-brain is to have."""
    one_password = SERVER_VARIABLE if has_one_password(facts) else SUPERUSER_VARIABLE
    wanted: dict[str, tuple[str, ...]] = {POSTGRES: (SUPERUSER_VARIABLE, one_password)}
    wanted |= {PGADMIN: (PGADMIN_VARIABLE,)} if answers.pgadmin else {}
    lost = [service for service, names in wanted.items() if not any(map(facts.variables.get, names))]
    if answers.storage != "postgres-docker" or not lost:
        return {}
    found = find_volumes(chosen.compose_project)
    return None if found is None else {one: found[f"{one}-data"] for one in lost if f"{one}-data" in found}


def prepare_accepted(
    facts: Facts, answers: Answers, own: Answers | None, accepted: Collection[str], command: str
) -> Prepared:
    """Return what `prepare` does.

    Raise SetupError for what the person accepts neither by `own` nor by naming it in `accepted`; `command` is the one
    that is run.
    """
    prepared = prepare(facts, answers, own=own)
    refuse_pending(prepared.reviews, accepted, command)
    return replace(prepared, reviews=tuple(replace(one, accepted=True) for one in prepared.reviews))


def prepare_and_apply(
    facts: Facts,
    answers: Answers,
    own: Answers | None,
    accepted: Collection[str] = (),
    command: str = "agent-brain setup --yes",
) -> Prepared:
    """Return what `prepare_accepted` does, and write it, while no other setup of this user can pick the same ports."""
    with reserving():
        prepared = prepare_accepted(facts, answers, own, accepted, command)
        _carry_out(prepared)
    return prepared


def apply_agreed(agreed: Prepared, own: Answers | None = None) -> Prepared:
    """Write what the person has seen and agreed to, with other ports where these were taken meanwhile."""
    with reserving():
        prepared = prepare(agreed.facts, agreed.answers, agreed, own)
        # The ports may differ from those that were shown; nothing else can.
        _carry_out(prepared)
    return prepared


def _carry_out(prepared: Prepared) -> None:
    facts = prepared.facts
    shared = bool(prepared.answers.project_id)
    remove_leftovers(facts)
    keep_record(facts, prepared.chosen, prepared.plan, prepared.reviews, shared)
    apply_plan(facts.root, prepared.plan)


def _ports(facts: Facts, answers: Answers, earlier: Prepared | None) -> dict[str, PortChoice]:
    shown = {} if earlier is None else {name: choice.port for name, choice in earlier.ports.items()}

    def saved(name: str) -> int | None:
        port = shown.get(name, facts.saved.get(name))
        return port if isinstance(port, int) else None

    ports = {"port": choose_port(facts.root, answers.port, saved("port"))}
    if answers.storage == "postgres-docker":
        project = compose_project_of(facts)
        ports["postgres_port"] = choose_database_port(project, answers.postgres_port, saved("postgres_port"))
        if answers.pgadmin:
            ports["pgadmin_port"] = choose_pgadmin_port(project, answers.pgadmin_port, saved("pgadmin_port"))
    return ports


def _chosen(facts: Facts, answers: Answers, ports: dict[str, PortChoice]) -> Chosen:
    token, password, superuser_password, pgadmin_password = (secrets.token_urlsafe(32) for _ in range(4))
    in_docker = "postgres_port" in ports
    return _with_ports(
        Chosen(
            token,
            0,
            password if in_docker else "",
            superuser_password=superuser_password if in_docker else "",
            pgadmin_password=pgadmin_password if "pgadmin_port" in ports else "",
            project_id=answers.project_id or _project_id(facts),
            compose_project=compose_project_of(facts) if in_docker else "",
        ),
        ports,
    )


def _project_id(facts: Facts) -> str:
    """Return the project's id, as it is. Where an older setup kept rows by the project's place, that is it."""
    if facts.record is not None:
        return facts.record.project_id
    return location_id(facts.root) if MANIFEST in facts.files and IDENTITY not in facts.files else new_id()


def _with_ports(chosen: Chosen, ports: dict[str, PortChoice]) -> Chosen:
    numbers = {name: choice.port for name, choice in ports.items()}
    return replace(
        chosen,
        port=numbers["port"],
        postgres_port=numbers.get("postgres_port"),
        pgadmin_port=numbers.get("pgadmin_port"),
    )
