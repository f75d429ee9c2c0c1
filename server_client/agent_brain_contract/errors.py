"""What is refused before anything is started or sent. `str()` is one sentence that names the fix."""

from __future__ import annotations


class ContractError(Exception):
    """The state of the project must not be used."""


class UnsafeStateError(ContractError):
    """The state is a link, belongs to another user, or can be replaced by one."""


class TrackedStateError(ContractError):
    """Git tracks the state, so that a person who writes to the repository decides what it holds."""


class ConsentError(ContractError):
    """A file of the project sets what the person has not accepted, or the record of consent cannot be used."""


class NotSetUpHereError(ContractError):
    """No record says that the person has set up the project at `root`; `emptied`: one was set up there. `lost` is the
    file that named the project, where that is what is missing.
    """

    def __init__(self, root: object, *, emptied: bool = False, lost: str = "") -> None:
        sentence = f"{root} is not set up here. Run: agent-brain setup"
        if emptied:
            sentence = (
                f"{root} is empty, as if its disk were not mounted: a project was set up here."
                " If it is meant to be empty, run: agent-brain setup"
            )
        elif lost:
            sentence = f"{lost} of {root} is missing or damaged. Run: agent-brain setup --yes"
        super().__init__(sentence)
        self.root = root
        self.emptied = emptied
        self.lost = lost


def cause(error: Exception) -> str:
    """Return why a call of the system failed, in words: neither a number nor the command that was run."""
    seconds = getattr(error, "timeout", None)
    return getattr(error, "strerror", None) or (f"no answer within {seconds:g} s" if seconds else str(error))
