"""The commands by name. Each module has `configure(parser)` and `run(arguments) -> exit code`."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A command's name, the module that holds it and what it does in one line."""

    name: str
    module: str
    summary: str


_HERE = "agent_brain_client.cli"

COMMANDS: tuple[Command, ...] = (
    Command("start", f"{_HERE}.start", "start the project's server in the background"),
    Command("stop", f"{_HERE}.stop", "stop the project's server"),
    Command("restart", f"{_HERE}.restart", "stop the project's server and start it again"),
    Command("logs", f"{_HERE}.logs", "show the server's log"),
    Command("status", f"{_HERE}.status", "show what is indexed and whether the server runs"),
    Command("index", f"{_HERE}.index", "bring the index up to date"),
    Command("search", f"{_HERE}.search", "ask the project a question"),
    Command("graph", f"{_HERE}.graph", "show what defines, calls, uses or inherits from a symbol"),
    Command("jobs", f"{_HERE}.jobs", "list, show, watch or cancel indexing jobs"),
    Command("folders", f"{_HERE}.folders", "list, add or remove indexed folders"),
    Command("worker", f"{_HERE}.worker", "run indexing jobs for a shared PostgreSQL database"),
    Command("storage", f"{_HERE}.storage", "copy the index to another place, compare two, or prepare a database"),
    Command("reset", f"{_HERE}.reset", "empty the index; your files are not touched"),
    Command("version", f"{_HERE}.version", "show the installed and the running version"),
)
