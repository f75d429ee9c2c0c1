"""What `/metrics` answers."""

from __future__ import annotations

import pytest

from agent_brain_server.services.metrics import Metrics


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_234_567_890, "1234567890"),
        (1_234_567_890.0, "1234567890"),
        (True, "1"),
        (0.25, "0.25"),
        (86_400.125, "86400.125"),
    ],
)
def test_a_gauge_has_all_its_digits(value: float, text: str) -> None:
    assert f"agent_brain_index_bytes {text}\n" in Metrics().render({"index_bytes": value})
