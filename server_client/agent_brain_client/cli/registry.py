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
    Command("stop", f"{_HERE}.stop", "end the project's server"),
    Command("restart", f"{_HERE}.restart", "end the project's server and start it"),
    Command("logs", f"{_HERE}.logs", "what the project's server has logged"),
    Command("status", f"{_HERE}.status", "what is indexed, what runs, what goes on"),
    Command("index", f"{_HERE}.index", "bring the index up to date"),
    Command("search", f"{_HERE}.search", "ask the project a question"),
    Command("graph", f"{_HERE}.graph", "what defines, calls, uses or inherits from a symbol"),
    Command("jobs", f"{_HERE}.jobs", "list, show, watch or cancel indexing jobs"),
    Command("folders", f"{_HERE}.folders", "list, add or remove indexed folders"),
    Command("worker", f"{_HERE}.worker", "run indexing jobs beside the servers of a shared database"),
    Command("storage", f"{_HERE}.storage", "copy the index to another backend, or compare the two"),
    Command("reset", f"{_HERE}.reset", "take everything out of the index"),
    Command("version", f"{_HERE}.version", "the installed and the running version"),
)
