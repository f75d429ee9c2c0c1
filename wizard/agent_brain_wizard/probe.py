"""Facts about a project and this machine. Reads, binds ports for a moment, writes nothing."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from agent_brain_client.discovery import find_server, read_server_file
from agent_brain_client.envfile import parse_env
from agent_brain_client.processes import port_holder
from agent_brain_client.wire import ENV_FILE, STATE_DIRECTORY
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.questions import QUESTIONS, Answer

CONFIG = f"{STATE_DIRECTORY}/config.yaml"
MANIFEST = f"{STATE_DIRECTORY}/manifest.json"
GITIGNORE = ".gitignore"
FIRST_PORT = 8317
LAST_PORT = 8999
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A file as it was found."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What setup needs to know. `manifest` is what an earlier run wrote: paths and SHA-256 in hex.

    `saved` holds the answers found in config.yaml by their questions' names; `config_error` says why it has none.
    """

    root: Path
    in_git: bool
    files: dict[str, ExistingFile]
    manifest: dict[str, str]
    saved: dict[str, Answer]
    config_error: str
    config_port: int | None
    token: str

    def was_edited(self, path: str) -> bool:
        """Whether `path` is there, but not as an earlier run wrote it."""
        found = self.files.get(path)
        return found is not None and sha256(found.content) != self.manifest.get(path)


def sha256(content: bytes) -> str:
    """The hash that the manifest keeps."""
    return hashlib.sha256(content).hexdigest()


def probe_project(root: Path) -> Facts:
    """The facts of the project at `root`. Raises SetupError for what setup must not touch."""
    files = {path: found for path in (CONFIG, ENV_FILE, GITIGNORE, MANIFEST) if (found := _existing(root, path))}
    tree, config_error = _config_tree(files.get(CONFIG))
    saved = _saved_answers(tree)
    variables = parse_env(files[ENV_FILE].content.decode("utf-8", "replace")) if ENV_FILE in files else {}
    if variables.get("AGENT_BRAIN_PORT", "").isdecimal():
        saved["port"] = int(variables["AGENT_BRAIN_PORT"])
    return Facts(
        root=root,
        in_git=any((directory / ".git").exists() for directory in (root, *root.parents)),
        files=files,
        manifest=_manifest(files.get(MANIFEST)),
        saved=saved,
        config_error=config_error,
        config_port=port if isinstance(port := _lookup(tree, ("port",)), int) else None,
        token=variables.get("AGENT_BRAIN_TOKEN", ""),
    )


def _existing(root: Path, path: str) -> ExistingFile | None:
    """The file, None if there is none. A link could lead out of the project, so none is followed."""
    here = root
    parts = path.split("/")
    for part in parts[:-1]:
        here = here / part
        if here.is_symlink() and not Path(os.path.realpath(here)).is_relative_to(root):
            raise SetupError(f"{here} is a link that leads out of the project. Replace it by a directory.")
        if here.exists() and not here.is_dir():
            raise SetupError(f"{here} is not a directory. Move it away.")
    target = here / parts[-1]
    if target.is_symlink():
        raise SetupError(f"{target} is a link, which setup does not follow. Replace it by a file.")
    try:
        mode = target.stat().st_mode
        if not stat.S_ISREG(mode):
            raise SetupError(f"{target} is not a file. Move it away.")
        return ExistingFile(target.read_bytes(), stat.S_IMODE(mode))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(f"{target} cannot be read: {error.strerror}.") from error


def _config_tree(config: ExistingFile | None) -> tuple[Any, str]:
    """The settings in config.yaml, and why they cannot be read."""
    try:
        tree = yaml.safe_load(config.content) if config else None
    except (yaml.YAMLError, ValueError) as error:
        return None, " ".join(str(error).split())
    return tree, "" if tree is None or isinstance(tree, dict) else "it is not a mapping of settings"


def _saved_answers(tree: Any) -> dict[str, Answer]:
    saved: dict[str, Answer] = {}
    for question in QUESTIONS:
        value = _lookup(tree, question.saved) if question.saved else None
        if isinstance(value, (str, int, bool)):
            saved[question.name] = value
    return saved


def _lookup(tree: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def _manifest(file: ExistingFile | None) -> dict[str, str]:
    try:
        files = json.loads(file.content)["files"] if file else {}
        return {str(path): str(digest) for path, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True, slots=True)
class PortChoice:
    """A port for the server, and what is to be said about it (empty: nothing)."""

    port: int
    remark: str = ""


def choose_port(root: Path, wanted: int | None, saved: int | None) -> PortChoice:
    """`wanted` if it is free, else refused by its holder's name; else the saved or the first free one."""
    own = _own_port(root)
    if wanted is not None and wanted != saved:
        if wanted != own and not is_free(wanted):
            raise SetupError(f"--port {wanted} is taken by {port_holder(wanted)}. Name another one.")
        return PortChoice(wanted)
    if saved is not None:
        if saved == own or is_free(saved):
            return PortChoice(saved)
        free = _first_free()
        return PortChoice(free, f"port {saved} is taken by {port_holder(saved)}, using {free}")
    free = _first_free()
    taken = f"port {FIRST_PORT} is taken by {port_holder(FIRST_PORT)}, using {free}" if free != FIRST_PORT else ""
    return PortChoice(free, taken)


def _own_port(root: Path) -> int | None:
    """The port of the project's own running server."""
    return urlsplit(server["url"]).port if (server := find_server(root)) else None


def is_serving(root: Path) -> bool:
    """Whether the project's server runs."""
    return read_server_file(root) is not None and find_server(root) is not None


def is_free(port: int) -> bool:
    """Whether a server can listen on `port` here, now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _first_free() -> int:
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if is_free(port):
            return port
    raise SetupError(f"no port from {FIRST_PORT} to {LAST_PORT} is free. Name one: --port N")
