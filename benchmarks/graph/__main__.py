"""`python -m benchmarks.graph [--work DIR] [--list]`: precision and recall of the calls that the graph gives."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from agent_brain_server.retrieval.code_graph.guessing import Resolved
from agent_brain_server.retrieval.code_graph.resolution import asked_names, file_imports, resolve
from agent_brain_server.storage.view import View
from benchmarks.graph.sites import LANGUAGES, Sample, Site, read_sites
from benchmarks.retrieval.indexes import open_index
from benchmarks.retrieval.packages import read_packages, unpacked

DEFAULT_WORK = Path("build/retrieval")
HEADS = "| language | sites | in the project | claimed | right | precision | recall | recall with possible ones |"


@dataclass(frozen=True, slots=True)
class Judged:
    """A site with what the graph says of it."""

    site: Site
    resolved: Resolved

    @property
    def claims(self) -> bool:
        """Return whether there is an edge that is more than possible."""
        return bool(self.resolved.definitions) and self.resolved.certainty != "possible"

    @property
    def reaches(self) -> bool:
        """Return whether an edge leads to a right definition."""
        return any(target.is_met_by(found) for found in self.resolved.definitions for target in self.site.targets)

    @property
    def is_right(self) -> bool:
        """Return whether an edge is claimed where there is one, and leads to a right definition."""
        return self.claims == bool(self.site.targets) and (self.reaches or not self.claims)

    def __str__(self) -> str:
        said = ", ".join(f"{one.path}:{one.definition.symbol}" for one in self.resolved.definitions) or "nothing"
        wanted = " | ".join(f"{t.path}:{t.line} {t.symbol}" for t in self.site.targets) or "external"
        location = f"{self.site.path}:{self.site.line} {self.site.name}"
        return f"{location} -> {self.resolved.certainty} {said}; by reading: {wanted}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both samples by language; return 0 for any figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph", description="How right the code graph is.")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, metavar="DIR", help="(%(default)s)")
    parser.add_argument("--list", action="store_true", help="also list the sites where it is wrong or silent")
    options = parser.parse_args(arguments)
    samples: tuple[Sample, ...] = ("seen", "unseen")
    for sample in samples:
        judged = asyncio.run(_judge(read_sites(sample), options.work.resolve()))
        print(f"{sample}: {len(judged)} call sites\n{_table(judged)}\n")
        if options.list:
            print("\n".join(str(one) for one in judged if not one.is_right) + "\n")
    return 0


async def _judge(sites: Sequence[Site], work: Path) -> list[Judged]:
    packages = {package.name: package for package in read_packages()}
    judged: list[Judged] = []
    for name, held in groupby(sites, key=lambda site: site.package):
        root = unpacked(packages[name], work).resolve()
        database = work / "indexes" / name / "index.db"
        database.parent.mkdir(parents=True, exist_ok=True)
        async with open_index(root, database, fresh=False) as index:
            judged += [Judged(site, await index.store.read(partial(_resolved, site=site))) for site in held]
    return judged


def _resolved(view: View, site: Site) -> Resolved:
    references = view.graph.references_in({site.path})
    context = file_imports(one.reference for one in references)
    for one in references:
        reference = one.reference
        if (reference.kind, reference.line, reference.name) == ("call", site.line, site.name):
            return resolve(one, context, view.graph.definitions(asked_names(reference, context)))
    return Resolved((), "possible")


def _table(judged: Sequence[Judged]) -> str:
    rows = [_row(language, [one for one in judged if one.site.language == language]) for language in LANGUAGES]
    return "\n".join([HEADS, "|---" * 8 + "|", *rows, _row("all", judged)])


def _row(title: str, judged: Sequence[Judged]) -> str:
    inside = [one for one in judged if one.site.targets]
    claimed = [one for one in judged if one.claims]
    right = sum(one.reaches for one in claimed)
    reached = sum(one.reaches for one in inside)
    shares = [right / len(claimed) if claimed else 0.0, right / len(inside), reached / len(inside)]
    cells = [title, len(judged), len(inside), len(claimed), right, *(f"{share:.3f}" for share in shares)]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
