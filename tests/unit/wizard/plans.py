"""Plans of setup, and the facts that it finds once they are applied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent_brain_contract.consent import Record, token_hash
from agent_brain_contract.container import project_role
from agent_brain_wizard.answers.answers import resolve
from agent_brain_wizard.facts.probe import ExistingFile, Facts, probe_project
from agent_brain_wizard.plan.plan import Chosen, Plan

ENV = ".env.agent-brain"
NOTHING = Facts(Path("/p"), True, {}, {}, {}, "", None, {}, {})
ANSWERS = resolve({}, {}, {})
CHOSEN = Chosen("token", 8317, project_id="p" * 8)
CONTAINER = resolve({"storage": "postgres-docker"}, {}, {})
CHOSEN_CONTAINER = Chosen("token", 8317, "made-up", 5433, project_id="p" * 8, superuser_password="made-up too")
ROLE = project_role("agent_brain", "p" * 8)


def found_again(files: dict[str, ExistingFile], tmp_path: Path) -> Facts:
    """The facts of a project that has `files`."""
    for path, file in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)
    record = Record(str(NOTHING.root), "p" * 8, token=token_hash("token"))
    return replace(probe_project(tmp_path), root=NOTHING.root, in_git=True, record=record)


def after(facts: Facts, plan: Plan, tmp_path: Path) -> Facts:
    """The facts once `plan` is applied."""
    written = {write.path: ExistingFile(write.content, write.mode) for write in plan.writes}
    return found_again(facts.files | written, tmp_path)


def edited(facts: Facts, path: str, addition: bytes) -> Facts:
    """The facts once the person has added to a file."""
    found = facts.files[path]
    return replace(facts, files={**facts.files, path: ExistingFile(found.content + addition, found.mode)})


def written(plan: Plan) -> dict[str, int]:
    """The mode of each file that is written."""
    return {write.path: write.mode for write in plan.writes}


def content_of(plan: Plan, path: str) -> bytes:
    """What is written to one file."""
    return next(write.content for write in plan.writes if write.path == path)
