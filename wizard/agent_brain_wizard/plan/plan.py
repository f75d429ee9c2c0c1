"""What setup will write: a pure function of the facts and the answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from agent_brain_client.wire import ENV_FILE
from agent_brain_contract.consent import COMPOSE_FILE
from agent_brain_contract.container import DATABASE, SERVER_VARIABLE, SUPERUSER_VARIABLE, project_role
from agent_brain_contract.defaults import DEFAULT_STORAGE_URL
from agent_brain_contract.identity import identity_file
from agent_brain_contract.paths import IDENTITY
from agent_brain_wizard.answers.answers import Answers
from agent_brain_wizard.answers.questions import QUESTIONS
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.errors import EditedFileError
from agent_brain_wizard.facts.probe import COMPOSE, CONFIG, GITIGNORE, MANIFEST, ExistingFile, Facts, sha256
from agent_brain_wizard.plan.logins import choose_passwords, present_login, wanted_login
from agent_brain_wizard.plan.render import render_compose, render_config, render_env, render_gitignore
from agent_brain_wizard.plan.textfiles import find_block, same_lines, with_block, with_value, without_value

_NAME = re.compile(rb"(?m)^name: (agent-brain-[0-9a-f]{16})\r?$")
_IMAGE = re.compile(rb"(?m)^\s*image:\s*[\"']?([^\s\"'#]{1,200})")
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
    """A plan: `writes` in order, and `kept`, what was edited by hand and stays, with a sentence on each.

    `rendered` is what setup would have written in the place of a kept file.
    """

    writes: tuple[FileWrite, ...]
    kept: dict[str, str] = field(default_factory=dict)
    rendered: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class _PlanBuilder:
    """A builder of a plan. `hashes` is the manifest to be."""

    hashes: dict[str, str]
    writes: list[FileWrite] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    rendered: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What setup picks: `port` is the server's, `postgres_port` the container's, None without a container.

    `token`, `password` (of the server's login to the database), `superuser_password` and `pgadmin_password` are for a
    project that has none. `project_id` keeps its rows apart in a shared database. `compose_project` is the name in the
    Compose file, empty where the facts decide.
    """

    token: str = field(repr=False)
    port: int
    password: str = field(default="", repr=False)
    postgres_port: int | None = None
    pgadmin_port: int | None = None
    pgadmin_password: str = field(default="", repr=False)
    project_id: str = ""
    superuser_password: str = field(default="", repr=False)
    compose_project: str = ""


def compose_project_of(facts: Facts) -> str:
    """Return the name that the project's Compose file has: a project that is moved keeps its container and data.

    A file that was not accepted could name another project's.
    """
    found, record = facts.files.get(COMPOSE), facts.record
    accepted = found is not None and record is not None and record.accepts(COMPOSE_FILE, compose_value(found.content))
    name = _NAME.search(found.content) if found is not None and accepted else None
    return name[1].decode() if name else compose_project(facts.root)


def compose_value(content: bytes) -> str:
    """Return what is accepted of a Compose file: its images, to be read, and its content, by hash."""
    images = dict.fromkeys(match[1].decode("utf-8", "replace") for match in _IMAGE.finditer(content))
    return f"{', '.join(images) or 'no image'} (sha256:{sha256(content)[:32]})"


def make_plan(facts: Facts, answers: Answers, chosen: Chosen) -> Plan:
    """Return the writes that lead from `facts` to `answers`; none if all is as it should be.

    Raise EditedFileError where an answer differs from a hand-edited file's.
    """
    ours = (CONFIG, ENV_FILE, COMPOSE, GITIGNORE, IDENTITY)
    builder = _PlanBuilder({path: digest for path, digest in facts.manifest.items() if path in ours})
    login = wanted_login(facts, chosen.project_id)
    _plan_config(builder, facts, answers, chosen, login)
    _plan_env(builder, facts, answers, chosen, present_login(facts) if CONFIG in builder.kept else login)
    if chosen.postgres_port is not None:
        _plan_compose(builder, facts, answers, chosen, chosen.postgres_port)
    _plan_identity(builder, facts, chosen)
    _plan_gitignore(builder, facts)
    _plan_manifest(builder, facts)
    return Plan(tuple(builder.writes), builder.kept, builder.rendered)


