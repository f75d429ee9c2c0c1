"""The server's log: bounded while it runs, whoever writes."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from agent_brain_client.logfile import LONGEST, log_path, older_path
from agent_brain_server.process.log_lines import FORMAT, MOST_CHARACTERS, LineFormatter
from agent_brain_server.process.server_log import MOST_REPEATS, RepeatFilter

# Writes as a server does whose standard error is its log, and as native code does past logging.
WRITER = """
import logging, os, sys
from pathlib import Path
from agent_brain_client.logfile import open_log
from agent_brain_server.process import server_log
state = Path(sys.argv[1])
descriptor = open_log(state)
os.dup2(descriptor, 1), os.dup2(descriptor, 2)
server_log.MOST_REPEATS = 10**9
file = server_log.log_to_stderr("info", state)
largest = 0
for number in range(40_000):
    logging.getLogger("x").info("line %d %s", number, "y" * 100)
    if number % 10 == 0:
        os.write(2, b"native " * 20)
        file.keep_bounded()
    largest = max(largest, os.fstat(2).st_size)
os.unlink(state / "logs" / "server.log")
file.keep_bounded()
logging.getLogger("x").info("after it was removed")
(state / "largest").write_text(str(largest))
"""


def test_the_log_is_two_files_of_bounded_length(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WRITER, str(tmp_path)], check=True)
    assert int((tmp_path / "largest").read_text()) <= LONGEST + 10_000
    assert older_path(tmp_path).stat().st_size <= LONGEST + 10_000
    assert log_path(tmp_path).read_text().endswith("after it was removed\n")
    assert {path.name: path.stat().st_mode & 0o777 for path in log_path(tmp_path).parent.iterdir()} == {
        "server.log": 0o600,
        "server.log.1": 0o600,
    }


def test_a_server_that_does_not_own_its_standard_error_leaves_it(tmp_path: Path) -> None:
    code = "from agent_brain_server.process.server_log import log_to_stderr; from pathlib import Path; import logging\n"
    code += f"file = log_to_stderr('info', Path({str(tmp_path)!r})); logging.warning('said'); file.keep_bounded()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "said" in done.stderr
    assert list(tmp_path.iterdir()) == []


def record(message: str, *arguments: object, line: int = 1) -> logging.LogRecord:
    return logging.LogRecord("x", logging.WARNING, "a.py", line, message, arguments, None)


def test_control_characters_are_escaped_and_lines_are_short() -> None:
    text = LineFormatter(FORMAT).format(record("%s", "a\nagent-brain: forged\x1b[31m\u202e\x9b\0"))
    assert text.isprintable()
    assert "a\\x0aagent-brain: forged\\x1b[31m\\u202e" in text
    assert len(LineFormatter(FORMAT).format(record("%s", "x" * 10**6))) < MOST_CHARACTERS + 100
    try:
        raise ValueError("bad\x1bname" * 10_000)
    except ValueError:
        failed = logging.LogRecord("x", logging.ERROR, "a.py", 1, "failed", (), sys.exc_info())
    lines = LineFormatter(FORMAT).format(failed)
    assert "\x1b" not in lines
    assert len(lines) < 2 * MOST_CHARACTERS + 100


def test_repeats_are_counted_by_their_place_in_the_code() -> None:
    now = 0.0
    repeats = RepeatFilter(lambda: now)
    passed = [repeats.filter(record("bad request %d", number)) for number in range(1000)]
    assert passed.count(True) == MOST_REPEATS
    assert repeats.filter(record("another", line=2))
    now = 61.0
    again = record("bad request %d", 7)
    assert repeats.filter(again)
    assert again.getMessage() == f"bad request 7 ({1000 - MOST_REPEATS} more like it before)"
