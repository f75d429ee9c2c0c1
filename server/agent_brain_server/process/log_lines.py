"""The process's log: a record is one line, and what it holds of foreign text cannot begin another one."""

from __future__ import annotations

import logging
import textwrap
from types import TracebackType

from agent_brain_contract.escaping import line

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MOST_CHARACTERS = 8_000
_TRACEBACK_INDENT = "    "
_ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """Writes unseen characters out, newlines too, and indents the lines of a traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """Return the record's line."""
        return _shortened(line(super().formatMessage(record)))

    def formatException(self, ei: _ErrorInfo) -> str:  # noqa: N802
        """Return the traceback, each line indented."""
        return _shortened(_indented(super().formatException(ei)))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        """Return the stack, each line indented."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return textwrap.indent("\n".join(map(line, text.split("\n"))), _TRACEBACK_INDENT)


def _shortened(text: str) -> str:
    half = MOST_CHARACTERS // 2
    return text if len(text) <= MOST_CHARACTERS else f"{text[:half]} … {text[-half:]}"
