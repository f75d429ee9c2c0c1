"""Ports for the server and the database. A port is free if it can be bound, so it is bound for a moment."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from agent_brain_client.discovery import find_server, read_server_file
from agent_brain_client.processes import port_holder
from agent_brain_wizard.docker import publishes
from agent_brain_wizard.errors import SetupError

FIRST_PORT = 8317
LAST_PORT = 8999
FIRST_DATABASE_PORT = 5433  # 5432 is where a PostgreSQL of the user's own would be
LAST_DATABASE_PORT = 5999
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PortChoice:
    """A port, and what is to be said about it (empty: nothing)."""

    port: int
    remark: str = ""


def choose_port(root: Path, wanted: int | None, saved: int | None) -> PortChoice:
    """The server's: `wanted` if it is free, else refused by its holder's name; else the saved or the first free one."""
    own = _own_port(root)
    if wanted is not None and wanted != saved:
        if wanted != own and not is_free(wanted):
            raise SetupError(f"--port {wanted} is taken by {port_holder(wanted)}. Name another one.")
        return PortChoice(wanted)
    if saved is not None and (saved == own or is_free(saved)):
        return PortChoice(saved)
    free = _first_free(FIRST_PORT, LAST_PORT, "--port")
    return PortChoice(free, _moved(saved or FIRST_PORT, free))


def choose_database_port(project: str, wanted: int | None, saved: int | None) -> PortChoice:
    """The database's on this machine, chosen as the server's is. `project` is the Compose project that may hold it."""
    if wanted is not None and wanted != saved:
        if not is_free(wanted) and publishes(project, wanted) is not True:
            raise SetupError(f"--postgres-port {wanted} is taken by {port_holder(wanted)}. Name another one.")
        return PortChoice(wanted)
    # A database that runs where Docker cannot be asked must not lose its port by a second setup.
    if saved is not None and (is_free(saved) or publishes(project, saved) is not False):
        return PortChoice(saved)
    free = _first_free(FIRST_DATABASE_PORT, LAST_DATABASE_PORT, "--postgres-port")
    return PortChoice(free, _moved(saved or FIRST_DATABASE_PORT, free))


def _moved(from_port: int, to_port: int) -> str:
    return "" if from_port == to_port else f"port {from_port} is taken by {port_holder(from_port)}, using {to_port}"


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


def _first_free(first: int, last: int, flag: str) -> int:
    for port in range(first, last + 1):
        if is_free(port):
            return port
    raise SetupError(f"no port from {first} to {last} is free. Name one: {flag} N")
