"""Projects that setup has been through."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_brain_wizard.facts.probe import Facts
from agent_brain_wizard.plan.plan import make_plan
from unit.wizard.plans import ANSWERS, CHOSEN, CHOSEN_CONTAINER, CONTAINER, NOTHING, after


@pytest.fixture
def done(tmp_path: Path) -> Facts:
    return after(NOTHING, make_plan(NOTHING, ANSWERS, CHOSEN), tmp_path)


@pytest.fixture
def contained(tmp_path: Path) -> Facts:
    return after(NOTHING, make_plan(NOTHING, CONTAINER, CHOSEN_CONTAINER), tmp_path)
