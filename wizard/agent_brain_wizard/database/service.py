"""The project's PostgreSQL container: started, watched and stopped through Docker Compose."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from agent_brain_client.discovery import require_set_up
from agent_brain_client.isolation import DIRECTORY
from agent_brain_client.provisioning import provision
from agent_brain_client.wire import ENV_FILE
from agent_brain_contract.container import SERVER_VARIABLE, START, SUPERUSER_VARIABLE
from agent_brain_contract.envfile import read_env
from agent_brain_wizard.container.composition import (
    PGADMIN,
    PGADMIN_VARIABLE,
    POSTGRES,
    WITHOUT_IMAGE,
    Composition,
    read_tree,
)
from agent_brain_wizard.container.docker import (
    Container,
    NoDatabaseError,
    Progress,
    find_container,
    has_image,
    pull_image,
    require_docker,
)
from agent_brain_wizard.container.docker import DatabaseError as DatabaseError  # noqa: PLC0414  what this module raises
from agent_brain_wizard.facts.probe import COMPOSE
from agent_brain_wizard.plan.consent import compose_demand
from agent_brain_wizard.ports import holder

LASTING_SECONDS = 3.0
HEALTHY_SECONDS = 240.0  # above the start_period and the retries of the health check
POLL_SECONDS = 0.5
PROGRESS_SECONDS = 5.0
MOST_RESTARTS = 3
_PORT = re.compile(r"127\.0\.0\.1:(\d+)")
_TAKEN = re.compile(r"port is already allocated|address already in use|ports are not available", re.IGNORECASE)
# Run in the container, where the password is; an argument would show it to every user of this machine.
_INSIDE = 'export PGPASSWORD="$POSTGRES_PASSWORD" PGUSER="$POSTGRES_USER" PGDATABASE="${POSTGRES_DB:-$POSTGRES_USER}"; '


def require_compose(root: Path) -> None:
    """Raise NoDatabaseError for a project that has no container, DatabaseError for a file that was not accepted."""
    if not (root / COMPOSE).is_file():
        raise NoDatabaseError(f"{root} has no {COMPOSE}. Run: agent-brain setup --yes --storage postgres-docker")
    record = require_set_up(root)
    demand = compose_demand((root / COMPOSE).read_bytes())
    if not record.accepts(demand.kind, demand.value):
        raise DatabaseError(demand.sentence())


def read_composition(root: Path) -> Composition:
    """Return what the compose file asks for. Raise DatabaseError where Compose cannot read it."""
    composition = read_tree(json.loads(run_compose(root, "config", "--format", "json")))
    if POSTGRES not in composition.services:
        raise DatabaseError(f"{COMPOSE} has no service {POSTGRES}: move it away and run agent-brain setup --yes")
    return composition


def up(root: Path, progress: Progress) -> None:
    """Start the project's database, and wait until it is healthy.

    `progress` gets short lines on what goes on. Raise DatabaseError with one sentence.
    """
    composition = _fetched(root, POSTGRES, progress)
    progress(f"Starting {POSTGRES}")
    run_compose(root, "up", "--detach", POSTGRES)
    _await_healthy(composition, progress)
    _keep_password(root)
    progress("Preparing the database")
    provision(root)


def up_pgadmin(root: Path, progress: Progress) -> int | None:
    """Start pgAdmin for a database that runs, and return its port. Raise DatabaseError where it ends again."""
    composition = _fetched(root, PGADMIN, progress)
    progress(f"Starting {PGADMIN}")
    run_compose(root, "up", "--detach", PGADMIN)
    _require_lasting(composition)
    return composition.services[PGADMIN].port


def require_pgadmin(root: Path) -> None:
    """Raise DatabaseError where the Compose file has no pgAdmin, or there is no password for it."""
    require_compose(root)
    require_docker()
    _require_service(root, read_composition(root), PGADMIN)


def _fetched(root: Path, name: str, progress: Progress) -> Composition:
    """Return the Compose file, once it has the service and its image is on this machine."""
    require_compose(root)
    require_docker()
    composition = read_composition(root)
    _require_service(root, composition, name)
    if not has_image(composition.services[name].image):
        pull_image(composition.services[name].image, progress, WITHOUT_IMAGE[name])
    return composition


def _require_lasting(composition: Composition) -> None:
    """Raise DatabaseError where pgAdmin ends within the first seconds: a wrong setting of its own ends it at once."""
    began = time.monotonic()
    while time.monotonic() - began < LASTING_SECONDS:
        container = find_container(composition.project, PGADMIN)
        if container is None or _is_lost(container) or container.restarts:
            said = f"; its last log line: {container.last_line}" if container and container.last_line else ""
            raise DatabaseError(
                f"pgAdmin does not keep running{said}. Do without it: agent-brain setup --yes --no-pgadmin"
            )
        time.sleep(POLL_SECONDS)


def _require_service(root: Path, composition: Composition, name: str) -> None:
    if name not in composition.services:
        raise DatabaseError(f"{COMPOSE} has no {name}. Run: agent-brain setup --yes --{name}")
    variable = PGADMIN_VARIABLE if name == PGADMIN else _superuser_variable(root)
    if not read_env(root / ENV_FILE).get(variable):
        raise DatabaseError(f"{variable} is empty in {ENV_FILE}. Run: agent-brain setup --yes")


def _superuser_variable(root: Path) -> str:
    """Return the variable that the Compose file takes the superuser's password from, in an older setup another one."""
    return SUPERUSER_VARIABLE if SUPERUSER_VARIABLE in (root / COMPOSE).read_text("utf-8") else SERVER_VARIABLE


