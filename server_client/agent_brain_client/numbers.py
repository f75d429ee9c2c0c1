"""Whole numbers that flags take, with their bounds."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_MOST_SHOWN = 40


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return what argparse makes a flag's value with: a whole number from `least` to `most`, both included."""
    wanted = f"a whole number from {least} to {most:,}" if most is not None else f"a whole number of {least} or more"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:  # also one of thousands of digits
            value = least - 1
        if value < least or (most is not None and value > most):
            shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
            raise argparse.ArgumentTypeError(f"must be {wanted}, not {shown}")
        return value

    return parse
