"""The product's own search over one index, as it is and with parts of it taken out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_brain_server.domain.hits import Filters
from agent_brain_server.embedding.disabled import DisabledEmbedder
from agent_brain_server.embedding.protocol import Embedder
from agent_brain_server.indexing.workers.pool import Workers
from agent_brain_server.retrieval.packing.pack import count_tokens
from agent_brain_server.retrieval.ranking import steps
from agent_brain_server.services.answering.freshness import Freshness
from agent_brain_server.services.answering.refresh import Refresher
from agent_brain_server.services.answering.search_pass import Question
from agent_brain_server.services.answering.search_service import SearchService
from agent_brain_server.services.background import Background
from agent_brain_server.services.indexing.context import JobContext
from agent_brain_server.services.indexing.job_runner import JobRunner
from agent_brain_server.services.metrics import Metrics
from benchmarks.retrieval.indexes import Index, folders_of
from benchmarks.retrieval.questions import Span
from benchmarks.retrieval.scoring import DEPTH, Passage


@dataclass(frozen=True, slots=True)
class System:
    """A way to search: a mode, the ranking steps, and whether questions are embedded."""

    mode: str = "hybrid"
    steps: Mapping[str, steps.Step] = field(default_factory=lambda: steps.STEPS)
    embedded: bool = True

    def over(self, index: Index) -> SearchService:
        """Return the product's search service over this index."""
        embedder: Embedder = index.embedder if self.embedded else DisabledEmbedder()
        metrics = Metrics()
        context = JobContext(index.store, embedder, Workers(), folders_of(index.store, index.root))
        refresher = Refresher(index.store.jobs, JobRunner(context, metrics), index.root, Background())
        freshness = Freshness(index.root)
        return SearchService(index.store, embedder, freshness, refresher, metrics, steps=self.steps)


async def ask(service: SearchService, system: System, question: str) -> tuple[list[Passage], float]:
    """Return the first ten passages, and the milliseconds that they took."""
    started = time.perf_counter()
    answers = await service.search(Question(question, system.mode, DEPTH, Filters(), None))
    elapsed = (time.perf_counter() - started) * 1e3
    chunks = [answer.chunk for answer in answers.results]
    return [Passage(Span(c.path, c.start_line, c.end_line), count_tokens(c.text)) for c in chunks], elapsed


def without(step: str) -> System:
    """Return hybrid search without one ranking step."""
    return System(steps={name: kept for name, kept in steps.STEPS.items() if name != step})
