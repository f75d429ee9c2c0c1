"""`python -m benchmarks.retrieval [--set history --clones DIR] [--half test] [--ablation] [--package NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from benchmarks import machine
from benchmarks.retrieval import set_tables, tables
from benchmarks.retrieval.ablation import ABLATIONS
from benchmarks.retrieval.indexes import open_index
from benchmarks.retrieval.results import Asked, Results
from benchmarks.retrieval.rivals import BareTable, Ripgrep, WholeFiles
from benchmarks.retrieval.scoring import Passage
from benchmarks.retrieval.semble import Semble
from benchmarks.retrieval.sets import SETS, Choice, MissingClonesError, Sources, sources_of
from benchmarks.retrieval.systems import System, ask

MODES: Mapping[str, System] = {mode: System(mode) for mode in ("hybrid", "multi", "bm25", "vector")}
DEFAULT_WORK = Path("build/retrieval")


class Rival(Protocol):
    """What is asked the same questions."""

    def ask(self, question: str) -> list[Passage]:
        """Return its first ten results."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, index, ask and print; return 0 for any figures, 2 where what the set needs is not there."""
    options = _parse(arguments)
    systems = {**MODES, **(ABLATIONS if options.ablation else {})}
    try:
        results = asyncio.run(_measure(_sources(options), systems, options))
    except MissingClonesError as error:
        print(error, file=sys.stderr)
        return 2
    if options.answers:
        results.write(options.answers)
    print(machine.line({**machine.describe(), "postgres": "SQLite"}))
    print(f"{len(results.indexes)} packages ({options.half} half), {results.questions} questions of {options.set}")
    print(f"not asked, because not installed: {', '.join(_absent(options)) or 'none'}\n")
    if options.set == "questions":
        print(tables.everything(results, systems if options.ablation else {}))
    else:
        print(set_tables.by_half(results))
    return 0


def _sources(options: argparse.Namespace) -> Iterator[Sources]:
    choice = Choice(options.half, tuple(options.package or ()))
    return sources_of(options.set, choice, options.work.resolve(), options.clones)


async def _measure(
    all_sources: Iterator[Sources], systems: Mapping[str, System], options: argparse.Namespace
) -> Results:
    results = Results()
    for sources in all_sources:
        if not sources.questions:
            continue
        print(f"{sources.corpus.name} …", file=sys.stderr, flush=True)
        database = options.work.resolve() / "indexes" / sources.root.name / "index.db"
        database.parent.mkdir(parents=True, exist_ok=True)
        async with open_index(sources.root, database, fresh=options.fresh) as index:
            chunks = (await index.store.read(lambda view: view.search.statistics())).chunks
            results.indexed(sources.corpus, chunks, index.seconds)
            for name, system in systems.items():
                service = system.over(index)
                await ask(service, system, sources.questions[0].text)  # what is loaded once is not counted
                for question in sources.questions:
                    passages, milliseconds = await ask(service, system, question.text)
                    results.add(Asked(name, question, passages, milliseconds))
        _ask_rivals(results, sources, database, options.semble)
    return results


def _ask_rivals(results: Results, sources: Sources, database: Path, semble: Path | None) -> None:
    with ExitStack() as stack:
        bare, files = BareTable(database), WholeFiles(database, sources.root)
        stack.callback(bare.close)
        stack.callback(files.close)
        rivals: dict[str, Rival] = {"fts5": bare, "files": files}
        if Ripgrep.is_installed():
            rivals["ripgrep"] = Ripgrep(sources.root)
        if semble:
            rivals["semble"] = lexical = Semble(semble, sources.root)
            stack.callback(lexical.close)
        for name, rival in rivals.items():
            for question in sources.questions:
                results.add(Asked(name, question, rival.ask(question.text), 0.0))


def _absent(options: argparse.Namespace) -> list[str]:
    semble = [] if options.semble else ["semble (--semble PYTHON)"]
    return semble if Ripgrep.is_installed() else ["ripgrep", *semble]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval", description="How good the answers are.")
    parser.add_argument("--set", choices=SETS, default="questions", help="(%(default)s)")
    parser.add_argument("--clones", type=Path, metavar="DIR", help="local clones of the projects in history.toml")
    parser.add_argument("--half", choices=("development", "test", "both"), default="test", help="(%(default)s)")
    parser.add_argument("--package", action="append", metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--semble", type=Path, metavar="PYTHON", help="an interpreter that has semble 0.7 installed")
    parser.add_argument("--ablation", action="store_true", help="also without each part")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="write every answer there, as lines of JSON")
    parser.add_argument("--fresh", action="store_true", help="index again")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, metavar="DIR", help="(%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