def _plan_config(builder: _PlanBuilder, facts: Facts, answers: Answers, chosen: Chosen, login: str) -> None:
    if _plan_rendered(builder, facts, CONFIG, render_config(answers, chosen.postgres_port, login)):
        return
    if facts.config_error:
        builder.kept[CONFIG] = f"edited by hand and not readable ({facts.config_error})"
        return
    values = answers.as_mapping()
    for question in QUESTIONS:
        if question.name == "storage_url":
            _refuse_lost_storage(facts, answers, chosen)
        elif question.saved and values[question.name] != facts.saved.get(question.name, question.default):
            raise _edited(CONFIG, ".".join(question.saved), values[question.name])


def _plan_rendered(builder: _PlanBuilder, facts: Facts, path: str, wanted: bytes) -> bool:
    """Write `path` as rendered, if need be; False if it was edited by hand and is kept."""
    found = facts.files.get(path)
    if found is not None and found.content != wanted and facts.was_edited(path):
        builder.kept[path] = "edited by hand, kept"
        builder.rendered[path] = wanted
        return False
    builder.hashes[path] = sha256(wanted)
    if found is None or found.content != wanted:
        builder.writes.append(FileWrite(path, wanted, SHARED, "new" if found is None else "changed"))
    return True


def _refuse_lost_storage(facts: Facts, answers: Answers, chosen: Chosen) -> None:
    """Refuse to lose an existing PostgreSQL's URL: it is in .env.agent-brain, which goes before config.yaml."""
    present = facts.config_storage
    if answers.storage == "postgres-docker":
        database = present.get("postgres")
        published = database.get("port") if isinstance(database, dict) else None
        if "url" in present:
            raise _edited(CONFIG, "storage", {"postgres": {"port": chosen.postgres_port}})
        if published != chosen.postgres_port:
            raise _edited(CONFIG, "storage.postgres.port", chosen.postgres_port)
    elif answers.storage == "embedded" and (
        present.get("url", DEFAULT_STORAGE_URL) != answers.storage_url
        or facts.saved.get("storage", answers.storage) != answers.storage
    ):
        raise _edited(CONFIG, "storage.url", answers.storage_url)


def _edited(path: str, setting: str, value: object) -> EditedFileError:
    return EditedFileError(
        f"{path} was edited by hand, so setup does not change it. Set {setting} there yourself: {json.dumps(value)}"
    )


def _plan_compose(builder: _PlanBuilder, facts: Facts, answers: Answers, chosen: Chosen, port: int) -> None:
    name = chosen.compose_project or compose_project_of(facts)
    wanted = render_compose(name, answers.postgres_image, port, chosen.pgadmin_port)
    if _plan_rendered(builder, facts, COMPOSE, wanted):
        return
    if facts.saved.get("postgres_image") != answers.postgres_image:
        raise _edited(COMPOSE, "services.postgres.image", answers.postgres_image)
    if facts.saved.get("postgres_port") != port:
        raise _edited(COMPOSE, "services.postgres.ports", [f"127.0.0.1:{port}:5432"])
    if facts.saved.get("pgadmin", False) != answers.pgadmin:
        raise EditedFileError(
            f"{COMPOSE} was edited by hand, so setup does not change it. Add or remove services.pgadmin there yourself."
        )


def _plan_env(builder: _PlanBuilder, facts: Facts, answers: Answers, chosen: Chosen, login: str) -> None:
    found = facts.files.get(ENV_FILE)
    values = _variables(facts, answers, chosen) | _passwords(facts, chosen, login)
    template = render_env(values)
    if found is None:
        builder.hashes[ENV_FILE] = sha256(template)
        builder.writes.append(FileWrite(ENV_FILE, template, PRIVATE, "new, readable by you alone"))
        return
    edited = facts.was_edited(ENV_FILE) and found.content != template
    wanted = _with_variables(found.content, facts.variables, values, answers)
    details = ["changed"] if wanted != found.content else []
    if found.mode & 0o077:
        details.append(f"made readable by you alone (was {found.mode:04o})")
    if details:
        builder.writes.append(FileWrite(ENV_FILE, wanted, PRIVATE, ", ".join(details)))
    if edited:
        builder.kept[ENV_FILE] = "edited by hand, your lines are kept"
    else:
        builder.hashes[ENV_FILE] = sha256(wanted)


