"""`python -m benchmarks.retrieval [--half test] [--ablation] [--package NAME …] [--fresh] [--work DIR]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.retrieval import tables
from benchmarks.retrieval.ablation import ABLATIONS
from benchmarks.retrieval.indexes import open_index
from benchmarks.retrieval.packages import Package, read_packages, unpacked
from benchmarks.retrieval.questions import Question, read_questions
from benchmarks.retrieval.results import Asked, Results
from benchmarks.retrieval.rivals import BareTable, Ripgrep
from benchmarks.retrieval.systems import System, ask

MODES: Mapping[str, System] = {mode: System(mode) for mode in ("hybrid", "multi", "bm25", "vector")}
DEFAULT_WORK = Path("build/retrieval")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, index, ask and print; return 0 for any figures."""
    options = _parse(arguments)
    packages = [
        package
        for package in read_packages()
        if options.half in (package.half, "both") and (not options.package or package.name in options.package)
    ]
    systems = {**MODES, **(ABLATIONS if options.ablation else {})}
    results = asyncio.run(_measure(packages, systems, options.work.resolve(), options.fresh))
    print(machine.line({**machine.describe(), "postgres": "SQLite"}))
    print(f"{len(packages)} packages ({options.half} half), {results.questions} questions\n")
    print(tables.everything(results, systems if options.ablation else {}))
    return 0


async def _measure(packages: Sequence[Package], systems: Mapping[str, System], work: Path, fresh: bool) -> Results:
    results = Results()
    for package in packages:
        print(f"{package.name} …", file=sys.stderr, flush=True)
        root = unpacked(package, work).resolve()
        database = work / "indexes" / package.name / "index.db"
        database.parent.mkdir(parents=True, exist_ok=True)
        questions = read_questions([package])
        async with open_index(root, database, fresh=fresh) as index:
            results.indexed(
                package, (await index.store.read(lambda view: view.search.statistics())).chunks, index.seconds
            )
            for name, system in systems.items():
                service = system.over(index)
                await ask(service, system, questions[0].text)  # what is loaded once is not counted
                for question in questions:
                    passages, milliseconds = await ask(service, system, question.text)
                    results.add(Asked(name, question, passages, milliseconds))
        _ask_rivals(results, questions, root, database)
    return results


def _ask_rivals(results: Results, questions: Sequence[Question], root: Path, database: Path) -> None:
    bare = BareTable(database)
    rivals: dict[str, Callable[[str], list[tables.Passage]]] = {"fts5": bare.ask, "ripgrep": Ripgrep(root).ask}
    for name, rival in rivals.items():
        for question in questions:
            results.add(Asked(name, question, rival(question.text), 0.0))
    bare.close()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description="How good the answers are.")
    parser.add_argument("--half", choices=("development", "test", "both"), default="test", help="(%(default)s)")
    parser.add_argument("--package", action="append", metavar="NAME", help="only this package; may be repeated")
    parser.add_argument("--ablation", action="store_true", help="also without each part")
    parser.add_argument("--fresh", action="store_true", help="index again")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, metavar="DIR", help="(%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
