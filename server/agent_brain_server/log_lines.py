"""The process's log: a record is one line, and what it holds of foreign text cannot begin another one."""

from __future__ import annotations

import logging
import textwrap
from types import TracebackType

from agent_brain_client.escaping import line

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TRACEBACK_INDENT = "    "
_NOISY = ("httpx", "httpcore", "watchfiles.main", "uvicorn.error")
_ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Writes unseen characters out, newlines too, and indents the lines of a traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """Return the record's line."""
        return line(super().formatMessage(record))

    def formatException(self, ei: _ErrorInfo) -> str:  # noqa: N802
        """Return the traceback, each line indented."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Return the stack, each line indented."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return textwrap.indent("\n".join(map(line, text.split("\n"))), _TRACEBACK_INDENT)


def log_to_stderr(level: str) -> None:
    """Log from `level` on to stderr, Python's warnings too."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.captureWarnings(capture=True)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