def _variables(facts: Facts, answers: Answers, chosen: Chosen) -> dict[str, str]:
    """Return what .env.agent-brain must set besides passwords."""
    values = {"AGENT_BRAIN_TOKEN": facts.token or chosen.token, "AGENT_BRAIN_PORT": str(chosen.port)}
    if answers.storage == "postgres" and facts.config_storage.get("url") != answers.storage_url:
        values["AGENT_BRAIN_STORAGE_URL"] = answers.storage_url
    if answers.embedding == "openai-compatible" and answers.embedding_key:
        values["AGENT_BRAIN_EMBEDDING_API_KEY"] = answers.embedding_key
    return values


def _passwords(facts: Facts, chosen: Chosen, login: str) -> dict[str, str]:
    """Return the passwords in .env.agent-brain.

    They stay when their container is given up: the data are still there.
    """
    kept = {name: facts.variables.get(name, "") for name in (SERVER_VARIABLE, SUPERUSER_VARIABLE)}
    if chosen.postgres_port is not None:
        has_role = login == project_role(DATABASE, chosen.project_id)
        kept = choose_passwords(facts, (chosen.password, chosen.superuser_password), has_role)
    kept["PGADMIN_PASSWORD"] = facts.variables.get("PGADMIN_PASSWORD") or chosen.pgadmin_password
    return {name: password for name, password in kept.items() if password}


def _with_variables(content: bytes, present: dict[str, str], wanted: dict[str, str], answers: Answers) -> bytes:
    for name, value in wanted.items():
        if present.get(name) != value:
            content = with_value(content, name, value)
    # This one goes before config.yaml: an old URL would win over the new answer.
    fitting = (None, None if answers.storage == "postgres-docker" else answers.storage_url)
    if "AGENT_BRAIN_STORAGE_URL" not in wanted and present.get("AGENT_BRAIN_STORAGE_URL") not in fitting:
        content = without_value(content, "AGENT_BRAIN_STORAGE_URL")
    return content


def _plan_identity(builder: _PlanBuilder, facts: Facts, chosen: Chosen) -> None:
    wanted, found = identity_file(chosen.project_id), facts.files.get(IDENTITY)
    builder.hashes[IDENTITY] = sha256(wanted)
    if found is None or found.content != wanted:
        builder.writes.append(FileWrite(IDENTITY, wanted, PRIVATE, "new" if found is None else "changed"))


def _plan_gitignore(builder: _PlanBuilder, facts: Facts) -> None:
    """Plan the block of .gitignore, also in a folder outside of git: it may be in a repository later."""
    found = facts.files.get(GITIGNORE)
    content = found.content if found else b""
    block = render_gitignore()
    present = find_block(content, block)
    if present is not None and not same_lines(present, block) and _block_hash(present) != facts.manifest.get(GITIGNORE):
        builder.kept[GITIGNORE] = "its agent-brain block was edited by hand, kept"
        return
    builder.hashes[GITIGNORE] = _block_hash(block)
    if present is None or not same_lines(present, block):
        detail = f"{len(block.splitlines())} lines " + ("added" if present is None else "changed")
        mode = found.mode if found else SHARED
        builder.writes.append(FileWrite(GITIGNORE, with_block(content, block), mode, detail if found else "new"))


def _block_hash(block: bytes) -> str:
    return sha256(b"\n".join(block.splitlines()))


def _plan_manifest(builder: _PlanBuilder, facts: Facts) -> None:
    tree = {"version": 1, "files": builder.hashes, "created": _created(builder, facts)}
    content = (json.dumps(tree, indent=2, sort_keys=True) + "\n").encode()
    found = facts.files.get(MANIFEST)
    if found is None or found.content != content:
        builder.writes.append(FileWrite(MANIFEST, content, SHARED, "new" if found is None else "changed"))


def _created(builder: _PlanBuilder, facts: Facts) -> list[str]:
    """Return what was not there before the first setup, sorted: with everything in it, it may go with the last."""
    new = {write.path for write in builder.writes if write.path not in facts.files}
    if MANIFEST not in facts.files:
        new.add(MANIFEST)
    if MANIFEST not in facts.files and CONFIG in facts.files:  # it was lost: what is as setup writes it is setup's
        new |= {path for path, found in facts.files.items() if builder.hashes.get(path) == sha256(found.content)}
        new |= {GITIGNORE} if _is_block_alone(facts.files.get(GITIGNORE)) else set()
    return sorted(new.union(facts.created, facts.own_directories))


def _is_block_alone(found: ExistingFile | None) -> bool:
    return found is not None and same_lines(found.content, render_gitignore())
