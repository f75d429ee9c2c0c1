"""Ports for the server, the database and pgAdmin.

A port is free if it can be bound, so it is bound for a moment; if no container publishes it; and if no other project
of this user was given it. What was given is kept in a small file of the user's, written under a lock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent_brain_client.discovery import find_server, read_server_file, state_directory
from agent_brain_client.processes import port_holder, runs_server, server_process
from agent_brain_contract.defaults import DEFAULT_PORT
from agent_brain_contract.files import write_private
from agent_brain_contract.given_ports import GIVEN, NAMED, Given, given_ports
from agent_brain_contract.paths import user_state_directory
from agent_brain_wizard.container.composition import compose_project
from agent_brain_wizard.container.docker import Publisher, published_ports
from agent_brain_wizard.errors import SetupError
from agent_brain_wizard.facts.free_ports import is_free

if TYPE_CHECKING:
    from agent_brain_client.answers import ServerFile

LAST_PORT = 8999
FIRST_DATABASE_PORT = 5433  # 5432 is where a PostgreSQL of the user's own would be
LAST_DATABASE_PORT = 5999
FIRST_PGADMIN_PORT = 5050
LAST_PGADMIN_PORT = 5299
LOCK_SECONDS = 30.0
MOST_PROJECTS = 500


@dataclass(frozen=True, slots=True)
class PortChoice:
    """A port, and what is to be said about it (empty: nothing)."""

    port: int
    remark: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A use of a port: its name in the record, the flag that names one, and where a free one is looked for."""

    name: str
    flag: str
    first: int
    last: int


_SERVER = _Kind("port", "--port", DEFAULT_PORT, LAST_PORT)
_DATABASE = _Kind("postgres_port", "--postgres-port", FIRST_DATABASE_PORT, LAST_DATABASE_PORT)
_PGADMIN = _Kind("pgadmin_port", "--pgadmin-port", FIRST_PGADMIN_PORT, LAST_PGADMIN_PORT)


@dataclass(slots=True)
class _PortReservation:
    """The ports chosen while the lock is held, by Compose project; the roots, and whose port was named."""

    ports: dict[str, dict[str, int]] = field(default_factory=dict)
    roots: dict[str, Path] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)


_reservation: ContextVar[_PortReservation | None] = ContextVar("reservation", default=None)


def choose_port(root: Path, wanted: int | None, saved: int | None) -> PortChoice:
    """Return the server's port: `wanted` if it is free, else the saved or the first free one. Refuse one in use."""
    project = compose_project(root)
    if (reservation := _reservation.get()) is not None:
        reservation.roots[project] = root
    own = _own_port(root)
    if wanted is not None and wanted != saved:
        if wanted != own and not is_free(wanted):
            raise _refused(_SERVER, wanted, port_holder(wanted), {})
        _note_named(project)
        return _take(project, _SERVER, wanted, _shared(project, wanted))
    if saved is not None and (saved == own or (is_free(saved) and _is_ours(project, _SERVER, saved))):
        before = _given().get(project, {})
        if before.get("port") == saved and before.get(NAMED):
            _note_named(project)
        return _take(project, _SERVER, saved)
    return _take_free(project, _SERVER, saved)


def _note_named(project: str) -> None:
    if (reservation := _reservation.get()) is not None:
        reservation.named.add(project)


def choose_database_port(project: str, wanted: int | None, saved: int | None) -> PortChoice:
    """Return the database's on this machine, chosen as the server's is.

    `project` is the Compose project that may hold it.
    """
    return _choose_published(project, _DATABASE, wanted, saved)


def choose_pgadmin_port(project: str, wanted: int | None, saved: int | None) -> PortChoice:
    """Return pgAdmin's port on this machine, chosen as the database's is."""
    return _choose_published(project, _PGADMIN, wanted, saved)


def _choose_published(project: str, kind: _Kind, wanted: int | None, saved: int | None) -> PortChoice:
    if wanted is not None and wanted != saved:
        published = published_ports() or {}
        if not (_free(wanted, published) or _is_of(project, wanted, published)):
            raise _refused(kind, wanted, _holder(wanted, published), published)
        return _take(project, kind, wanted, _shared(project, wanted))
    if saved is not None and _is_ours(project, kind, saved):
        found = published_ports()
        # A database that runs where Docker cannot be asked must not lose its port by a second setup.
        if found is None or _free(saved, found) or _is_of(project, saved, found):
            return _take(project, kind, saved)
    return _take_free(project, kind, saved)


def _is_ours(project: str, kind: _Kind, saved: int) -> bool:
    """Return whether no other project was given the port of this project's files, which may be copies."""
    return _given().get(project, {}).get(kind.name) == saved or saved not in _ports_of_others(project)


def _free(port: int, published: dict[int, Publisher]) -> bool:
    return port not in published and is_free(port)


def _is_of(project: str, port: int, published: dict[int, Publisher]) -> bool:
    return port in published and published[port].project == project


