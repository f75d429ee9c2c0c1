"""Runs the `agent-brain` command from the plugin's folder, in the environment that is made for its locked packages.

Two options come before the command's own: `--data DIR` names the plugin's data directory, which Claude Code writes into
a skill's text but not into its shell's environment; `--no-fail` prints everything on stdout and exits with 0, for `!`
lines, which are dropped whole when a command fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import environment
import stamp
from agent_brain_contract.packages import try_packages
from agent_brain_contract.streams import open_missing_streams
from escaping import one_line
from project import PluginError, find_root
from search_path import PATH_VARIABLE, is_inside, restricted

USAGE = 2
BUILDING = "setup"
STARTED_IN = "AGENT_BRAIN_STARTED_IN"  # the directory that the person is in, from which the script has gone
_PACKAGES = ("server", "server_client", "wizard")
_COMMAND = "import sys; sys.path[:0] = {paths!r}; from agent_brain_wizard.cli import main; sys.exit(main())"


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; on POSIX it takes this process's place."""
    rest, variables, no_fail = list(arguments), dict(os.environ), False
    while rest:
        if rest[0] == "--data" and len(rest) > 1:
            variables[environment.DATA_VARIABLE] = rest[1]
            del rest[:2]
        elif rest[0] == "--no-fail":
            no_fail = True
            del rest[0]
        else:
            break
    if no_fail:
        os.dup2(sys.stdout.fileno(), sys.stderr.fileno())
    try:
        _enter(variables.pop(STARTED_IN, os.curdir), rest)
        code = _run(rest, variables, replace=not no_fail)
    except PluginError as error:
        code = _refuse(str(error))
    except OSError as error:
        code = _refuse(f"{error.strerror or error}: {error.filename or 'this file'}")
    return 0 if no_fail else code


def _refuse(sentence: str) -> int:
    with suppress(OSError):
        print(f"agent-brain: {one_line(sentence)}", file=sys.stderr, flush=True)
    return USAGE


def _enter(directory: str, arguments: Sequence[str]) -> None:
    """Go back to where the person is. From a directory that is gone, a project that is named can still be asked."""
    try:
        os.chdir(directory)
    except OSError as error:
        if not Path(_named_project(arguments)).is_absolute():
            raise PluginError("the current directory is gone. Name the project: --project PATH") from error


def _run(arguments: list[str], given: Mapping[str, str], replace: bool) -> int:
    """Run the command isolated (-I): neither the current directory nor a PYTHON* variable adds to what it imports.

    It stays in the current directory, since a path among its arguments is relative to that.
    """
    root = str(_project(arguments, given))
    variables = {**given, PATH_VARIABLE: restricted(given, root)}
    python = _python(arguments, variables, root)
    paths = [str(environment.ROOT / package) for package in _PACKAGES]
    command = [python, "-I", "-c", _COMMAND.format(paths=paths), *arguments]
    if replace and os.name == "posix":
        os.execve(python, command, variables)  # noqa: S606  no shell is wanted
    return subprocess.run(command, env=variables, check=False).returncode


def _project(arguments: Sequence[str], variables: Mapping[str, str]) -> Path:
    """Return the project whose programs are not run: what --project names, else what the session is in."""
    named = _named_project(arguments)
    return Path(named) if named else find_root(variables)


def _named_project(arguments: Sequence[str]) -> str:
    words, named = iter(arguments), ""
    for word in words:
        if word == "--":
            break
        if word == "--project":
            named = next(words, "")
        elif word.startswith("--project="):
            named = word.partition("=")[2]
    return named


def _python(arguments: list[str], variables: Mapping[str, str], root: str) -> str:
    """Return the environment's Python. Only `setup` makes a missing one: the person waits for it and sees why.

    Raise PluginError for a Python or a data directory that the project would bring along.
    """
    named = variables.get(environment.PYTHON_VARIABLE)
    if named:
        environment.absolute(named, environment.PYTHON_VARIABLE)
        _refuse_inside(str(Path(named).parent), root, environment.PYTHON_VARIABLE)
        return named
    data = environment.data_directory(variables)
    _refuse_inside(str(data), root, environment.DATA_VARIABLE)
    if _names_setup(arguments):
        from installing import build

        return str(build(data, variables, lambda text: print(text, file=sys.stderr, flush=True)))
    return str(_checked(environment.environment_directory(data), variables))


def _checked(found: Path, variables: Mapping[str, str]) -> Path:
    """Return the Python of an environment whose packages were tried and have not changed since, else try them now.

    Raise PluginError where there is none, or where they cannot be imported.
    """
    if not environment.interpreter(found).exists():
        raise PluginError("the plugin's Python packages are not installed for this version. Run: /agent-brain:setup")
    if not stamp.matches(found):
        wrong = try_packages(str(environment.interpreter(found)), variables=variables)
        if wrong:
            raise PluginError(f"the plugin's Python packages do not work any more: {wrong}. Run: /agent-brain:setup")
        stamp.write(found)
    stamp.note_user(found)
    return environment.interpreter(found)


def _refuse_inside(path: str, root: str, source: str) -> None:
    if is_inside(path, root):
        raise PluginError(
            f"{source} names {path}, which is inside the project {root}. Unset it, or name another place."
        )


def _names_setup(arguments: Sequence[str]) -> bool:
    """Return whether the command, after the options that may come before it, is `setup`."""
    words = iter(arguments)
    for word in words:
        if word == "--project":
            next(words, None)
        elif not word.startswith("-"):
            return word == BUILDING
    return False


def run() -> None:
    """Run with the process's own arguments and end it."""
    open_missing_streams()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