def _await_healthy(composition: Composition, progress: Progress) -> Container:
    begun = reported = time.monotonic()
    while True:
        container = find_container(composition.project, POSTGRES)
        if container is not None and container.status == "running" and container.health in ("healthy", ""):
            return container
        now = time.monotonic()
        if container is None or _is_lost(container) or now - begun > HEALTHY_SECONDS:
            raise _unhealthy(container, now - begun)
        if now - reported >= PROGRESS_SECONDS:
            reported = now
            progress(f"Waiting for PostgreSQL ({now - begun:.0f} s)")
        time.sleep(POLL_SECONDS)


def _is_lost(container: Container) -> bool:
    return (
        container.status in ("exited", "dead") or container.health == "unhealthy" or container.restarts >= MOST_RESTARTS
    )


def _unhealthy(container: Container | None, seconds: float) -> DatabaseError:
    if container is None:
        return DatabaseError(f"the database's container was removed while it was starting. Run: {START}")
    said = f"; its last log line: {container.last_line}" if container.last_line else ""
    state = container.health or container.status
    return DatabaseError(
        f"the container {container.name} is {state} after {seconds:.0f} s{said}. More: agent-brain db logs"
    )


def _keep_password(root: Path) -> None:
    """Tell the database its password where its data are older than that: a new .env.agent-brain has a new one.

    The password is read by psql itself, from its environment.
    """
    login = 'psql --host="$(hostname -i | cut -d" " -f1)" --no-password --command="SELECT 1"'
    change = "\\set password `printenv POSTGRES_PASSWORD`\nALTER USER CURRENT_USER PASSWORD :'password';\n"
    script = f"{_INSIDE}{login} >/dev/null 2>&1 || psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --file=-"
    run_compose(root, "exec", "-T", POSTGRES, "sh", "-c", script, text=change)


def down(root: Path, purge: bool = False) -> None:
    """Stop the project's containers; with `purge` their data go too. Raise DatabaseError."""
    require_compose(root)
    require_docker()
    run_compose(root, "down", "--remove-orphans", *(["--volumes"] if purge else []))


def find_database(root: Path) -> tuple[Composition, Container | None]:
    """Return the compose file and the database's container. Raise DatabaseError where Docker cannot be asked."""
    require_compose(root)
    require_docker()
    composition = read_composition(root)
    return composition, find_container(composition.project, POSTGRES)


