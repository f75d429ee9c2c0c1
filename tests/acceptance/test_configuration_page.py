"""docs/configuration.md is what its generator makes of the settings model."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_as_the_model_says() -> None:
    made = runpy.run_path(str(DOCS / "make_configuration.py"))["page"]()
    assert (DOCS / "configuration.md").read_text("utf-8") == made, "run: python docs/make_configuration.py"
