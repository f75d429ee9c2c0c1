"""Why a passage has its rank, in words."""

from __future__ import annotations

from agent_brain_server.domain.content import Chunk
from agent_brain_server.domain.hits import StageTrace
from agent_brain_server.retrieval.ranking.roles import role_of_text

_RAISED = {
    "coverage": "holds the question's words",
    "definition": "defines a name that was asked for",
    "named": "is named by the question's words",
    "path": "is in the file that was named",
    "coherence": "more of its file was found",
}
_LOWERED = {"whole": "is very short or has no name", "repetition": "a better passage of its file is ranked higher"}
_LEAST_CHANGE = 0.05


def reason(trace: StageTrace, chunk: Chunk) -> str:
    """Say what found the passage, then what raised and what lowered it, the strongest first."""
    found = [f"{retriever} #{rank}" for retriever, rank in trace.ranks.items()]
    factors = {step: trace.scores[step] for step in trace.scores if step not in trace.ranks}
    strongest = sorted(factors, key=lambda step: -abs(factors[step] - 1))
    changes = [_word(step, factors[step], chunk) for step in strongest if abs(factors[step] - 1) >= _LEAST_CHANGE]
    return " · ".join([*found, *filter(None, changes)])


def _word(step: str, factor: float, chunk: Chunk) -> str:
    words = (_RAISED if factor > 1 else _LOWERED).get(step, "")
    if step == "role":
        words = f"is {role_of_text(chunk.path, chunk.text)} text"
    return f"{words} (x{factor:.2f})" if words else ""
