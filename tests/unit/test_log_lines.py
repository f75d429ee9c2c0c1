"""The server's log: one record, one line, with any names in it."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = r"""
import logging, sys, warnings
from pathlib import Path
from agent_brain_server.process.server_log import log_to_stderr
log_to_stderr("info", Path("/nowhere"))
evil = "a\n2026-01-01 00:00:00,000 ERROR x: forged\nagent-brain: forged \x1b[31m\x9b\r\u202e\u2028"
log = logging.getLogger("x")
log.info("name %s", evil)
try:
    raise ValueError(evil)
except ValueError:
    log.exception("failed on %s", evil, stack_info=True)
warnings.warn(evil)
"""


def test_a_name_forges_no_line_of_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    heads = [line for line in done.stderr.splitlines() if not line.startswith("    ")]
    assert [line.split()[2:4] for line in heads] == [["INFO", "x:"], ["ERROR", "x:"], ["WARNING", "py.warnings:"]]
    assert "name a\\x0a2026-01-01" in heads[0]
    assert done.stderr.replace("\n", "").isprintable()
    assert "    ValueError: a\n    2026" in done.stderr
