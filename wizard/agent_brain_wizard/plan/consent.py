"""What setup asks a person to accept: where text goes, where the index is, what is read outside, what Docker runs."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from agent_brain_contract.consent import (
    COMPOSE_FILE,
    DECIDING,
    EMBEDDING,
    FOLDER,
    SECRETS,
    STORAGE,
    Demand,
    Record,
    digest_of,
    save_record,
    token_hash,
)
from agent_brain_contract.container import SERVER_VARIABLE, SUPERUSER_VARIABLE
from agent_brain_contract.defaults import DEFAULT_STORAGE_URL
from agent_brain_contract.envfile import parse_env
from agent_brain_contract.errors import ContractError
from agent_brain_contract.index_file import foreign_file
from agent_brain_contract.paths import COMPOSE, CONFIG, ENV_FILE, TOKEN_VARIABLE
from agent_brain_wizard.answers.answers import Answers
from agent_brain_wizard.errors import EditedFileError, SetupError
from agent_brain_wizard.facts.probe import Facts, sha256
from agent_brain_wizard.facts.settings_report import SettingsReport, problems_of, read_settings
from agent_brain_wizard.plan.plan import Chosen, Plan, compose_value, make_plan

KEY_VARIABLE = "AGENT_BRAIN_EMBEDDING_API_KEY"
_WORDS = {
    EMBEDDING: "the text of your files and questions is sent to {value}",
    STORAGE: "the index, with the text of your files, is kept in {value}",
    FOLDER: "{value}, outside the project, is indexed too",
    COMPOSE_FILE: "Docker runs {value}",
    SECRETS: "{key} is {value}",
}


@dataclass(frozen=True, slots=True)
class Review:
    """One demand, and whether the person has accepted it: in the record, or with the answers of this call."""

    demand: Demand
    accepted: bool

    def sentence(self) -> str:
        """Return what follows from it, in words."""
        mark = "" if self.accepted else ", not accepted yet"
        words = _WORDS[self.demand.kind].format(key=self.demand.key, value=self.demand.value)
        return f"{words} ({self.demand.source}{mark})"


def review(facts: Facts, answers: Answers, chosen: Chosen, plan: Plan, own: Answers | None) -> tuple[Review, ...]:
    """Return what the project's files will decide once `plan` is carried out.

    `own` are the answers that the person gives without those of the files; None where they alone are not enough.
    """
    given = set(_given(facts, chosen, own))
    record = facts.record
    return tuple(
        Review(one, (one.kind, one.value) in given or (record is not None and record.accepts(one.kind, one.value)))
        for one in _demands(facts, answers, plan)
    )


def refuse_pending(reviews: Iterable[Review], accepted: Collection[str], command: str) -> None:
    """Raise SetupError for what is neither accepted nor named in `accepted`; `command` with a flag for each accepts it.

    A value of `accepted` that nothing asks for is not named again.
    """
    asked = [one.demand for one in reviews if not one.accepted]
    pending = [one for one in asked if one.value not in accepted]
    if pending:
        values = dict.fromkeys(one.value for one in asked)
        flags = " ".join(f"--accept {shlex.quote(value)}" for value in values)
        sentence = pending[0].sentence().removesuffix(" Run: agent-brain setup")
        raise SetupError(f"{sentence} To review it in a terminal: agent-brain setup. To accept it: {command} {flags}")


def keep_record(facts: Facts, chosen: Chosen, plan: Plan, reviews: Iterable[Review], shared: bool) -> None:
    """Note what is accepted, before the files that rely on it are written. Raise SetupError."""
    token = parse_env(_content(facts, plan, ENV_FILE).decode("utf-8", "replace")).get(TOKEN_VARIABLE, "")
    before = facts.record or Record(str(facts.root), chosen.project_id)
    record = replace(
        before,
        project_id=chosen.project_id,
        shared=shared or before.shared,
        token=token_hash(token),
        checked=digest_of({path: _content(facts, plan, path) for path in DECIDING}),
    )
    wanted = record.accepting((one.demand.kind, one.demand.value) for one in reviews)
    if wanted != facts.record:
        try:
            save_record(facts.root, wanted)
        except ContractError as error:
            raise SetupError(str(error)) from error


def compose_demand(content: bytes) -> Demand:
    """Return what running a Compose file asks for."""
    return Demand(COMPOSE_FILE, COMPOSE, "the containers to run", compose_value(content))


def _content(facts: Facts, plan: Plan, path: str) -> bytes:
    """Return the content that the file has once the plan is carried out."""
    written = next((write.content for write in plan.writes if write.path == path), None)
    found = facts.files.get(path)
    return written if written is not None else found.content if found is not None else b""


def _demands(facts: Facts, answers: Answers, plan: Plan) -> Iterator[Demand]:
    if not _is_harmless(facts, answers, plan):
        yield from _asked_of_server(facts, plan)
    if answers.storage == "postgres-docker":
        yield compose_demand(_content(facts, plan, COMPOSE))
    for name in _foreign_secrets(facts, answers):
        digest = sha256(facts.variables[name].encode())[:32]
        yield Demand(SECRETS, ENV_FILE, name, f"what was there before setup (sha256:{digest})")


def _foreign_secrets(facts: Facts, answers: Answers) -> Iterator[str]:
    """Yield the secrets that go to an address and are not known to be the person's, as those are that setup made.

    With a stranger's, the text would be the stranger's to read.
    """
    if facts.token:
        return
    key = facts.variables.get(KEY_VARIABLE, "")
    if key and key != answers.embedding_key and answers.embedding == "openai-compatible":
        yield KEY_VARIABLE
    if answers.storage != "embedded":
        yield from (name for name in (SERVER_VARIABLE, SUPERUSER_VARIABLE) if facts.variables.get(name))


def _is_harmless(facts: Facts, answers: Answers, plan: Plan) -> bool:
    """Return whether the plan writes all that decides something, and decides only for the defaults."""
    return (
        answers.storage == "embedded"
        and answers.storage_url == DEFAULT_STORAGE_URL
        and answers.embedding != "openai-compatible"
        and answers.folders == "."
        and ENV_FILE not in facts.files
        and CONFIG not in plan.kept
    )


def _asked_of_server(facts: Facts, plan: Plan) -> Iterator[Demand]:
    """Yield what the server's own code, which alone knows what files set, asks for the files as they will be."""
    with tempfile.TemporaryDirectory(prefix="agent-brain-") as directory:
        for path in (CONFIG, ENV_FILE):
            staged = Path(directory) / path
            staged.parent.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(_content(facts, plan, path))
        report = read_settings(facts.root, Path(directory))
    if report.failure:
        raise SetupError(f"{report.failure}. See: agent-brain doctor")
    if report.problems:
        raise EditedFileError("{}. To go on: {}".format(*problems_of(facts.root, report)))
    _refuse_foreign_file(facts.root, report)
    for one in report.demands:
        yield Demand(**one)


def _refuse_foreign_file(root: Path, report: SettingsReport) -> None:
    """Raise SetupError where the index would be kept in a file of another program."""
    scheme, _, place = str(report.storage.get("location", "")).partition(":///")
    if scheme == "sqlite":
        with suppress(OSError):  # which the server names
            if refusal := foreign_file(root, root / unquote(place)):
                raise SetupError(refusal)


def _given(facts: Facts, chosen: Chosen, own: Answers | None) -> Iterator[tuple[str, str]]:
    """Yield what the person's own answers decide, as (kind, value): what they would in a project without files."""
    if own is None:
        return
    empty = Facts(facts.root, facts.in_git, {}, {}, {}, "", None, {}, {})
    for one in _demands(empty, own, make_plan(empty, own, chosen)):
        yield one.kind, one.value