def require_running(root: Path) -> Composition:
    """Raise DatabaseError unless the database runs."""
    composition, container = find_database(root)
    if container is None or container.status != "running":
        raise DatabaseError(f"the database is not running. Run: {START}")
    return composition


def inside(program: str, *arguments: str) -> list[str]:
    """Return the arguments of Compose that run `program` in the container, as the database's own user."""
    return [POSTGRES, "sh", "-c", f'{_INSIDE}exec "$@"', "sh", program, *arguments]


def query(root: Path, sql: str) -> str:
    """Return what `sql` gives, a line a row. Raise DatabaseError."""
    found = inside("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", sql)
    return run_compose(root, "exec", "-T", *found).strip()


def run_compose(root: Path, *arguments: str, text: str | None = None) -> str:
    """Return what a command of Compose prints. Raise DatabaseError with what it says where it fails."""
    process = open_compose(root, arguments, subprocess.DEVNULL if text is None else subprocess.PIPE, subprocess.PIPE)
    out, said = process.communicate(None if text is None else text.encode())
    if process.returncode:
        raise explained(said.decode("utf-8", "replace"), f"{START} --{PGADMIN}" if PGADMIN in arguments else START)
    return out.decode("utf-8", "replace")


def compose_command(root: Path, *arguments: str) -> list[str]:
    """Return the command line of Docker Compose for the project; it holds no secret.

    All files are named: of itself Compose reads `.env` and `compose.override.yml` where it runs. Run it in DIRECTORY.
    """
    env_file = str(root / ENV_FILE) if (root / ENV_FILE).is_file() else os.devnull
    files = ["--env-file", env_file, "--file", str(root / COMPOSE)]
    return ["docker", "compose", "--ansi=never", *files, "--profile", PGADMIN, *arguments]


def compose_environment(root: Path) -> dict[str, str]:
    """Return this process's environment, without what would go before the project's own files.

    Passwords are as we read them: Compose would replace a `$` in them. One that is not there is a dash: what only
    stops, shows or asks must do without. `up` looks before.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "PG", "POSTGRES_"))}
    known = read_env(root / ENV_FILE)
    passwords = (SERVER_VARIABLE, SUPERUSER_VARIABLE, PGADMIN_VARIABLE)
    return kept | {name: known.get(name) or "-" for name in passwords}


def explained(said: str, command: str = START) -> DatabaseError:
    """Return what Compose or a program in the container said on stderr, as one sentence with a fix.

    `command` starts what was to be started.
    """
    port = _PORT.search(said)
    if _TAKEN.search(said) and port:
        return DatabaseError(
            f"port {port[1]} is taken by {holder(int(port[1]))}. Free it, or run agent-brain setup --yes, which takes"
            f" another one, then: {command}"
        )
    if unreadable := re.search(r"failed to read [^\n]*?([^/\n]+): line (\d+)", said):  # what follows may be a secret
        return DatabaseError(f"{unreadable[1]} cannot be read: correct its line {unreadable[2]}.")
    if "is not running" in said:
        return DatabaseError(f"the database is not running. Run: {START}")
    return DatabaseError(f"{_last_line(said)}. More: agent-brain db logs")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    relevant = [line for line in lines if re.search(r"\b(ERROR|FATAL|[Ee]rror)\b", line)]
    return (relevant or lines or ["docker compose failed and did not say why"])[-1].rstrip(".")


def open_compose(
    root: Path, arguments: Sequence[str], stdin: IO[bytes] | int, stdout: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """Start a command of Compose, its stderr a pipe; the caller waits for it. Raise DatabaseError."""
    try:
        return subprocess.Popen(
            compose_command(root, *arguments),
            cwd=DIRECTORY,
            env=compose_environment(root),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise DatabaseError(f"docker cannot be run: {error.strerror}. See: agent-brain doctor") from error
