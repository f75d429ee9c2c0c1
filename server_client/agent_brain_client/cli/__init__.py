"""The command line: one module a command, of which a run imports one."""
