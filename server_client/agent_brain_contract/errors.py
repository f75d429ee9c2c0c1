"""What is refused before anything is started or sent. `str()` is one sentence that names the fix."""

from __future__ import annotations


class ContractError(Exception):
    """The state of the project must not be used."""


class UnsafeStateError(ContractError):
    """The state is a link, belongs to another user, or can be replaced by one."""


class TrackedStateError(ContractError):
    """Git tracks the state, so that whoever writes to the repository decides what it holds."""


class ConsentError(ContractError):
    """A file of the project sets what the person has not accepted, or the record of consent cannot be used."""


class NotSetUpHereError(ContractError):
    """No record says that the person has set up the project at `root`; `emptied`: one was set up there."""

    def __init__(self, root: object, *, emptied: bool = False) -> None:
        super().__init__(
            f"{root} is empty, as if its disk were not mounted: a project was set up here."
            " If it is meant to be empty, run: agent-brain setup"
            if emptied
            else f"{root} is not set up here. Run: agent-brain setup"
        )
        self.root = root
        self.emptied = emptied


def cause(error: Exception) -> str:
    """Return why a call of the system failed, in words: neither a number nor the command that was run."""
    seconds = getattr(error, "timeout", None)
    return getattr(error, "strerror", None) or (f"no answer within {seconds:g} s" if seconds else str(error))
