"""The subcommands of `python -m agent_brain_server`, each an argument parser and what it calls."""
