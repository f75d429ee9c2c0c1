"""Counters of this process, in Prometheus' text format."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Histogram:
    """Counts of observations at or below each of BUCKETS (seconds), and their sum."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds


class Metrics:
    """What this process has done since it started."""

    def __init__(self) -> None:
        self._queries: defaultdict[str, Histogram] = defaultdict(Histogram)
        self._requests: Counter[tuple[str, int]] = Counter()
        self._counters: Counter[str] = Counter()

    def observe_query(self, mode: str, seconds: float) -> None:
        """Count one answered query."""
        self._queries[mode].observe(seconds)

    def count_request(self, method: str, status: int) -> None:
        """Count one HTTP response. A client chooses the method, so those that HTTP does not know count as one."""
        self._requests[(method if method in METHODS else "other", status)] += 1

    def add(self, name: str, amount: int = 1) -> None:
        """Raise the counter `name`, which ends in `_total`."""
        self._counters[name] += amount

    def render(self, gauges: Mapping[str, float]) -> str:
        """Return the text that `/metrics` answers."""
        return "\n".join(self._lines(gauges)) + "\n"

    def _lines(self, gauges: Mapping[str, float]) -> Iterator[str]:
        yield "# TYPE agent_brain_http_requests_total counter"
        for (method, status), count in sorted(self._requests.items()):
            yield f'agent_brain_http_requests_total{{method="{method}",status="{status}"}} {count}'
        for name, count in sorted(self._counters.items()):
            yield f"# TYPE agent_brain_{name} counter"
            yield f"agent_brain_{name} {count}"
        for name, value in sorted(gauges.items()):
            yield f"# TYPE agent_brain_{name} gauge"
            yield f"agent_brain_{name} {_number(value)}"
        yield "# TYPE agent_brain_query_seconds histogram"
        for mode, histogram in sorted(self._queries.items()):
            yield from _histogram_lines(mode, histogram)


def _number(value: float) -> str:
    """Return a gauge's value with all its digits."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _histogram_lines(mode: str, histogram: Histogram) -> Iterator[str]:
    seen = 0
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), histogram.counts, strict=True):
        seen += count
        yield f'agent_brain_query_seconds_bucket{{mode="{mode}",le="{bound}"}} {seen}'
    yield f'agent_brain_query_seconds_sum{{mode="{mode}"}} {histogram.total:.6f}'
    yield f'agent_brain_query_seconds_count{{mode="{mode}"}} {seen}'
