"""Keeps a project's own code out of our processes: it is searched, never run.

`leave_project_out` must come before other imports, so this module imports `os` and `sys` alone (not even `__future__`),
which Python has loaded by then.
"""

import os
import sys

# Where our processes run that need no directory: nothing is loaded from it, and no project is held by it.
DIRECTORY = os.path.abspath(os.sep)
_PACKAGES = ("agent_brain_server", "agent_brain_client")
_MARKS = (".git", os.path.join(".claude", "agent-brain"))


def leave_project_out(arguments: list[str]) -> None:
    """Remove from `sys.path` what PYTHONPATH names relative to the current directory or in the project.

    The project is the one of `--project` in `arguments`, and the one that the current directory is in.
    """
    named = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    if not named:
        return
    roots = [_enclosing_project(), *_named_projects(arguments)]
    entries = [entry for entry in named.split(os.pathsep) if any(is_inside(entry, root) for root in roots)]
    gone = set(map(os.path.realpath, entries))
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) not in gone]


def use_utf8() -> None:
    """Start this program again in Python's UTF-8 mode where the locale has another encoding: paths are UTF-8 to us.

    Nothing of this process is kept but its arguments and its environment.
    """
    if sys.getfilesystemencoding().lower() != "utf-8" and sys.executable:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606  no shell is meant


def restrict_search_path(root: str | os.PathLike[str]) -> None:
    """Remove from this process's PATH what is relative or inside the project at `root`.

    A program that is started by its name then never comes from the project.
    """
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join(entry for entry in entries if not is_inside(entry, os.fspath(root)))
    os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"  # Windows would look into the current directory first


def is_inside(path: str, root: str) -> bool:
    """Return whether `path` is relative, or at or below `root`.

    Of a root that holds the home directory, nothing is inside.
    """
    if not os.path.isabs(path):
        return True
    return _holds(root, path) and not holds_home(root)


def holds_home(path: str) -> bool:
    """Return whether `path` is the home directory or one that it is in."""
    return _holds(path, os.path.expanduser("~"))


def server_command(*arguments: str) -> list[str]:
    """Return the command line that runs `agent_brain_server` with `arguments`.

    It is isolated: no PYTHON* variable, user site or current directory is looked at. Its packages are where this
    process found them.
    """
    code = (
        f"import sys; sys.path[:0] = [path for path in {package_paths()!r} if path not in sys.path];"
        " del sys.argv[0]; from agent_brain_server.__main__ import run; sys.exit(run())"
    )
    return [sys.executable, "-I", "-X", "utf8", "-c", code, "agent_brain_server", *arguments]


def package_paths() -> list[str]:
    """Return where a process that ignores PYTHONPATH must look besides its own directories."""
    from importlib.util import find_spec

    specs = filter(None, map(find_spec, _PACKAGES))
    own = [os.path.dirname(place) for spec in specs for place in spec.submodule_search_locations or ()]
    named = "" if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "")
    kept = [entry for entry in named.split(os.pathsep) if os.path.isabs(entry) and entry in sys.path]
    return list(dict.fromkeys([*kept, *own]))


def _enclosing_project() -> str:
    try:
        here = directory = os.getcwd()
    except FileNotFoundError:
        return DIRECTORY
    while not any(os.path.exists(os.path.join(directory, mark)) for mark in _MARKS):
        parent = os.path.dirname(directory)
        if parent == directory:
            return here
        directory = parent
    return directory


def _named_projects(arguments: list[str]) -> list[str]:
    """Return the values of `--project VALUE` and `--project=VALUE`, and of the variable."""
    flag = "--project"
    values = [value for option, value in zip(arguments, arguments[1:], strict=False) if option == flag]
    values += [word.partition("=")[2] for word in arguments if word.startswith(f"{flag}=")]
    return [*values, *filter(None, [os.environ.get("AGENT_BRAIN_PROJECT")])]


def _holds(directory: str, path: str) -> bool:
    directory, path = os.path.realpath(directory), os.path.realpath(path)
    return path == directory or path.startswith(os.path.join(directory, ""))
