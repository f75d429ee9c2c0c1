"""Makes the environment that the command runs in, by uv where it is, else by venv and pip from hashed requirements.

It is filled under another name, tried there by importing what is needed, and renamed when that works: what exists under
its own name has worked.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import stamp
from agent_brain_contract.packages import LEAST_PYTHON
from environment import ROOT, environment_directory, interpreter
from programs import Programs
from project import PluginError
from pruning import prune

REQUIREMENTS = "plugin/requirements.txt"
LOCK = ".lock"
LOCK_POLL_SECONDS = 0.2
SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}  # the second is what older ones call it
_PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")


def build(data: Path, variables: Mapping[str, str], say: Callable[[str], None]) -> Path:
    """Return the Python of an environment whose packages can be imported, after making it if need be.

    One builds, others wait for it; what nothing uses any more is removed.
    """
    environment = environment_directory(data)
    environment.parent.mkdir(parents=True, exist_ok=True)
    with _lock(environment.with_name(LOCK), say):
        programs = Programs(environment.parent, variables)
        if not interpreter(environment).exists():
            _build(environment, programs, say)
        elif wrong := programs.try_environment(environment, quick=stamp.matches(environment), recorded=True):
            say(f"The installed packages do not work any more: {wrong}. They are installed again …")
            _build(environment, programs, say)
        else:
            stamp.write(environment)
        stamp.note_user(environment)
        prune(environment)
    return interpreter(environment)


def _build(environment: Path, programs: Programs, say: Callable[[str], None]) -> None:
    unfinished = environment.with_name(f".{environment.name}.new")
    started = time.monotonic()
    shutil.rmtree(unfinished, ignore_errors=True)
    uv = programs.find("uv")
    wrong = _fill_by_uv(uv, unfinished, programs, say) if uv is not None else "there is no uv"
    if wrong:
        _fill_by_pip(unfinished, programs, say)
    stamp.write(unfinished)
    if environment.exists():
        _set_aside(environment)
    unfinished.replace(environment)
    say(f"Installed in {time.monotonic() - started:.0f} s: {environment}")


def _set_aside(environment: Path) -> None:
    """Rename it in one step, for `prune` to remove. A process that runs in it goes on with the new one's files."""
    numbers = (number for number in range(1000) if not _aside(environment, number).exists())
    environment.replace(_aside(environment, next(numbers)))


def _aside(environment: Path, number: int) -> Path:
    return environment.with_name(f".{environment.name}.old{number}")


def _fill_by_uv(uv: str, environment: Path, programs: Programs, say: Callable[[str], None]) -> str:
    """Return why uv could not do it; an old one may not know the lock file, and then pip is asked.

    With `--project` it takes its settings from the plugin's folder and from the person's own configuration. It knows
    authorities of its own; a company's is known by the system, which is asked in the second try.
    """
    say("Installing the packages with uv …")
    flags = ["--frozen", "--no-dev", "--no-install-project", "--no-compile-bytecode", "--quiet"]
    python = ["--python", f">={_dotted(LEAST_PYTHON)}"]
    command = [uv, "sync", *flags, *python, "--project", str(ROOT)]
    settings = {"UV_PROJECT_ENVIRONMENT": str(environment)}
    if programs.run(command, settings) and programs.run(command, {**settings, **SYSTEM_CERTIFICATES}):
        return "uv has failed"
    return programs.try_environment(environment)


def _fill_by_pip(environment: Path, programs: Programs, say: Callable[[str], None]) -> None:
    python = _find_python(programs)
    say(f"Installing the packages with pip and {python} (about a minute) …")
    shutil.rmtree(environment, ignore_errors=True)
    if programs.run([python, "-I", "-m", "venv", str(environment)]):
        raise PluginError(
            f"{python} cannot make an environment. Install uv (or, on Debian, python3-venv), then run "
            "the same command again."
        )
    pip = [str(interpreter(environment)), "-I", "-m", "pip"]
    flags = ["--require-hashes", "--no-deps", "--no-compile", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [*pip, "install", *flags, "-r", str(ROOT / REQUIREMENTS)]
    if programs.run(command, programs.fetching_options(pip)):
        raise PluginError("pip could not install the packages (its own words are above). Run the same command again.")
    wrong = programs.try_environment(environment)
    if wrong:
        raise PluginError(
            f"pip says that it has installed the packages, but they cannot be used: {wrong}."
            " Correct its configuration (pip config list), or install uv; then run the same command again."
        )


def _find_python(programs: Programs) -> str:
    """Return a Python that is new enough."""
    check = f"import sys, venv, ensurepip; sys.exit(sys.version_info < {LEAST_PYTHON})"
    for candidate in (sys.executable, *map(programs.find, _PYTHONS)):
        if candidate and not programs.run([candidate, "-I", "-c", check], quiet=True):
            return candidate
    wanted = _dotted(LEAST_PYTHON)
    raise PluginError(f"needs uv, or Python {wanted} or newer with venv. Install uv: https://docs.astral.sh/uv")


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


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
