"""A person's consent, for tests that write a project's files themselves instead of running setup."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from agent_brain_contract.consent import COMPOSE_FILE, Record, require_record, save_record, token_hash
from agent_brain_contract.envfile import read_env
from agent_brain_contract.identity import write_id
from agent_brain_contract.paths import COMPOSE, location_id
from agent_brain_server.errors import SettingsError
from agent_brain_server.settings.consent import demands_of_files
from agent_brain_server.settings.sources import ProjectFiles
from agent_brain_wizard.plan.plan import compose_value


def accept(root: Path) -> None:
    """Accept what the files of the project set now, as setup does, with an id that follows from its place."""
    write_id(root, location_id(root))
    token = read_env(root / ".env.agent-brain").get("AGENT_BRAIN_TOKEN", "")
    record = Record(str(root), location_id(root), token=token_hash(token))
    files = ProjectFiles(root)
    with suppress(SettingsError):  # settings that are wrong on purpose set nothing
        record = record.accepting((demand.kind, demand.value) for demand in demands_of_files(files))
    save_record(root, record)


def accept_changes(root: Path) -> None:
    """Accept what the files of a project that is set up say now, as setup does of those that were edited by hand."""
    record = require_record(root)
    accepted = [(demand.kind, demand.value) for demand in demands_of_files(ProjectFiles(root))]
    if (root / COMPOSE).exists():
        accepted.append((COMPOSE_FILE, compose_value((root / COMPOSE).read_bytes())))
    save_record(root, record.accepting(accepted))
