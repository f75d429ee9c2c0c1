"""Facts about a project. Reads, writes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent_brain_client.yaml_file import fault, load_yaml
from agent_brain_contract.consent import DECIDING, Record, digest_of, recover_record, token_hash
from agent_brain_contract.envfile import parse_env
from agent_brain_contract.errors import ConsentError, ContractError
from agent_brain_contract.ownership import require_safe_state
from agent_brain_contract.paths import COMPOSE as COMPOSE  # noqa: PLC0414  part of the facts
from agent_brain_contract.paths import CONFIG as CONFIG  # noqa: PLC0414
from agent_brain_contract.paths import ENV_FILE, IDENTITY, STATE_DIRECTORY
from agent_brain_contract.paths import MANIFEST as MANIFEST  # noqa: PLC0414
from agent_brain_contract.tracking import require_untracked_state
from agent_brain_wizard.answers.answers import folder_text
from agent_brain_wizard.answers.questions import QUESTIONS, Answer
from agent_brain_wizard.errors import SetupError

GITIGNORE = ".gitignore"
_DIRECTORIES = (STATE_DIRECTORY.partition("/")[0], STATE_DIRECTORY)
LARGEST_FILE = 10_000_000
_PUBLISHED = re.compile(r"(?:.*:)?(\d{1,5}):\d{1,5}")


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A file as it was found."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that setup decides by. `manifest` is what an earlier run wrote: paths and SHA-256 in hex.

    `saved` holds the answers found in the files by their questions' names; `config_error` says why config.yaml has
    none. `config_storage` is that file's section, `variables` what .env.agent-brain sets. `created` is what earlier
    runs made where nothing was, `own_directories` are those that setup will make or, without a manifest, has made.
    `record` is what the person has accepted for this project.
    """

    root: Path
    in_git: bool
    files: dict[str, ExistingFile]
    manifest: dict[str, str]
    saved: dict[str, Answer]
    config_error: str
    config_port: int | None
    config_storage: dict[str, Any]
    variables: dict[str, str]
    created: tuple[str, ...] = ()
    own_directories: tuple[str, ...] = ()
    record: Record | None = None

    @property
    def accepted(self) -> dict[str, Answer]:
        """Return what is saved in files that are as the person has accepted them; nothing once one of them differs."""
        contents = {path: self.files[path].content if path in self.files else b"" for path in DECIDING}
        return self.saved if self.record is not None and self.record.checked == digest_of(contents) else {}

    @property
    def token(self) -> str:
        """Return the bearer token that setup made, empty if there is none yet: another one could be a stranger's."""
        token = self.variables.get("AGENT_BRAIN_TOKEN", "")
        return token if self.record is not None and self.record.token == token_hash(token) else ""

    def was_edited(self, path: str) -> bool:
        """Return whether `path` is there, but not as an earlier run wrote it."""
        found = self.files.get(path)
        return found is not None and sha256(found.content) != self.manifest.get(path)


def misplaced(root: Path) -> tuple[str, str]:
    """Return why a project at `root` is refused unless it is named, and what to do; twice empty where it is not."""
    if root in (Path.home().resolve(), Path(root.anchor)):
        return (
            f"{root} is your home directory or the root of the disk, not a project",
            "agent-brain setup --project PATH",
        )
    return unnameable(root)


def unnameable(root: Path) -> tuple[str, str]:
    """Return the same for a path that no file and no answer can hold."""
    try:
        root.as_posix().encode()
    except UnicodeEncodeError:
        return f"the path {root} is not valid UTF-8", "rename it, then agent-brain setup"
    return "", ""


def sha256(content: bytes) -> str:
    """Return the hash that the manifest keeps."""
    return hashlib.sha256(content).hexdigest()


def probe_project(root: Path, needs_record: bool = True) -> Facts:
    """Return the facts of the project at `root`.

    Raise SetupError for what setup must not touch, and for a record that cannot be used unless nothing `needs_record`.
    """
    record = _record(root, needs_record)
    paths = (CONFIG, ENV_FILE, COMPOSE, GITIGNORE, MANIFEST, IDENTITY)
    files = {path: found for path in paths if (found := _existing(root, path))}
    manifest = _manifest(files.get(MANIFEST))
    tree, config_error = _yaml(files.get(CONFIG))
    variables = parse_env(files[ENV_FILE].content.decode("utf-8", "replace")) if ENV_FILE in files else {}
    saved = _from_config(tree) | _from_env(variables) | _from_compose(_yaml(files.get(COMPOSE))[0])
    if "storage_url" not in saved and _lookup(tree, ("storage", "postgres")) and COMPOSE in (*files, *manifest):
        saved["storage"] = "postgres-docker"
    return Facts(
        root=root,
        in_git=any((directory / ".git").exists() for directory in (root, *root.parents)),
        files=files,
        manifest=manifest,
        saved=saved,
        config_error=config_error,
        config_port=port if isinstance(port := _lookup(tree, ("port",)), int) else None,
        config_storage=storage if isinstance(storage := _lookup(tree, ("storage",)), dict) else {},
        variables=variables,
        created=_created(files.get(MANIFEST)),
        own_directories=_own_directories(root, lost=MANIFEST not in files and CONFIG in files),
        record=record,
    )


