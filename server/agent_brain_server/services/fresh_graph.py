"""Answers of the code graph that say which of their files have changed since they were indexed, or are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from agent_brain_server.retrieval.graph_question import Relation
from agent_brain_server.services.freshness import Freshness, Sight
from agent_brain_server.services.graph import GraphAnswer, GraphService
from agent_brain_server.services.refresh import Refresher
from agent_brain_server.storage.protocol import ReadStore


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
        graph: GraphService,
        freshness: Freshness,
        refresher: Refresher,
        notice: Callable[[Collection[str]], str],
    ) -> None:
        self._store = store
        self._graph = graph
        self._freshness = freshness
        self._refresher = refresher
        self._notice = notice

    async def ask(self, relation: Relation, symbol: str, depth: int) -> CheckedAnswer:
        """What stands in `relation` to `symbol`, as `GraphService.ask` says it, and which files of it have changed."""
        answer = await self._graph.ask(relation, symbol, depth)
        stale = await self._changed(answer)
        gone = moved = await self._freshness.gone(stale) if stale else frozenset()
        if stale and await self._refresher.refresh(stale):
            answer = await self._graph.ask(relation, symbol, depth)
            stale = await self._changed(answer)
            gone = await self._freshness.gone(stale) if stale else frozenset()
        return CheckedAnswer(answer, stale, gone, self._notice(moved))

    async def _changed(self, answer: GraphAnswer) -> dict[str, Sight]:
        paths = {found.path for found in answer.definitions}
        for node in answer.nodes:
            paths |= {node.edge.path, node.edge.target.path}
        return await self._freshness.changed((await self._store.find_files(paths)).values()) if paths else {}
