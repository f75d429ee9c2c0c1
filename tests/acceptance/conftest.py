"""An address that no acceptance test may reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.attacker import Attacker


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    """Nothing has connected to it when the test ends."""
    with Attacker() as listening:
        yield listening
        assert (listening.connections, listening.received) == (0, b"")
