"""docs/security.md names the test that proves each line; what it names is there."""

from __future__ import annotations

import re

from support.claude import ROOT


def test_what_is_said_to_prove_a_line_is_there() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+test_\w+\.py)`", text))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / "tests" / name).is_file()] == []
    rows = [line for line in text.splitlines() if line.startswith("| ") and "what is protected" not in line]
    assert [row for row in rows if "test_" not in row and not row.startswith("|---")] == []
