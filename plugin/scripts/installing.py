"""Makes the environment that the command runs in, by uv where it is, else by venv and pip from hashed requirements.

It is filled under another name and renamed when whole: what exists under its own name can be used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from environment import ROOT, environment_directory, interpreter
from project import PluginError

REQUIREMENTS = "plugin/requirements.txt"
EXTRAS = ("pdf", "postgres")
LEAST_PYTHON = (3, 11)
LOCK_POLL_SECONDS = 0.2
_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")


def build(data: Path, say: Callable[[str], None]) -> Path:
    """The environment's Python, after making it if it is missing. One builds, others wait for it."""
    environment = environment_directory(data)
    environment.parent.mkdir(parents=True, exist_ok=True)
    with _lock(environment.with_name(f".{environment.name}.lock"), say):
        if not interpreter(environment).exists():
            _build(environment, say)
    return interpreter(environment)


def _build(environment: Path, say: Callable[[str], None]) -> None:
    unfinished = environment.with_name(f".{environment.name}.new")
    started = time.monotonic()
    for made in (unfinished, environment):
        shutil.rmtree(made, ignore_errors=True)
    uv = shutil.which("uv")
    if uv is None or not _fill_by_uv(uv, unfinished, say):
        _fill_by_pip(unfinished, say)
    unfinished.replace(environment)
    say(f"Installed in {time.monotonic() - started:.0f} s: {environment}")


def _fill_by_uv(uv: str, environment: Path, say: Callable[[str], None]) -> bool:
    """Whether uv could do it; an old one may not know the lock file, and then pip is asked."""
    say("Installing the packages with uv …")
    extras = [argument for extra in EXTRAS for argument in ("--extra", extra)]
    flags = ["--frozen", "--no-dev", "--no-install-project", "--compile-bytecode", "--quiet"]
    settings = {"UV_PROJECT_ENVIRONMENT": str(environment)}
    return _run([uv, "sync", *flags, *extras, "--project", str(ROOT)], settings) == 0


def _fill_by_pip(environment: Path, say: Callable[[str], None]) -> None:
    python = _find_python()
    say(f"Installing the packages with pip and {python} (about a minute) …")
    shutil.rmtree(environment, ignore_errors=True)
    if _run([python, "-m", "venv", str(environment)]):
        raise PluginError(f"{python} cannot make an environment. Install uv (or, on Debian, python3-venv); then again.")
    flags = ["--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--quiet"]
    if _run([str(interpreter(environment)), "-m", "pip", "install", *flags, "-r", str(ROOT / REQUIREMENTS)]):
        raise PluginError("pip could not install the packages (its own words are above). Run the same command again.")


def _find_python() -> str:
    """A Python that is new enough."""
    check = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {LEAST_PYTHON})"
    for candidate in (sys.executable, *map(shutil.which, _PYTHONS)):
        if candidate and not subprocess.run([candidate, "-c", check], capture_output=True, check=False).returncode:
            return candidate
    wanted = ".".join(map(str, LEAST_PYTHON))
    raise PluginError(f"needs uv, or Python {wanted} or newer with venv. Install uv: https://docs.astral.sh/uv")


def _run(command: Sequence[str], settings: Mapping[str, str] | None = None) -> int:
    """Run to the end; what it says goes to stderr, since stdout is for answers."""
    foreign = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    variables = {name: value for name, value in os.environ.items() if name not in foreign}
    try:
        return subprocess.run(
            command, env={**variables, **(settings or {})}, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        ).returncode
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


@contextmanager
def _lock(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the file's lock; the system lets it go with the process, however that ends."""
    with path.open("a") as file:
        if not _take(file.fileno()):
            say("Another process installs the packages; waiting for it …")
            while not _take(file.fileno()):
                time.sleep(LOCK_POLL_SECONDS)
        yield


def _take(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
