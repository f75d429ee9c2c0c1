"""The commands of the wizard: each is one line of `agent-brain --help`."""
