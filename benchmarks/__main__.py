"""`python -m benchmarks [--only NAME …] [--quick] [--work DIR] [--json FILE] [--profile WHAT]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    database,
    indexing,
    installation,
    machine,
    memory,
    million,
    profiling,
    querying,
    report,
    startup,
    trees,
)
from benchmarks.database import DatabaseServer
from benchmarks.figures import Figure
from benchmarks.scale import Scale

MEASUREMENTS: Mapping[str, Callable[[Scale], list[Figure]]] = {
    "installed": installation.installed,
    "start": startup.start,
    "search": startup.search,
    "idle": memory.idle,
    "unchanged": indexing.unchanged,
    "cold": indexing.cold,
    "trees": trees.trees,
    "peak": memory.peak,
    "query": querying.small,
    "query-large": querying.large,
    "million": million.million,
}
LONG = ("million", "trees")  # only when asked for
IN_POSTGRES = ("start", "unchanged", "cold", "query", "query-large", "million")
PROFILES: Mapping[str, Callable[[Scale], str]] = {
    "index": profiling.profile_index,
    "query": profiling.profile_query,
    "query-large": profiling.profile_query_large,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks and return 0, also where a limit is missed: the table says so."""
    options = _parse(arguments)
    with _work_directory(options.work) as work:
        scale = Scale.quick(Path(work)) if options.quick else Scale(Path(work))
        if options.profile:
            print(PROFILES[options.profile](scale))
            return 0
        names = options.only or [name for name in MEASUREMENTS if name not in LONG]
        with _postgres(names) as (server, postgres):
            facts = {**machine.describe(), "postgres": postgres}
            print(machine.line(facts), flush=True)
            figures = _measure(names, replace(scale, postgres=server))
    print(report.table(figures))
    if not options.only:
        print("\nNot measured here, for it takes long: make bench-million")
    if options.json:
        options.json.write_text(json.dumps(report.as_json(facts, figures), indent=2) + "\n", "utf-8")
    return 0


@contextmanager
def _postgres(names: Sequence[str]) -> Iterator[tuple[DatabaseServer | None, str]]:
    """Return the server and its description, or None and the reason."""
    if set(names).isdisjoint(IN_POSTGRES):
        yield None, "no PostgreSQL: nothing asked for needs it"
        return
    try:
        database.check()
    except LookupError as error:
        yield None, str(error)
        return
    with database.running() as server:
        yield server, database.describe(server)


def _measure(names: Sequence[str], scale: Scale) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        started = time.monotonic()
        print(f"{name} …", end=" ", file=sys.stderr, flush=True)
        figures += MEASUREMENTS[name](scale)
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    return [replace(figure, limit=None) for figure in figures] if scale.is_quick else figures


def _work_directory(given: Path | None) -> nullcontext[Path] | tempfile.TemporaryDirectory[str]:
    if given is None:
        return tempfile.TemporaryDirectory(prefix="agent-brain-bench-")
    given.mkdir(parents=True, exist_ok=True)
    return nullcontext(given.resolve())


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The numbers, each with its limit.")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, no limits: do the programs run?")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep corpora and indexes here between runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every run of every figure there")
    parser.add_argument("--profile", choices=PROFILES, help="where time goes, instead of the table")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
