"""Answers of the code graph that say which of their files have changed since they were indexed, or are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from agent_brain_server.retrieval.code_graph.question import Relation
from agent_brain_server.services.answering.freshness import Freshness, Sight
from agent_brain_server.services.answering.graph_answer import GraphAnswer, answer
from agent_brain_server.services.answering.refresh import Refresher
from agent_brain_server.storage.view import ReadStore, View


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer, the paths in it of files that have changed, and those of them that are gone; see `Answers.notice`."""

    answer: GraphAnswer
    stale: Collection[str]
    gone: Collection[str]
    notice: str


class FreshGraph:
    """Has files that have changed indexed again, and asks again where that was done at once."""

    def __init__(
        self,
        store: ReadStore,
        freshness: Freshness,
        refresher: Refresher,
        notice: Callable[[Collection[str]], str],
    ) -> None:
        self._store = store
        self._freshness = freshness
        self._refresher = refresher
        self._notice = notice

    async def ask(self, relation: Relation, symbol: str, depth: int) -> CheckedAnswer:
        """Return what has `relation` to `symbol`, as `graph.answer` says it, and which files of it have changed."""

        def graph_pass(view: View) -> tuple[GraphAnswer, dict[str, Sight], frozenset[str]]:
            found = answer(view.graph, relation, symbol, depth)
            stale = _changed(view, found, self._freshness)
            return found, stale, self._freshness.gone(stale)

        found, stale, gone = await self._store.read(graph_pass)
        moved = gone
        if stale and await self._refresher.refresh(stale):
            found, stale, gone = await self._store.read(graph_pass)
        return CheckedAnswer(found, stale, gone, self._notice(moved))


def _changed(view: View, found: GraphAnswer, freshness: Freshness) -> dict[str, Sight]:
    paths = {one.path for one in found.definitions}
    for node in found.nodes:
        paths |= {node.edge.path, node.edge.target.path}
    return freshness.changed(view.search.find_files(paths).values()) if paths else {}
