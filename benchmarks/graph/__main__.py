"""`python -m benchmarks.graph [--work DIR] [--list]`: precision and recall of the calls that the graph gives."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from agent_brain_server.services.graph import Edge, GraphService
from benchmarks.graph.sites import LANGUAGES, Sample, Site, read_sites
from benchmarks.retrieval.indexes import open_index
from benchmarks.retrieval.packages import read_packages, unpacked

DEFAULT_WORK = Path("build/retrieval")


@dataclass(frozen=True, slots=True)
class Judged:
    """A site with what the graph says of it: `claimed` edges are sure or likely, `possible` ones share a name alone."""

    site: Site
    claimed: tuple[Edge, ...]
    possible: tuple[Edge, ...]

    @property
    def is_right(self) -> bool:
        """Whether a claimed edge leads to a right definition."""
        return _meets(self.site, self.claimed)

    def __str__(self) -> str:
        said = ", ".join(f"{e.target.path}:{e.target.definition.symbol} ({e.certainty})" for e in self.claimed)
        wanted = " | ".join(f"{t.path}:{t.line} {t.symbol}" for t in self.site.targets) or "external"
        return f"{self.site.path}:{self.site.line} {self.site.name} -> {said or 'nothing'}; by reading: {wanted}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both samples by language; the exit status is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph", description="How right the code graph is.")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, metavar="DIR", help="(%(default)s)")
    parser.add_argument("--list", action="store_true", help="also list the sites where it is wrong or silent")
    options = parser.parse_args(arguments)
    samples: tuple[Sample, ...] = ("seen", "unseen")
    for sample in samples:
        judged = asyncio.run(_judge(read_sites(sample), options.work.resolve()))
        print(f"{sample}: {len(judged)} call sites\n{_table(judged)}\n")
        if options.list:
            print(
                "\n".join(
                    str(one)
                    for one in judged
                    if one.is_right != bool(one.site.targets) or one.claimed and not one.is_right
                )
            )
    return 0


async def _judge(sites: Sequence[Site], work: Path) -> list[Judged]:
    packages = {package.name: package for package in read_packages()}
    judged: list[Judged] = []
    for name, held in groupby(sites, key=lambda site: site.package):
        root = unpacked(packages[name], work).resolve()
        database = work / "indexes" / name / "index.db"
        database.parent.mkdir(parents=True, exist_ok=True)
        async with open_index(root, database, fresh=False) as index:
            graph = GraphService(index.store)
            judged += [await _ask(graph, site) for site in held]
    return judged


async def _ask(graph: GraphService, site: Site) -> Judged:
    edges = [edge for edge in await graph.calls_at(site.path, site.line) if edge.target.definition.name == site.name]
    claimed = tuple(edge for edge in edges if edge.certainty != "possible")
    return Judged(site, claimed, tuple(edge for edge in edges if edge.certainty == "possible"))


def _meets(site: Site, edges: Sequence[Edge]) -> bool:
    return any(target.is_met_by(edge.target) for edge in edges for target in site.targets)


def _table(judged: Sequence[Judged]) -> str:
    heads = "| language | sites | of them in the project | edges claimed | right | precision | recall | recall with possible |"
    rows = [_row(language, [one for one in judged if one.site.language == language]) for language in LANGUAGES]
    return "\n".join([heads, "|---" * 8 + "|", *rows, _row("all", judged)])


def _row(title: str, judged: Sequence[Judged]) -> str:
    inside = [one for one in judged if one.site.targets]
    claimed = [one for one in judged if one.claimed]
    right = sum(one.is_right for one in judged)
    reached = sum(one.is_right or _meets(one.site, one.possible) for one in inside)
    shares = [right / len(claimed) if claimed else 0.0, right / len(inside), reached / len(inside)]
    cells = [title, len(judged), len(inside), len(claimed), right, *(f"{share:.3f}" for share in shares)]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
