"""Counts what a backtracking matcher does for a regular expression, so that a test need not measure time.

The expression is read by the parser of `re` and run as a program, one instruction a step, in the order in which `re`
tries it. `re` takes shortcuts, so it does at most as much.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from re import _compiler, _parser  # type: ignore[attr-defined]  # the parser has no public name
from typing import Any

_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_WITHOUT_WIDTH = ("AT", "ASSERT", "ASSERT_NOT")


class TooManyStepsError(AssertionError):
    """The budget is spent."""


@dataclass(frozen=True, slots=True)
class _Instruction:
    """`test` a character (or, without width, a place), `fork` to two places in order, or run `body` as an atom."""

    test: Callable[[str, int], bool] | None = None
    width: int = 1
    fork: tuple[int, int] | None = None
    body: list[_Instruction] | None = None


def count_steps(expression: re.Pattern[str], text: str, budget: int) -> int:
    """The steps of `expression.fullmatch(text)`. Raises TooManyStepsError beyond `budget`, AssertionError where the
    result is not that of `re`."""
    tree = _parser.parse(expression.pattern, expression.flags)
    run = _Run(text, budget)
    found = run.first(_program(tree, list(tree)), 0, whole=True)
    assert (found is not None) == (expression.fullmatch(text) is not None)
    return budget - run.left


class _Run:
    def __init__(self, text: str, budget: int) -> None:
        self.text = text
        self.left = budget

    def first(self, program: list[_Instruction], start: int, whole: bool = False) -> int | None:
        """Where the first match ends that the order of the alternatives gives."""
        untried = [(0, start)]
        while untried:
            at, place = untried.pop()
            while True:
                self.left -= 1
                if self.left < 0:
                    raise TooManyStepsError(f"{self.text[:80]!r} takes too many steps")
                if at == len(program):
                    if not whole or place == len(self.text):
                        return place
                    break
                one = program[at]
                if one.fork is not None:
                    at, later = one.fork
                    if later != at:
                        untried.append((later, place))
                elif (end := self._end(one, place)) is None:
                    break
                else:
                    at, place = at + 1, end
        return None

    def _end(self, one: _Instruction, place: int) -> int | None:
        if one.body is not None:
            return self.first(one.body, place)
        assert one.test is not None
        return place + one.width if place + one.width <= len(self.text) and one.test(self.text, place) else None


def _program(tree: Any, items: list[Any]) -> list[_Instruction]:
    program: list[_Instruction] = []
    for item in items:
        _add(program, tree, item)
    return program


def _add(program: list[_Instruction], tree: Any, item: Any) -> None:
    """Append what `item` means; jumps are places in the whole program."""
    name, value = str(item[0]), item[1]
    if name == "ATOMIC_GROUP":
        program.append(_Instruction(body=_program(tree, list(value))))
    elif name == "SUBPATTERN":
        for inner in value[3]:
            _add(program, tree, inner)
    elif name == "BRANCH":
        _add_branches(program, tree, value[1])
    elif name in _REPEATS:
        least, most, inner = value
        if name == "POSSESSIVE_REPEAT":
            body: list[_Instruction] = []
            _add_repeat(body, tree, least, most, list(inner), lazy=False)
            program.append(_Instruction(body=body))
        else:
            _add_repeat(program, tree, least, most, list(inner), lazy=name == "MIN_REPEAT")
    else:
        compiled = _compiler.compile(_parser.SubPattern(tree.state, [item]), tree.state.flags)
        width = 0 if name in _WITHOUT_WIDTH else 1
        program.append(_Instruction(test=lambda text, place: compiled.match(text, place) is not None, width=width))


def _add_repeat(program: list[_Instruction], tree: Any, least: int, most: Any, inner: list[Any], lazy: bool) -> None:
    for _ in range(least):
        for item in inner:
            _add(program, tree, item)
    endless = most is _parser.MAXREPEAT
    forks = []
    for _ in range(1 if endless else most - least):
        forks.append(len(program))
        program.append(_Instruction(fork=(0, 0)))
        for item in inner:
            _add(program, tree, item)
    if endless:
        program.append(_Instruction(fork=(forks[0], forks[0])))
    for place in forks:
        into, past = place + 1, len(program)
        program[place] = _Instruction(fork=(past, into) if lazy else (into, past))


def _add_branches(program: list[_Instruction], tree: Any, branches: list[Any]) -> None:
    jumps = []
    for branch in branches[:-1]:
        fork = len(program)
        program.append(_Instruction(fork=(0, 0)))
        for item in branch:
            _add(program, tree, item)
        jumps.append(len(program))
        program.append(_Instruction(fork=(0, 0)))
        program[fork] = _Instruction(fork=(fork + 1, len(program)))
    for item in branches[-1]:
        _add(program, tree, item)
    for jump in jumps:
        program[jump] = _Instruction(fork=(len(program), len(program)))
