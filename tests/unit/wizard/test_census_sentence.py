"""What the first line of setup says of a project whose files could not all be counted in the time."""

from __future__ import annotations

import pytest

from agent_brain_wizard.facts.project_stats import ProjectStats


@pytest.mark.parametrize(
    ("files", "said"),
    [(3_401, "over 3,000 files"), (999, "over 900 files"), (20_000, "over 20,000 files"), (7, "over 7 files")],
)
def test_a_count_that_is_not_complete_is_a_round_number(files: int, said: str) -> None:
    sentence = ProjectStats(files, {"Python": files - 1}, 1, complete=False).sentence()
    assert sentence == f"{said}, most of them Python"
