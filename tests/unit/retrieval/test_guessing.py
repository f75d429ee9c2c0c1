"""Where neither scope nor import decides, a receiver's name may."""

from __future__ import annotations

import pytest

from agent_brain_server.domain.code_graph import Definition, LocatedDefinition
from agent_brain_server.retrieval.code_graph.guessing import MOST_POSSIBLE, guess, is_abbreviation, parent


def methods(symbols: str) -> list[LocatedDefinition]:
    """Return one in each file, `0.py` and so on."""
    return [
        LocatedDefinition(f"{at}.py", "python", Definition(symbol, "method", 1, 2, ""))
        for at, symbol in enumerate(symbols.split())
    ]


def guessed(symbols: str, receiver: str) -> tuple[str, str]:
    resolved = guess(methods(symbols), receiver)
    return resolved.certainty, " ".join(candidate.definition.symbol for candidate in resolved.definitions)


@pytest.mark.parametrize(
    "receiver",
    [
        "retryPolicy",
        "retry_policy",
        "_retry_policy",
        "@retry_policy",
        "$retryPolicy",
        "RetryPolicy",
        "policy",
        "policies",
        "defaultRetryPolicy",
        "rp",
        "retry",
    ],
)
def test_a_receiver_tells_its_type(receiver: str) -> None:
    assert guessed("RetryPolicy.delay Connection.delay", receiver) == ("likely", "RetryPolicy.delay")


@pytest.mark.parametrize("receiver", ["x", "item", "conn2", "policyholder"])
def test_a_receiver_that_says_nothing_leaves_all_possible(receiver: str) -> None:
    symbols = "RetryPolicy.delay Connection.delay"
    assert guessed(symbols, receiver) == ("possible", symbols)


def test_the_only_method_of_a_name_is_likely() -> None:
    assert guessed("RetryPolicy.next_delay", "x") == ("likely", "RetryPolicy.next_delay")


@pytest.mark.parametrize("name", ["get", "append", "toString", "close"])
def test_a_name_that_everything_has_needs_a_receiver_that_tells(name: str) -> None:
    assert guessed(f"Registry.{name}", "x") == ("possible", f"Registry.{name}")
    assert guessed(f"Registry.{name}", "registry") == ("likely", f"Registry.{name}")


@pytest.mark.parametrize(
    "symbols",
    ["IPool.drain Pool.drain", "Pool.drain PoolImpl.drain", "AbstractPool.drain Pool.drain DefaultPool.drain"],
)
def test_an_interface_and_its_implementation_are_one(symbols: str) -> None:
    assert guessed(symbols, "x") == ("likely", symbols)
    assert guessed(f"{symbols} Queue.drain", "pool") == ("likely", symbols)


def test_an_acronym_keeps_its_letters() -> None:
    assert guessed("APIClient.drain Queue.drain", "restApiClient") == ("likely", "APIClient.drain")


def test_a_name_without_its_alike_parts_is_no_overload() -> None:
    assert guessed("Item.drain Metem.drain", "x")[0] == "possible"


def test_functions_of_one_name_in_two_files_are_only_possible() -> None:
    assert guessed("drain drain", "") == ("possible", "drain drain")


def test_too_many_possible_ones_are_none() -> None:
    symbols = [f"Type{chr(65 + at)}.drain" for at in range(MOST_POSSIBLE + 1)]
    assert guessed(" ".join(symbols[:-1]), "x") == ("possible", " ".join(symbols[:-1]))
    assert guessed(" ".join(symbols), "x") == ("possible", "")


def test_nothing_is_guessed_of_nothing() -> None:
    assert guessed("", "pool")[1] == ""


@pytest.mark.parametrize(
    ("short", "name", "expected"),
    [
        ("s", "Store", True),
        ("cfg", "Config", False),
        ("conn", "Connection", True),
        ("rp", "RetryPolicy", True),
        ("_conn", "Connection", True),
        ("RP", "RetryPolicy", True),
        ("p", "RetryPolicy", False),
        ("", "Store", False),
        ("_", "Store", False),
        ("s", "", False),
    ],
)
def test_abbreviations(short: str, name: str, *, expected: bool) -> None:
    assert is_abbreviation(short, name) is expected


@pytest.mark.parametrize(("symbol", "expected"), [("app.Pool.take", "app.Pool"), ("take", "")])
def test_the_parent_of_a_definition(symbol: str, expected: str) -> None:
    assert parent(methods(symbol)[0]) == expected
