"""Everything that can go wrong on the client's side. One root; each error knows the exit code of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

OK = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3
INTERRUPTED = 130
BROKEN_PIPE = 141


class ClientError(Exception):
    """`str()` is one sentence for people with the fix; `exit_code` is what a command ends with."""

    exit_code: ClassVar[int] = FAILED
    done_before: Mapping[str, object] = MappingProxyType({})
    """What the command had done when it failed, for `--json`."""

    @property
    def members(self) -> dict[str, object]:
        """Return what `--json` says besides the sentence."""
        return dict(self.done_before)


class UsageError(ClientError):
    """The command or a setting is not as it must be."""

    exit_code = USAGE


class NotSetUpError(UsageError):
    """The project has no settings or no token yet."""


class ConsentNeededError(UsageError):
    """A file of the project decides what the person has not accepted, or could be changed by others."""


class ServerUnreachableError(ClientError):
    """No server answers where one was expected."""

    exit_code = UNREACHABLE


class StartError(ClientError):
    """The server could not be started."""

    exit_code = UNREACHABLE


class PortTakenError(StartError):
    """The server's port is held by `holder`."""

    def __init__(self, port: int, holder: str) -> None:
        super().__init__(f"port {port} is taken by {holder}. Run: agent-brain start --port auto")
        self.port = port
        self.holder = holder


class StopError(ClientError):
    """The server could not be stopped."""


class JobError(ClientError):
    """An indexing job did not end well."""


class ServerError(ClientError):
    """The server refused a request: its stable `code`, the HTTP `status` and its own sentence, `detail`."""

    def __init__(self, code: str, status: int, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
        self.detail = detail
        self.field = field

    @property
    def members(self) -> dict[str, object]:
        """Return the server's code and the field that it refuses, as its answer has them."""
        return {"code": self.code, "status": self.status} | ({"field": self.field} if self.field else {})