def holder(port: int) -> str:
    """Return who has `port`, for people: the container that publishes it, else the program that listens on it."""
    return _holder(port, published_ports() or {})


def _holder(port: int, published: dict[int, Publisher]) -> str:
    return f"the container {published[port].container}" if port in published else port_holder(port)


def _take(project: str, kind: _Kind, port: int, remark: str = "") -> PortChoice:
    if (reservation := _reservation.get()) is not None:
        reservation.ports.setdefault(project, {})[kind.name] = port
    return PortChoice(port, remark)


def _take_free(project: str, kind: _Kind, saved: int | None) -> PortChoice:
    published = published_ports() or {}
    others = _ports_of_others(project)
    port = _first_free(kind, published, others)
    if port is None:
        raise SetupError(f"no port from {kind.first} to {kind.last} is free. Name one: {kind.flag} N")
    return _take(project, kind, port, _moved(saved or kind.first, port, published, others))


def _first_free(kind: _Kind, published: dict[int, Publisher], others: Collection[int]) -> int | None:
    ports = range(kind.first, kind.last + 1)
    return next((port for port in ports if port not in others and _free(port, published)), None)


def _refused(kind: _Kind, wanted: int, holder: str, published: dict[int, Publisher]) -> SetupError:
    port = _first_free(kind, published, _ports_of_others(""))
    fix = "End it first" if port is None else f"{kind.flag} {port} is free"
    return SetupError(f"{kind.flag} {wanted} is taken by {holder}. {fix}.")


def _shared(project: str, wanted: int) -> str:
    others = _ports_of_others(project)
    return (
        f"port {wanted} is also the port of {others[wanted]}: the two cannot run at the same time"
        if wanted in others
        else ""
    )


def _moved(from_port: int, to_port: int, published: dict[int, Publisher], others: dict[int, Path]) -> str:
    if from_port == to_port:
        return ""
    if from_port in others and _free(from_port, published):
        return f"port {from_port} is the port of {others[from_port]}, using {to_port}"
    return f"port {from_port} is taken by {_holder(from_port, published)}, using {to_port}"


def _own_port(root: Path) -> int | None:
    """Return the port of the project's own running server."""
    return urlsplit(server["url"]).port if (server := _own_server(root)) else None


def is_serving(root: Path) -> bool:
    """Return whether the project's server runs."""
    return _own_server(root) is not None


def _own_server(root: Path) -> ServerFile | None:
    """Return the project's server, also one that hangs or was started with another token."""
    claim = read_server_file(root)
    if claim is None:
        return None
    if (server := find_server(root)) is not None:
        return server
    process = server_process(claim)
    return claim if process is not None and runs_server(process, root) else None


@contextmanager
def reserving() -> Iterator[None]:
    """Choose ports in here and write the project's files before it ends: what is chosen is then this project's.

    One process of the user's at a time is in here. Nothing is kept if it ends by an exception. Where the user's own
    directory cannot be written, ports are chosen without it.
    """
    with ExitStack() as held:
        reservation = _PortReservation() if _lock(held) else None
        token = _reservation.set(reservation)
        try:
            yield
            if reservation is not None:
                _keep(reservation)
        finally:
            _reservation.reset(token)


def _lock(held: ExitStack) -> bool:
    """Hold the user's lock until `held` is closed; False where there can be none."""
    from filelock import FileLock, Timeout

    directory = user_state_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        held.enter_context(FileLock(directory / "ports.lock", timeout=LOCK_SECONDS, mode=0o600))
    except Timeout as error:
        raise SetupError(
            "another agent-brain setup is still choosing its ports. Wait until it has finished, or "
            "end it, then try again."
        ) from error
    except OSError:
        return False
    return True


def _given() -> Given:
    """Return the record without the projects that are no longer set up."""
    return {name: one for name, one in given_ports().items() if _is_set_up(Path(one["root"]))}


def _is_set_up(root: Path) -> bool:
    return (state_directory(root) / "config.yaml").is_file()


def _ports_of_others(project: str) -> dict[int, Path]:
    kinds = (_SERVER, _DATABASE, _PGADMIN)
    return {
        one[kind.name]: Path(one["root"])
        for name, one in _given().items()
        if name != project
        for kind in kinds
        if isinstance(one.get(kind.name), int)
    }


def _keep(reservation: _PortReservation) -> None:
    known = _given()
    chosen = {
        name: {
            "root": str(root),
            **reservation.ports.get(name, {}),
            **({NAMED: True} if name in reservation.named else {}),
        }
        for name, root in reservation.roots.items()
    }
    if all(known.get(name) == one for name, one in chosen.items()):
        return
    kept = {name: one for name, one in known.items() if name not in chosen} | chosen
    latest = dict(list(kept.items())[-MOST_PROJECTS:])
    with suppress(OSError):
        write_private(user_state_directory() / GIVEN, json.dumps(latest, indent=1).encode())
