"""Lets these scripts import `agent_brain_contract`, which all programs share and which needs no other package."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "server_client"))
