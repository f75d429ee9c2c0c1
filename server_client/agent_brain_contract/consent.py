"""What a person has accepted for a project, kept in the user's own state directory, outside of every repository.

A file inside a project decides only what is harmless. An address to which text goes, the place of the index, a folder
outside, the token and the Compose file count once the record of the project has them. Flags, the environment and files
outside the project are the person's own and need no record.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent_brain_contract.envfile import read_env
from agent_brain_contract.errors import ConsentError, ContractError, NotSetUpHereError
from agent_brain_contract.files import write_private
from agent_brain_contract.identity import FORM, new_id, read_id, write_id
from agent_brain_contract.ownership import require_safe_state
from agent_brain_contract.paths import (
    COMPOSE,
    CONFIG,
    ENV_FILE,
    IDENTITY,
    MANIFEST,
    TOKEN_VARIABLE,
    location_id,
    state_outside,
    user_state_directory,
)
from agent_brain_contract.regular_files import read_regular_file

EMBEDDING, STORAGE, FOLDER, COMPOSE_FILE, SECRETS = "embedding", "storage", "folder", "compose", "secrets"
DECIDING = (CONFIG, ENV_FILE, COMPOSE)
"""The files of a project that set what needs consent."""


@dataclass(frozen=True)
class Demand:
    """What a file of the project sets and a person has to accept: `value` is shown, and holds no secret."""

    kind: str
    source: str
    key: str
    value: str

    def sentence(self) -> str:
        """Return what is refused, and how to review it."""
        return (
            f"{self.source} sets {self.key} to {self.value}, which you have not accepted for this project."
            " Run: agent-brain setup"
        )


@dataclass(frozen=True)
class Record:
    """One project's record. `token` is the SHA-256 of its bearer token, `checked` the digest of its files when they set
    nothing but what is accepted.

    `shared` says that the person gave the id, so that a copy of the project keeps it.
    """

    root: str
    project_id: str
    shared: bool = False
    token: str = ""
    accepted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    checked: str = ""

    def accepts(self, kind: str, value: str) -> bool:
        """Return whether the person has accepted `value`."""
        return value in self.accepted.get(kind, ())

    def accepting(self, demands: Iterable[tuple[str, str]]) -> Record:
        """Return the record with `demands`, as (kind, value), added."""
        merged = {kind: dict.fromkeys(values) for kind, values in self.accepted.items()}
        for kind, value in demands:
            merged.setdefault(kind, {})[value] = None
        return replace(self, accepted={kind: tuple(values) for kind, values in merged.items()})


def record_path(root: Path, environment: Mapping[str, str] | None = None) -> Path:
    """Return where the record of the project at `root` is kept. Raise UnsafeStateError where that is in the project."""
    return state_outside(root, environment) / "projects" / f"{location_id(root)}.json"


def find_record(root: Path, environment: Mapping[str, str] | None = None) -> Record | None:
    """Return the record of the project at `root`; one that was moved or copied here brings its own along.

    None where `setup` was not run here, or where what is here now is not what it was run on.
    """
    claimed = read_id(root)
    if not claimed:
        return None
    record = load_record(root, environment)
    if record is None or record.project_id != claimed:
        return _move_record(root, claimed, environment)
    # A team's id is no secret: another tree in the place of the project could claim it.
    return None if record.shared and record.token and _token_here(root) != record.token else record


def recover_record(root: Path, environment: Mapping[str, str] | None = None) -> Record | None:
    """Return the record of the project at `root`, also where its state was deleted but its token is still here.

    The record for this path counts for none without one of the two: another project may have been put in its place.
    """
    found = find_record(root, environment)
    if found is not None or read_id(root):
        return found
    last = load_record(root, environment)
    token = _token_here(root)
    return last if last is not None and token and last.token == token else None


def is_set_up(root: Path, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether `setup` was run here. It was where the record cannot be used: reading it says why."""
    try:
        return find_record(root, environment) is not None
    except ContractError:
        return True


def load_record(root: Path, environment: Mapping[str, str] | None = None) -> Record | None:
    """Return the record for this path; what is there now is not compared.

    Raise ConsentError for one that others could write.
    """
    return _load(record_path(root, environment))


def save_record(root: Path, record: Record, environment: Mapping[str, str] | None = None) -> None:
    """Keep `record` for the project at `root`. Raise ConsentError where the state directory cannot be written."""
    path = record_path(root, environment)
    tree = {"version": 1, **vars(record), "root": str(root.resolve())}
    try:
        _keep_displaced(path, record)
        write_private(path, (json.dumps(tree, indent=2, sort_keys=True) + "\n").encode())
    except OSError as error:
        raise ConsentError(
            f"{path} cannot be written ({error.strerror}): what you accept is kept there. Set XDG_STATE_HOME to a"
            " directory of yours, then run: agent-brain setup"
        ) from error


def _keep_displaced(path: Path, record: Record) -> None:
    """Rename the record of another project at this path: that project was perhaps moved, and finds it by its id."""
    try:
        found = _load(path)
    except ConsentError:
        return
    if found is not None and found.project_id != record.project_id:
        path.replace(path.with_suffix(f".displaced{path.suffix}"))


