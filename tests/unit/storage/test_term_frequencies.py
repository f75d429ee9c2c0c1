"""Readers of several states of an index share what is known of its terms, and never mix these states up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from agent_brain_server.domain.hits import Filters
from agent_brain_server.storage.sqlite.full_text import TermFrequencies
from agent_brain_server.storage.sqlite.session import Session


class Overtaken(int):
    """The generation of a reader that is held up as soon as it has compared it; `then` runs meanwhile."""

    then: Callable[[], object]

    def __ne__(self, other: object) -> bool:
        differs = int(self) != other
        self.then()
        return differs

    def __eq__(self, other: object) -> bool:
        return not self != other

    __hash__ = int.__hash__


class State:
    """A session that sees the index after so many changes; `then` runs as soon as it has said so."""

    def __init__(self, generation: int, counts: dict[str, int], then: Callable[[], object] = lambda: None) -> None:
        self._generation = generation
        self._counts = counts
        self._then = then

    def one(self, name: str) -> tuple[int]:
        if name == "find_generation":
            self._then()
            return (self._generation,)
        return (100,)

    def run(self, name: str, term: str) -> Any:
        class Cursor:
            row = (self._counts[term],) if term in self._counts else None

            def fetchone(self) -> tuple[int] | None:
                return self.row

        return Cursor()


def test_a_reader_of_the_state_before_says_nothing_of_the_next_one() -> None:
    frequencies = TermFrequencies()

    def finding(state: State) -> tuple[str, ...]:
        return frequencies.choose(cast(Session, state), ["new"], Filters(), 10).finding

    before, after = State(1, {}), State(2, {"new": 1})
    assert finding(before) == ()
    late = State(1, {}, then=lambda: frequencies.choose(cast(Session, after), ["other"], Filters(), 10))
    assert finding(late) == ()
    assert finding(after) == ("new",)


def test_a_reader_that_is_overtaken_says_nothing_of_the_next_state() -> None:
    """It has seen that what is known is of its own state; then another reader puts that of the next one there."""
    frequencies = TermFrequencies()

    def finding(state: State, term: str) -> tuple[str, ...]:
        return frequencies.choose(cast(Session, state), [term], Filters(), 10).finding

    after = State(2, {"new": 1})
    assert finding(State(1, {}), "old") == ()
    generation = Overtaken(1)
    generation.then = lambda: finding(after, "other")
    assert finding(State(generation, {}), "new") == ()
    assert finding(after, "new") == ("new",)
