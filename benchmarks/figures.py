"""What a measurement is: its runs, the limit that it must hold and what it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Verdict = Literal["holds", "MISSED", ""]


@dataclass(frozen=True, slots=True)
class Limit:
    """A promise of the design, in the figure's unit: at most `value`, or at least where `least` is set."""

    value: float
    least: bool = False

    def holds(self, measured: float) -> bool:
        """Return whether `measured` keeps the promise."""
        return measured >= self.value if self.least else measured <= self.value


@dataclass(frozen=True, slots=True)
class Reference:
    """What the same run measured of something simpler; None where it is not installed."""

    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `runs` are all measurements in `unit`; the figure's value is their median."""

    what: str
    unit: str
    runs: tuple[float, ...]
    limit: Limit | None = None
    references: tuple[Reference, ...] = ()
    note: str = ""

    @property
    def value(self) -> float:
        """Return the median of the runs."""
        return median(self.runs)

    @property
    def verdict(self) -> Verdict:
        """Return whether the limit holds; empty without a limit."""
        if self.limit is None:
            return ""
        return "holds" if self.limit.holds(self.value) else "MISSED"


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers to hold, as the design lists them."""

    start_seconds: Limit = Limit(0.7)
    search_seconds: Limit = Limit(0.25)
    idle_megabytes: Limit = Limit(120)
    peak_megabytes: Limit = Limit(500)
    index_chunks_per_second: Limit = Limit(2_500, least=True)
    unchanged_milliseconds: Limit = Limit(300)
    query_milliseconds_10k: Limit = Limit(4)
    query_milliseconds_200k: Limit = Limit(25)
    postgres_index_chunks_per_second: Limit = Limit(1_500, least=True)
    postgres_query_milliseconds_10k: Limit = Limit(10)
    postgres_query_milliseconds_200k: Limit = Limit(15)
    installed_megabytes: Limit = Limit(185)
    installed_packages: Limit = Limit(45)


LIMITS = Limits()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of `values` that at least `share` of them (0 to 1) do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * 1000) * len(ordered) // 1000) - 1)]