def forget_record(root: Path, environment: Mapping[str, str] | None = None) -> None:
    """Delete the record of the project at `root`, if there is one."""
    try:
        record_path(root, environment).unlink()
    except OSError:
        return


def require_record(root: Path, environment: Mapping[str, str] | None = None) -> Record:
    """Return the record of the project at `root`. Raise ContractError where `setup` was not run here, or where what
    it wrote is not safe to use any more.
    """
    require_safe_state(root)
    record = find_record(root, environment)
    if record is None:
        raise NotSetUpHereError(root, emptied=is_emptied(root, environment), lost=lost_identity(root, environment))
    return record


def lost_identity(root: Path, environment: Mapping[str, str] | None = None) -> str:
    """Return the file that named the project at `root`, where setup was run here and that file is lost or damaged."""
    is_here = any(os.path.lexists(root / name) for name in (IDENTITY, MANIFEST))
    return IDENTITY if is_here and not read_id(root) and recover_record(root, environment) else ""


def is_emptied(root: Path, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether a project was set up at `root`, and an empty directory is all that is there now."""
    try:
        return not any(root.iterdir()) and load_record(root, environment) is not None
    except (OSError, ContractError):
        return False


def find_token(root: Path, record: Record, environment: Mapping[str, str]) -> str:
    """Return the bearer token, from the environment, else from `.env.agent-brain` if it is the one that setup made.

    Empty where there is none. Raise ConsentError for another one.
    """
    token = environment.get(TOKEN_VARIABLE, "")
    if not token:
        token = read_env(root / ENV_FILE).get(TOKEN_VARIABLE, "")
        if token and token_hash(token) != record.token:
            raise ConsentError(
                f"{ENV_FILE} sets {TOKEN_VARIABLE} to another token than setup made. Run: agent-brain setup"
            )
    return token


def token_hash(token: str) -> str:
    """Return what a record keeps of a token; empty for no token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest() if token else ""


def _token_here(root: Path) -> str:
    """Return what a record would keep of the token in the project's own file."""
    return token_hash(read_env(root / ENV_FILE).get(TOKEN_VARIABLE, ""))


def files_digest(root: Path) -> str:
    """Return the digest of the files whose values need consent, as they are now."""

    def content(name: str) -> bytes:
        try:
            return read_regular_file(root / name)
        except OSError:
            return b""

    return digest_of({name: content(name) for name in DECIDING})


def digest_of(contents: Mapping[str, bytes]) -> str:
    """Return the digest of the files in DECIDING with these contents."""
    digest = hashlib.sha256()
    for name in DECIDING:
        digest.update(b"%d:" % len(contents[name]) + contents[name])
    return digest.hexdigest()


def _load(path: Path) -> Record | None:
    try:
        content = read_regular_file(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise ConsentError(
            f"{path.parent}, where what you accept is kept, cannot be a directory: a file is in its place. Move that"
            " file away, or set XDG_STATE_HOME to a directory of yours, then run: agent-brain setup"
        ) from error
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from error
    _require_own(path)
    try:
        return _decode(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(path, "is damaged") from error


def _unusable(path: Path, problem: str) -> ConsentError:
    return ConsentError(
        f"{path}, which holds what you accepted for this project, {problem}. To accept it again, and make the index"
        f" again, run: rm -r {shlex.quote(str(path))} && agent-brain setup"
    )


def _require_own(path: Path) -> None:
    if os.name != "posix":
        return
    status = path.stat()
    if status.st_uid not in (os.geteuid(), 0) or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(path, "can be written by other users")


def _decode(tree: Mapping[str, object]) -> Record:
    accepted = tree["accepted"]
    if not isinstance(accepted, dict) or not FORM.fullmatch(str(tree["project_id"])):
        raise ValueError("accepted")
    return Record(
        root=str(tree["root"]),
        project_id=str(tree["project_id"]),
        shared=tree["shared"] is True,
        token=str(tree["token"]),
        accepted={str(kind): tuple(map(str, values)) for kind, values in accepted.items()},
        checked=str(tree["checked"]),
    )


def _move_record(root: Path, claimed: str, environment: Mapping[str, str] | None) -> Record | None:
    """Bring the record of a project that was moved or copied here along.

    Only the project itself knows its token, so a repository cannot pass for one that was accepted. A copy becomes a
    project of its own, unless its id is shared on purpose.
    """
    token = _token_here(root)
    found = (one for one in _records(environment) if (one[1].project_id, one[1].token) == (claimed, token))
    path, source = next(found, (None, None))
    if path is None or source is None or not token:
        return None
    before = Path(source.root)
    is_copy = before != root.resolve() and read_id(before) == claimed
    record = replace(source, root=str(root.resolve()))
    if is_copy and not source.shared:
        record = replace(record, project_id=new_id())
        write_id(root, record.project_id)
    save_record(root, record, environment)
    if not is_copy:
        with suppress(OSError):
            path.unlink()
    return record


def _records(environment: Mapping[str, str] | None) -> Iterator[tuple[Path, Record]]:
    for path in sorted((user_state_directory(environment) / "projects").glob("*.json")):
        try:
            record = _load(path)
        except ConsentError:
            continue
        if record is not None:
            yield path, record
