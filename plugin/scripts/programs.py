"""Runs uv, Python and pip so that they install where they are asked to, from where the person has set up."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import shared_path  # noqa: F401  where the next one is found
from agent_brain_contract.errors import cause
from agent_brain_contract.packages import try_packages
from environment import interpreter
from search_path import PATH_VARIABLE

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


class Programs:
    """The installers, run in a directory of the plugin's own and without the variables that would lead them astray."""

    def __init__(self, directory: Path, variables: Mapping[str, str]) -> None:
        self._directory = directory
        self._variables = {name: value for name, value in variables.items() if _is_kept(name, value)}

    def find(self, name: str) -> str | None:
        """Return the program's path, from the PATH that was given; None if there is none."""
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
            print(f"{command[0]} cannot be run: {cause(error)}", file=sys.stderr)
            return 1

    def try_environment(self, environment: Path, *, quick: bool = False, recorded: bool = False) -> str:
        """Return why the packages in it cannot be used; empty if they can. See `try_packages`."""
        python = str(interpreter(environment))
        return try_packages(python, variables=self._variables, quick=quick, recorded=recorded)

    def fetching_options(self, pip: Sequence[str]) -> dict[str, str]:
        """Return variables for pip that say what its configuration files do, of how packages are fetched alone.

        Those files may also say where packages go (target, prefix, user), so pip reads none of them. Raises nothing:
        without an answer it is run without them.
        """
        listed = subprocess.run(
            [*pip, "config", "list"],
            cwd=self._directory,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        options = _configured(listed.stdout.decode("utf-8", "replace"))
        kept = {name: value for name, value in options.items() if name not in self._variables and _is_kept(name, value)}
        return {**kept, "PIP_CONFIG_FILE": os.devnull}


def _configured(listed: str) -> dict[str, str]:
    """Return the variables with the effect of what `pip config list` prints: lines `global.index-url='https://…'`.

    What is said for `install` goes before what is said for all commands.
    """
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in found:
            with suppress(ValueError, SyntaxError):
                text = str(ast.literal_eval(value))
                found[section]["PIP_" + option.upper().replace("-", "_")] = " ".join(text.split())
    return {**found["global"], **found["install"]}


def _is_kept(name: str, value: str) -> bool:
    """Return whether an installer sees the variable. Of its own ones only those that say how packages are fetched.

    A path among them must be absolute: the current directory that was meant is not known.
    """
    if not name.startswith(_STEERING):
        return True
    return bool(_FETCHING.fullmatch(name)) and (Path(value).is_absolute() or not name.endswith(_NAMES_PATH))


def install(*packages: str) -> int:
    """Install packages by pip into the environment of this Python."""
    programs, pip = Programs(Path.cwd(), os.environ), [sys.executable, "-I", "-m", "pip"]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", *packages]
    return programs.run(command, programs.fetching_options(pip))


if __name__ == "__main__":
    sys.exit(install(*sys.argv[1:]))
