"""How symbol filters match."""

from __future__ import annotations

import pytest

from agent_brain_server.storage.symbols import last_part, symbol_matches, symbol_names


@pytest.mark.parametrize(
    ("symbol", "wanted", "expected"),
    [
        ("a.Pool.run", "run", True),
        ("a.Pool.run", "Pool.run", True),
        ("a.Pool.run", "a.Pool.run", True),
        ("a.Pool.run", "Pool::run", True),
        ("a.Pool.run", "Pool#run", True),
        ("a.Pool.run", "a/Pool#run", True),
        ("a.Pool.run", "Pool", False),
        ("a.Pool.rerun", "run", False),
        ("Usage/Install", "Usage/Install", True),
        ("", "run", False),
    ],
)
def test_symbols(symbol: str, wanted: str, *, expected: bool) -> None:
    names = symbol_names((wanted,))
    assert symbol_matches(symbol, names) is expected
    assert not expected or last_part(symbol) in {last_part(name) for name in names}
