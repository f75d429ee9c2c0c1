"""What setup will write: a pure function of the facts and the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from agent_brain_client.wire import ENV_FILE
from agent_brain_wizard.answers import Answers
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.probe import CONFIG, GITIGNORE, MANIFEST, Facts, sha256
from agent_brain_wizard.questions import QUESTIONS
from agent_brain_wizard.render import render_config, render_env, render_gitignore
from agent_brain_wizard.textfiles import find_block, same_lines, with_block, with_value

PRIVATE = 0o600
SHARED = 0o644


@dataclass(frozen=True, slots=True)
class FileWrite:
    """One file to write, whole. `mode` is what it is created with; `detail` says what changes, for people."""

    path: str
    content: bytes
    mode: int
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`writes` in order, and `kept`: what was edited by hand and stays, with a sentence on each."""

    writes: tuple[FileWrite, ...]
    kept: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    """A plan in the making. `hashes` is the manifest to be."""

    hashes: dict[str, str]
    writes: list[FileWrite] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def make_plan(facts: Facts, answers: Answers, token: str, port: int) -> Plan:
    """The writes that lead from `facts` to `answers`; none if all is as it should be.

    `token` is for a project that has none. Raises EditedFileError where an answer differs from a hand-edited file's.
    """
    draft = _Draft({path: digest for path, digest in facts.manifest.items() if path in (CONFIG, ENV_FILE, GITIGNORE)})
    _plan_config(draft, facts, answers)
    _plan_env(draft, facts, facts.token or token, port)
    _plan_gitignore(draft, facts)
    _plan_manifest(draft, facts)
    return Plan(tuple(draft.writes), draft.kept)


def _plan_config(draft: _Draft, facts: Facts, answers: Answers) -> None:
    wanted = render_config(answers)
    found = facts.files.get(CONFIG)
    if found is None or found.content == wanted or not facts.was_edited(CONFIG):
        draft.hashes[CONFIG] = sha256(wanted)
        if found is None or found.content != wanted:
            draft.writes.append(FileWrite(CONFIG, wanted, SHARED, "new" if found is None else "changed"))
        return
    if facts.config_error:
        draft.kept[CONFIG] = f"edited by hand and not readable ({facts.config_error})"
        return
    _refuse_lost_answers(facts, answers)
    draft.kept[CONFIG] = "edited by hand, kept"


def _refuse_lost_answers(facts: Facts, answers: Answers) -> None:
    values = answers.as_mapping()
    for question in QUESTIONS:
        if question.saved and values[question.name] != facts.saved.get(question.name, question.default):
            setting = ".".join(question.saved)
            raise EditedFileError(
                f"{CONFIG} was edited by hand, so setup does not change it. Set {setting} there yourself:"
                f" {json.dumps(values[question.name])}"
            )


def _plan_env(draft: _Draft, facts: Facts, token: str, port: int) -> None:
    found = facts.files.get(ENV_FILE)
    template = render_env(token, port)
    if found is None:
        draft.hashes[ENV_FILE] = sha256(template)
        draft.writes.append(FileWrite(ENV_FILE, template, PRIVATE, "new, readable by you alone"))
        return
    edited = facts.was_edited(ENV_FILE) and found.content != template
    wanted = _with_settings(found.content, facts, token, port)
    details = ["changed"] if wanted != found.content else []
    if found.mode & 0o077:
        details.append(f"made readable by you alone (was {found.mode:04o})")
    if details:
        draft.writes.append(FileWrite(ENV_FILE, wanted, PRIVATE, ", ".join(details)))
    if edited:
        draft.kept[ENV_FILE] = "edited by hand, your lines are kept"
    else:
        draft.hashes[ENV_FILE] = sha256(wanted)


def _with_settings(content: bytes, facts: Facts, token: str, port: int) -> bytes:
    if not facts.token:
        content = with_value(content, "AGENT_BRAIN_TOKEN", token)
    if facts.saved.get("port") != port:
        content = with_value(content, "AGENT_BRAIN_PORT", str(port))
    return content


def _plan_gitignore(draft: _Draft, facts: Facts) -> None:
    """A folder outside of git gets no .gitignore, one that has a .gitignore anyway gets the block."""
    found = facts.files.get(GITIGNORE)
    if found is None and not facts.in_git:
        draft.hashes.pop(GITIGNORE, None)
        return
    content = found.content if found else b""
    block = render_gitignore()
    present = find_block(content, block)
    if present is not None and not same_lines(present, block) and _block_hash(present) != facts.manifest.get(GITIGNORE):
        draft.kept[GITIGNORE] = "its agent-brain block was edited by hand, kept"
        return
    draft.hashes[GITIGNORE] = _block_hash(block)
    if present is None or not same_lines(present, block):
        detail = f"{len(block.splitlines())} lines " + ("added" if present is None else "changed")
        mode = found.mode if found else SHARED
        draft.writes.append(FileWrite(GITIGNORE, with_block(content, block), mode, detail if found else "new"))


def _block_hash(block: bytes) -> str:
    return sha256(b"\n".join(block.splitlines()))


def _plan_manifest(draft: _Draft, facts: Facts) -> None:
    content = (json.dumps({"version": 1, "files": draft.hashes}, indent=2, sort_keys=True) + "\n").encode()
    found = facts.files.get(MANIFEST)
    if found is None or found.content != content:
        draft.writes.append(FileWrite(MANIFEST, content, SHARED, "new" if found is None else "changed"))
