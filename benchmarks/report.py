"""Prints figures for people, or gives them as JSON. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.figures import Figure, Limit, Reference

HEADINGS = ("what", "measured", "limit", "reference of the same run", "verdict")


def as_json(machine: dict[str, Any], figures: Iterable[Figure]) -> dict[str, Any]:
    """Return all that was measured, every run included."""
    rows = [{**asdict(figure), "value": figure.value, "verdict": figure.verdict} for figure in figures]
    return {"machine": machine, "figures": rows}


def table(figures: Sequence[Figure]) -> str:
    """Return the table, and below it the notes by number."""
    notes = [figure.note for figure in figures if figure.note]
    rows = [HEADINGS, *(_cells(figure, notes) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    lines += [f"[{number}] {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines)


def _cells(figure: Figure, notes: Sequence[str]) -> tuple[str, ...]:
    mark = f" [{notes.index(figure.note) + 1}]" if figure.note else ""
    return (
        figure.what + mark,
        _measured(figure),
        _limit(figure.limit, figure.unit),
        "; ".join(_compared(figure, reference) for reference in figure.references) or "-",
        figure.verdict or "-",
    )


def _measured(figure: Figure) -> str:
    if len(figure.runs) == 1:
        return f"{number(figure.value)} {figure.unit}"
    spread = f"{number(min(figure.runs))}-{number(max(figure.runs))}"
    return f"{number(figure.value)} {figure.unit} ({len(figure.runs)} runs: {spread})"


def _limit(limit: Limit | None, unit: str) -> str:
    return "-" if limit is None else f"{'>=' if limit.least else '<='} {number(limit.value)} {unit}"


def _compared(figure: Figure, reference: Reference) -> str:
    if reference.value is None:
        return f"{reference.name}: not installed"
    ratio = f" (x{number(figure.value / reference.value, 2)})" if reference.value else ""
    return f"{reference.name} {number(reference.value)}{ratio}"


def number(value: float, digits: int = 3) -> str:
    """Return `value` to so many significant digits; large and whole numbers in full."""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.{digits}g}"
