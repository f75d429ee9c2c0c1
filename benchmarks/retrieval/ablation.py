"""What each part of a search is worth: the same questions without it."""

from __future__ import annotations

from collections.abc import Mapping

from agent_brain_server.retrieval.ranking import steps
from benchmarks.retrieval.systems import System, without

ABLATIONS: Mapping[str, System] = {
    **{f"without {step}": without(step) for step in steps.STEPS},
    "without any step": System(steps={}),
    "without embedding": System(embedded=False),
}
