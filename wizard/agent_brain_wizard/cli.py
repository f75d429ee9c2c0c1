"""The `agent-brain` command: the client's commands and the wizard's own."""

import sys

from agent_brain_client.isolation import leave_project_out, use_utf8

use_utf8()
leave_project_out(sys.argv[1:])

from agent_brain_client.cli.entry import run
from agent_brain_client.cli.registry import COMMANDS, Command

OWN = (
    Command("setup", "agent_brain_wizard.commands.setup", "set this project up: settings, server, first index"),
    Command("doctor", "agent_brain_wizard.commands.doctor", "check everything, with a fix for each finding"),
    Command("db", "agent_brain_wizard.commands.db", "run the project's PostgreSQL container, back it up, restore it"),
    Command("uninstall", "agent_brain_wizard.commands.uninstall", "remove from the project what setup wrote"),
)


def main() -> int:
    """Run the command that the process was started with; the value is its exit code."""
    return run(sys.argv[1:], (*OWN, *COMMANDS))