def _record(root: Path, is_needed: bool) -> Record | None:
    """Return what was accepted here before, also where the project's own state was deleted since."""
    try:
        require_safe_state(root)
        require_untracked_state(root)
        return recover_record(root)
    except ConsentError as error:
        if is_needed:
            raise SetupError(str(error)) from error
        return None
    except ContractError as error:
        raise SetupError(str(error)) from error


def _own_directories(root: Path, lost: bool) -> tuple[str, ...]:
    """Return the directories that are not there and, where the manifest is `lost`, those that hold nothing but ours."""
    outer, inner = _DIRECTORIES
    missing = {path for path in _DIRECTORIES if not (root / path).is_dir()}
    if lost:
        missing.add(inner)
        missing |= {outer} if {path.name for path in (root / outer).iterdir()} == {Path(inner).name} else set()
    return tuple(sorted(missing))


def _existing(root: Path, path: str) -> ExistingFile | None:
    """Return the file, None if there is none. A link could lead out of the project, so none is followed."""
    here = root
    parts = path.split("/")
    for part in parts[:-1]:
        here = here / part
        if here.is_symlink() and not Path(os.path.realpath(here)).is_relative_to(root):
            raise SetupError(f"{here} is a link that leads out of the project. Replace it by a directory.")
        if here.exists() and not here.is_dir():
            raise SetupError(f"{here} is not a directory. {_put_away(here)}")
    target = here / parts[-1]
    if target.is_symlink():
        raise SetupError(f"{target} is a link, which setup does not follow. Replace it by a file.")
    try:
        mode = target.stat().st_mode
        if not stat.S_ISREG(mode):
            raise SetupError(f"{target} is not a file. {_put_away(target)}")
        with target.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise SetupError(f"{target} is larger than {LARGEST_FILE:,} bytes. {_put_away(target, root)}")
        return ExistingFile(content, stat.S_IMODE(mode))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            f"{target} cannot be read: {error.strerror}. Run: chmod u+rw {shlex.quote(str(target))}"
        ) from error


def _put_away(path: Path, root: Path | None = None) -> str:
    """Return the command that renames `path`; with `root`, a file that may hold secrets goes where git ignores it."""
    state = root / Path(CONFIG).parent if root else None
    away = state / f"{path.name.removeprefix('.')}.moved" if state and state.is_dir() else f"{path}.moved"
    return f"Run: mv {shlex.quote(str(path))} {shlex.quote(str(away))}"


def _yaml(file: ExistingFile | None) -> tuple[Any, str]:
    """Return the file's settings, and why they cannot be read."""
    try:
        tree = load_yaml(file.content) if file else None
    except yaml.YAMLError as error:
        return None, fault(error)
    return tree, "" if tree is None or isinstance(tree, dict) else "it is not a mapping of settings"


def _from_config(tree: Any) -> dict[str, Answer]:
    saved: dict[str, Answer] = {}
    for question in QUESTIONS:
        value = _lookup(tree, question.saved) if question.saved else None
        if isinstance(value, (str, int, float, bool)):
            saved[question.name] = value
        elif question.name == "folders" and isinstance(value, list) and all(isinstance(one, str) for one in value):
            saved[question.name] = folder_text(tuple(value))
    database_port = _lookup(tree, ("storage", "postgres", "port"))
    return saved | ({"postgres_port": database_port} if isinstance(database_port, int) else {})


def _from_env(variables: dict[str, str]) -> dict[str, Answer]:
    saved: dict[str, Answer] = {}
    if variables.get("AGENT_BRAIN_PORT", "").isdecimal():
        saved["port"] = int(variables["AGENT_BRAIN_PORT"])
    if variables.get("AGENT_BRAIN_STORAGE_URL"):
        saved["storage_url"] = variables["AGENT_BRAIN_STORAGE_URL"]
    return saved


def _from_compose(tree: Any) -> dict[str, Answer]:
    """Return the database's image, whether there is pgAdmin too, and the ports that the two publish."""
    saved: dict[str, Answer] = {}
    image = _lookup(tree, ("services", "postgres", "image"))
    if isinstance(image, str):
        saved["postgres_image"] = image
    if isinstance(_lookup(tree, ("services", "pgadmin")), dict):
        saved["pgadmin"] = True
    for service, name in (("postgres", "postgres_port"), ("pgadmin", "pgadmin_port")):
        if (port := _published(tree, service)) is not None:
            saved[name] = port
    return saved


def _published(tree: Any, service: str) -> int | None:
    ports = _lookup(tree, ("services", service, "ports"))
    found = [_PUBLISHED.fullmatch(str(one)) for one in (ports if isinstance(ports, list) else [])]
    return next((int(match[1]) for match in reversed(found) if match), None)


def _lookup(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _manifest(file: ExistingFile | None) -> dict[str, str]:
    try:
        files = json.loads(file.content)["files"] if file else {}
        return {str(path): str(digest) for path, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _created(file: ExistingFile | None) -> tuple[str, ...]:
    try:
        created = json.loads(file.content)["created"] if file else []
        return tuple(str(path) for path in created) if isinstance(created, list) else ()
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
