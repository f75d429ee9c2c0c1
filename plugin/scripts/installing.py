"""Makes the environment that the command runs in, by uv where it is, else by venv and pip from hashed requirements.

It is filled under another name and renamed when whole: what exists under its own name can be used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from environment import ROOT, environment_directory, interpreter
from project import PluginError
from search_path import PATH_VARIABLE

REQUIREMENTS = "plugin/requirements.txt"
EXTRAS = ("pdf", "postgres")
LEAST_PYTHON = (3, 11)
LOCK_POLL_SECONDS = 0.2
# Variables that say where an installer works and what it runs, and those of them that are the person's own affair: the
# index, the cache, the way through a company's network. What is installed is fixed by hashes in any case.
_STEERING = ("PYTHON", "UV_", "PIP_", "VIRTUAL_ENV", "CONDA", "_CONDA", "__PYVENV")
_FETCHING = re.compile(
    r"UV_((DEFAULT_|EXTRA_)?INDEX.*|FIND_LINKS|INSECURE_HOST|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS|CONFIG_FILE"
    r"|CACHE_DIR|NO_CACHE|OFFLINE|HTTP.*|REQUEST_TIMEOUT|LINK_MODE|CONCURRENT_.*|CREDENTIALS_DIR|PYTHON_(INSTALL|DOWNLOAD"
    r"|CPYTHON|PREFERENCE|CACHE).*)"
    r"|PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY|CONFIG_FILE|CACHE_DIR"
    r"|NO_CACHE_DIR|TIMEOUT|DEFAULT_TIMEOUT|RETRIES|RESUME_RETRIES|KEYRING_PROVIDER|USE_FEATURE|USE_DEPRECATED)"
)
_NAMES_PATH = ("_FILE", "_DIR", "CERT")
_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")


def build(data: Path, variables: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """The environment's Python, after making it if it is missing. One builds, others wait for it."""
    environment = environment_directory(data)
    environment.parent.mkdir(parents=True, exist_ok=True)
    with _lock(environment.with_name(f".{environment.name}.lock"), say):
        if not interpreter(environment).exists():
            _build(environment, _Programs(environment.parent, variables), say)
    return interpreter(environment)


def _build(environment: Path, programs: _Programs, say: Callable[[str], None]) -> None:
    unfinished = environment.with_name(f".{environment.name}.new")
    started = time.monotonic()
    for made in (unfinished, environment):
        shutil.rmtree(made, ignore_errors=True)
    uv = programs.find("uv")
    if uv is None or not _fill_by_uv(uv, unfinished, programs, say):
        _fill_by_pip(unfinished, programs, say)
    unfinished.replace(environment)
    say(f"Installed in {time.monotonic() - started:.0f} s: {environment}")


def _fill_by_uv(uv: str, environment: Path, programs: _Programs, say: Callable[[str], None]) -> bool:
    """Whether uv could do it; an old one may not know the lock file, and then pip is asked.

    With `--project` it takes its settings from the plugin's folder and from the person's own configuration.
    """
    say("Installing the packages with uv …")
    extras = [argument for extra in EXTRAS for argument in ("--extra", extra)]
    flags = ["--frozen", "--no-dev", "--no-install-project", "--compile-bytecode", "--quiet"]
    settings = {"UV_PROJECT_ENVIRONMENT": str(environment)}
    python = ["--python", f">={_dotted(LEAST_PYTHON)}"]
    return programs.run([uv, "sync", *flags, *extras, *python, "--project", str(ROOT)], settings) == 0


def _fill_by_pip(environment: Path, programs: _Programs, say: Callable[[str], None]) -> None:
    python = _find_python(programs)
    say(f"Installing the packages with pip and {python} (about a minute) …")
    shutil.rmtree(environment, ignore_errors=True)
    if programs.run([python, "-I", "-m", "venv", str(environment)]):
        raise PluginError(f"{python} cannot make an environment. Install uv (or, on Debian, python3-venv); then again.")
    flags = ["--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--quiet"]
    pip = [str(interpreter(environment)), "-I", "-m", "pip"]
    if programs.run([*pip, "install", *flags, "-r", str(ROOT / REQUIREMENTS)]):
        raise PluginError("pip could not install the packages (its own words are above). Run the same command again.")


def _find_python(programs: _Programs) -> str:
    """A Python that is new enough."""
    check = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {LEAST_PYTHON})"
    for candidate in (sys.executable, *map(programs.find, _PYTHONS)):
        if candidate and not programs.run([candidate, "-I", "-c", check], quiet=True):
            return candidate
    wanted = _dotted(LEAST_PYTHON)
    raise PluginError(f"needs uv, or Python {wanted} or newer with venv. Install uv: https://docs.astral.sh/uv")


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


class _Programs:
    """The installers, run in a directory of the plugin's own and without the variables that would lead them astray."""

    def __init__(self, directory: Path, variables: Mapping[str, str]) -> None:
        self._directory = directory
        self._variables = {name: value for name, value in variables.items() if _is_kept(name, value)}

    def find(self, name: str) -> str | None:
        """The program's path, from the PATH that was given; None if there is none."""
        return shutil.which(name, path=self._variables.get(PATH_VARIABLE, os.defpath))

    def run(self, command: Sequence[str], settings: Mapping[str, str] | None = None, quiet: bool = False) -> int:
        """Run to the end; what it says goes to stderr, since stdout is for answers, or nowhere."""
        said = subprocess.DEVNULL if quiet else sys.stderr
        try:
            return subprocess.run(
                command,
                cwd=self._directory,
                env={**self._variables, **(settings or {})},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                check=False,
            ).returncode
        except OSError as error:
            print(error, file=sys.stderr)
            return 1


def _is_kept(name: str, value: str) -> bool:
    """Whether an installer sees the variable. Of its own ones only those that say how packages are fetched.

    A path among them must be absolute: the current directory of whoever wrote it is not known.
    """
    if not name.startswith(_STEERING):
        return True
    return bool(_FETCHING.fullmatch(name)) and (Path(value).is_absolute() or not name.endswith(_NAMES_PATH))


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
