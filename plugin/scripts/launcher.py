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

import environment
from project import PluginError

USAGE = 2
BUILDING = "setup"
_PACKAGES = ("server", "server_client", "wizard")
_COMMAND = "import sys; from agent_brain_wizard.cli import main; sys.exit(main())"


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
        code = _run(rest, variables, replace=not no_fail)
    except (PluginError, OSError) as error:
        print(f"agent-brain: {error}", file=sys.stderr)
        code = USAGE
    return 0 if no_fail else code


def _run(arguments: list[str], variables: Mapping[str, str], replace: bool) -> int:
    python = _python(arguments, variables)
    # -P: the command runs in users' projects, whose own modules must not win over ours.
    command = [python, "-P", "-c", _COMMAND, *arguments]
    settings = {name: value for name, value in variables.items() if name != "PYTHONHOME"}
    settings["PYTHONPATH"] = os.pathsep.join(str(environment.ROOT / package) for package in _PACKAGES)
    if replace and os.name == "posix":
        os.execve(python, command, settings)  # noqa: S606  no shell is wanted
    return subprocess.run(command, env=settings, check=False).returncode


def _python(arguments: list[str], variables: Mapping[str, str]) -> str:
    """The environment's Python. Only `setup` makes a missing one: the person waits for it and sees why."""
    named = variables.get(environment.PYTHON_VARIABLE)
    if named:
        return named
    data = environment.data_directory(variables)
    if environment.is_built(data, variables):
        return str(environment.interpreter(environment.environment_directory(data)))
    if not _names_setup(arguments):
        raise PluginError("the plugin's Python packages are not installed for this version. Run: /agent-brain:setup")
    from installing import build

    return str(build(data, lambda text: print(text, file=sys.stderr, flush=True)))


def _names_setup(arguments: Sequence[str]) -> bool:
    """Whether the command, after the options that may stand before it, is `setup`."""
    words = iter(arguments)
    for word in words:
        if word == "--project":
            next(words, None)
        elif not word.startswith("-"):
            return word == BUILDING
    return False


def run() -> None:
    """Run with the process's own arguments and end it."""
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
