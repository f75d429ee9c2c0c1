"""What a source of events yields, and what ends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, TypeAlias

STEP_MILLISECONDS = 50
"""How often a source looks whether more has happened."""

FileEvent: TypeAlias = Literal["added", "modified", "deleted", "overflow"]
EventBatch: TypeAlias = Mapping[str, frozenset[FileEvent]]
"""Absolute paths, with `/`, and their events. `overflow`: events beneath this directory may have been lost."""


class StopSignal(Protocol):
    """A signal to end, asked a few times a second."""

    def is_set(self) -> bool:
        """Return whether to end."""
