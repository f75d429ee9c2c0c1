"""What masking has found in a text, and how the manifest notes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

NOTE = "masked: "


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets, and how many of each kind there were. `secret`: the kind, where all of it is one."""

    text: str
    kinds: Mapping[str, int]
    secret: str = ""

    @property
    def note(self) -> str:
        """Return the manifest's note of what was masked, empty for nothing."""
        return kinds_note(self.kinds)


def kinds_note(kinds: Mapping[str, int]) -> str:
    """Return numbers by kind as a note of the manifest, empty for none."""
    named = ", ".join(f"{kind} x{number}" for kind, number in sorted(kinds.items()))
    return NOTE + named if named else ""


def masked_kinds(note: str) -> dict[str, int]:
    """Return the numbers by kind in a note of the manifest."""
    kinds: Counter[str] = Counter()
    for part in note.split("; "):
        if part.startswith(NOTE):
            for named in part.removeprefix(NOTE).split(", "):
                kind, _, number = named.rpartition(" x")
                if number.isdigit():
                    kinds[kind] += int(number)
    return dict(kinds)
